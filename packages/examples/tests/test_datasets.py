"""Whole files are read; damaged, foreign or dangerous ones are refused with their name. Real ones are from BYHAND_DATA."""

import gzip
import io
import os
import pickle
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest
from byhand.examples.datasets import (
    breast_cancer,
    cifar10,
    cifar100,
    diabetes,
    digits,
    fashion_mnist,
    gpt2_vocabulary,
    iris,
    mnist,
    names,
    rt_polarity,
    shakespeare,
    wine,
)  # fmt: skip
from byhand.examples.datasets.cifar import read_members
from byhand.examples.datasets.errors import DataError
from byhand.examples.datasets.idx import read_idx
from byhand.examples.datasets.pickles import read_pickle

DATA = Path(os.environ.get("BYHAND_DATA", "nowhere"))
real = pytest.mark.skipif(not DATA.is_dir(), reason="BYHAND_DATA names no folder with the real files")
SUBSET10 = DATA / "cifar-10" / "cifar-10-python-subset.tar.gz"
SUBSET100 = DATA / "cifar-100" / "cifar-100-python-subset.tar.gz"


# ---- IDX ----

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
IDX = bytes([0, 0, 8, 3]) + struct.pack(">3I", 2, 3, 4) + IMAGES.tobytes()


def test_idx_is_read_as_the_format_says(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(IDX, mtime=0))
    np.testing.assert_array_equal(read_idx(path, 3), IMAGES)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gzip.compress(IDX, mtime=0)[:-12], "not a whole gzip file"),
        (gzip.compress(IDX, mtime=0)[:5], "not a whole gzip file"),
        (gzip.compress(IDX, mtime=0)[:-5] + b"\0" * 5, "not a whole gzip file"),
        (b"PK\3\4 a zip", "not a whole gzip file"),
        (IDX, "not a whole gzip file"),
        (gzip.compress(b"", mtime=0), "begins with 00 00 08 03, not nothing"),
        (gzip.compress(b"<html>404</html>", mtime=0), "begins with 00 00 08 03, not 3c 68 74 6d"),
        (gzip.compress(IDX[:3] + b"\1" + IDX[4:], mtime=0), "begins with 00 00 08 03, not 00 00 08 01"),
        (gzip.compress(IDX[:-1], mtime=0), "promises 2 × 3 × 4 bytes, and less follow"),
        (gzip.compress(IDX + b"\0", mtime=0), "promises 2 × 3 × 4 bytes, and more follow"),
    ],
)  # fmt: skip
def test_idx_that_is_damaged_or_foreign_is_refused(tmp_path, content, message):
    path = tmp_path / "a.gz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as refused:
        read_idx(path, 3)
    assert str(path) in refused.value.message


# ---- pickles ----


def batch(n=3, labels=None, **more):
    pixels = np.random.default_rng(0).integers(0, 256, (n, 3072), dtype=np.uint8)
    return {"data": pixels, "labels": list(range(n)) if labels is None else labels, **more}


def cifar_archive(path, **members):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize("protocol", [3, 4])  # 2, as Python 2 wrote it, is that of the real files; see below
def test_the_types_that_the_files_need_are_read(protocol):
    given = batch(filenames=["a.png"], batch_label=b"training batch 1 of 5", rows=7)
    found = read_pickle(pickle.dumps(given, protocol), "a")
    np.testing.assert_array_equal(found.pop("data"), given.pop("data"))
    assert found == given


def test_arrays_whose_columns_come_first():
    given = np.asfortranarray(np.arange(6, dtype=np.uint8).reshape(2, 3))
    np.testing.assert_array_equal(read_pickle(pickle.dumps({"data": given}, 3), "a")["data"], given)


class Runs:
    """Pickles as a call of whatever it is given."""

    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    "call",
    [
        (os.system, ("touch {}",)),
        (eval, ("open('{}', 'w')",)),
        (exec, ("open('{}', 'w')",)),
        (open, ("{}", "w")),
        (np.save, ("{}", 0)),
        (np.memmap, ("{}", "u1", "w+", 0, (1,))),
        (getattr, (os, "system")),
        (np.array, ([1],)),
        (bytearray, (b"x",)),
    ],
    ids=lambda call: call[0].__name__,
)
def test_a_pickle_that_would_run_code_runs_none(tmp_path, call):
    function, arguments = call
    marker = tmp_path / "ran"
    arguments = tuple(one.format(marker) if isinstance(one, str) else one for one in arguments)
    if os in arguments:
        arguments = ("no module can be pickled", "system")
    for content in ({"data": Runs(function, arguments)}, {"data": [Runs(function, arguments)]}, Runs(function, arguments)):
        with pytest.raises(DataError, match=r"a\.pkl: the pickle asks for .*which could run code; nothing was run"):
            read_pickle(pickle.dumps(content, 2), "a.pkl")
    assert not marker.exists()


def test_the_names_it_knows_do_nothing_either():
    attacks = [
        b"cnumpy\ndtype\n(S'O8'\ntR.",  # an array of objects cannot come about
        b"cnumpy\nndarray\n(I1000000000\nI1000000000\ntR.",  # nor a huge one
        b"cnumpy.core.multiarray\n_reconstruct\n}S'__init__'\nI0\nsb.",  # nor a changed class
        b"cnumpy\n_reconstruct.__init__.__globals__\n.",
    ]
    for attack in attacks:
        with pytest.raises(DataError):
            read_pickle(attack, "a")
    assert read_pickle(pickle.dumps(batch(), 3), "a")["labels"] == [0, 1, 2]


def test_an_array_of_other_numbers_or_of_objects_is_refused():
    for array in (np.zeros(3), np.array([Ellipsis, None])):
        with pytest.raises(DataError):
            read_pickle(pickle.dumps({"data": array}, 3), "a")


def test_a_pickle_cut_short_anywhere_is_refused():
    whole = pickle.dumps(batch(1), 3)
    for end in [*range(0, 300, 7), *range(300, len(whole), 97), len(whole) - 1]:
        with pytest.raises(DataError, match="a: "):
            read_pickle(whole[:end], "a")


# ---- CIFAR's archives ----


def test_batches_come_in_their_order(tmp_path):
    batches = {f"data_batch_{i}": pickle.dumps(batch(2, [i, i + 1]), 3) for i in range(1, 6)}
    found = cifar10.load("train", archive=cifar_archive(tmp_path / "mine.tar.gz", **batches))
    assert found.images.shape == (10, 3, 32, 32)
    assert found.labels.tolist() == [1, 2, 2, 3, 3, 4, 4, 5, 5, 6]
    np.testing.assert_array_equal(found.images[0].ravel(), batch()["data"][0])


def test_a_folder_with_the_unpacked_batches(tmp_path):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    (folder / "test_batch").write_bytes(pickle.dumps(batch(), 3))
    for archive in (folder, tmp_path):
        assert len(cifar10.load("test", archive=archive).images) == 3
    with pytest.raises(DataError, match="holds no cifar-10-batches-py/data_batch_1"):
        cifar10.load("train", archive=tmp_path)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"other": b""}, "cifar-10-batches-py/test_batch.* not found.* something else"),
        ({"test_batch": b"nonsense"}, "test_batch: "),
        ({"test_batch": pickle.dumps({"labels": [1]})}, "3072 bytes an image"),
        ({"test_batch": pickle.dumps(batch(3, [1, 2]), 3)}, "3 images, but 2 classes"),
        ({"test_batch": pickle.dumps(batch(2, [1, "2"]), 3)}, "not all of these whole numbers"),
        ({"test_batch": pickle.dumps({"labels": Runs(os.system, ("exit 1",))})}, "could run code"),
    ],
)  # fmt: skip
def test_foreign_archives_are_refused(tmp_path, members, message):
    path = cifar_archive(tmp_path / "mine.tar.gz", **members)
    with pytest.raises(DataError, match=message) as refused:
        cifar10.load("test", archive=path)
    assert "mine.tar.gz" in refused.value.message


@pytest.mark.parametrize("end", [0, 10, 1000, -20])
def test_archives_cut_short_are_refused(tmp_path, end):
    path = cifar_archive(tmp_path / "mine.tar.gz", test_batch=pickle.dumps(batch(20), 3))
    path.write_bytes(path.read_bytes()[:end])
    with pytest.raises(DataError, match=r"mine\.tar\.gz"):
        cifar10.load("test", archive=path)


def test_an_archive_that_is_not_the_official_one_must_be_asked_for(tmp_path):
    cifar_archive(tmp_path / "cifar-10-python.tar.gz", test_batch=pickle.dumps(batch(), 3))
    with pytest.raises(DataError, match="c58f30108f718f92721af3b95e74349a"):
        cifar10.load("test", tmp_path)
    assert len(cifar10.load("test", archive=tmp_path / "cifar-10-python.tar.gz").labels) == 3
    with pytest.raises(DataError, match="no such archive"):
        cifar10.load("test", archive=tmp_path / "none")


# ---- the real files ----


@real
@pytest.mark.parametrize(("module", "first"), [(mnist, [7, 2, 1, 0]), (fashion_mnist, [9, 2, 1, 1])])
def test_the_sets_of_grey_images(module, first):
    found = module.load("test", DATA)
    assert (found.images.shape, found.images.dtype) == ((10_000, 28, 28), np.uint8)
    assert found.labels[:4].tolist() == first
    assert np.bincount(found.labels).min() > 890
    assert len(module.CLASSES) == 10


@real
def test_the_lossless_part_of_cifar():
    found = cifar10.load("test", archive=SUBSET10)
    assert (found.images.shape, found.labels[:4].tolist()) == ((1000, 3, 32, 32), [3, 8, 8, 0])
    assert cifar100.load("train", archive=SUBSET100).labels[:2].tolist() == [19, 29]
    assert max(cifar100.load("test", archive=SUBSET100, labels="coarse").labels) < 20
    (meta,) = read_members(SUBSET100, ["cifar-100-python/meta"])
    assert (*cifar100.CLASSES,) == (*meta["fine_label_names"],)
    assert (*cifar100.GROUPS,) == (*meta["coarse_label_names"],)
    with pytest.raises(DataError, match=r"there is no cifar-10-python\.tar\.gz"):
        cifar10.load("test", DATA)


@real
def test_the_texts():
    assert (len(names.load(DATA)), names.load(DATA)[0]) == (32_033, "emma")
    text = shakespeare.load(DATA)
    assert (len(text), len(set(text)), text[:14]) == (1_115_394, 65, "First Citizen:")
    reviews = rt_polarity.load(DATA)
    assert (len(reviews.positive), len(reviews.negative)) == (5331, 5331)
    assert any("é" in sentence for sentence in reviews.positive)
    vocabulary = gpt2_vocabulary.load(DATA)
    assert (len(vocabulary.numbers), vocabulary.numbers["<|endoftext|>"]) == (50_257, 50_256)
    assert (len(vocabulary.merges), vocabulary.merges[0]) == (50_000, ("Ġ", "t"))


@real
def test_the_reviews_in_their_archive(tmp_path, monkeypatch):
    path = tmp_path / "rt-polaritydata.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in rt_polarity.UNPACKED:
            archive.add(DATA / "text" / name, f"rt-polaritydata/{name}")
    with pytest.raises(DataError, match="a05befe52aafda71"):
        rt_polarity.load(tmp_path)
    monkeypatch.setattr("byhand.examples.datasets.download._matches", lambda *_: True)
    assert rt_polarity.load(tmp_path) == rt_polarity.load(DATA)


@real
def test_a_tampered_text_is_refused(tmp_path):
    content = (DATA / "text" / "rt-polarity.pos").read_bytes()
    (tmp_path / "rt-polarity.pos").write_bytes(content.replace(b"good", b"evil", 1))
    (tmp_path / "rt-polarity.neg").write_bytes((DATA / "text" / "rt-polarity.neg").read_bytes())
    with pytest.raises(DataError, match=r"rt-polarity\.pos: not the file"):
        rt_polarity.load(tmp_path)


@pytest.mark.parametrize(
    ("module", "shape", "classes"),
    [
        (breast_cancer, (569, 30), 2), (iris, (150, 4), 3), (wine, (178, 13), 3), (digits, (1797, 64), 10),
        (diabetes, (442, 10), 0),
    ],
)
def test_the_bundled_tables(module, shape, classes):
    table = module.load()
    assert (table.inputs.shape, len(table.targets), len(table.features)) == (shape, shape[0], shape[1])
    assert len(table.classes) == classes
    assert all(isinstance(name, str) for name in table.features + table.classes)
    if classes:
        assert np.unique(table.targets).tolist() == list(range(classes))


def test_malignant_is_one_and_the_progression_is_not_scaled():
    assert breast_cancer.load().targets.sum() == 212
    assert diabetes.load().targets.mean() == pytest.approx(152.13, abs=0.01)
    assert diabetes.load().inputs[:, 0].max() > 70  # years
