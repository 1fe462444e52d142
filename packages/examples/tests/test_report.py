"""Figures, and the pictures that show them."""

import sys

import numpy as np
import pytest
from byhand.examples import plots
from byhand.examples.metrics import BinaryReport, accuracy, confusion_matrix, confusion_table, r_squared
from byhand.examples.plots import save_report
from byhand.tensor import tensor
from PIL import Image
from rich.console import Console

TRUTH = np.array([0, 0, 0, 1, 1, 1, 1, 0], dtype=np.float32)
LOGITS = np.array([-2, -1, 0.5, 3, 1, -0.5, 2, -3], dtype=np.float32)


@pytest.fixture
def report():
    return BinaryReport.of(TRUTH, LOGITS, ("no", "yes"))


def test_counts(report):
    np.testing.assert_array_equal(report.confusion, [[3, 1], [1, 3]])
    assert (report.accuracy, report.precision, report.recall) == (6 / 8, 3 / 4, 3 / 4)
    pairs = [(p > n) for p in LOGITS[TRUTH == 1] for n in LOGITS[TRUTH == 0]]
    assert report.area == pytest.approx(np.mean(pairs))


def test_nothing_answered_positive():
    report = BinaryReport.of(TRUTH, np.full(8, -1.0, dtype=np.float32), ("no", "yes"))
    assert (report.precision, report.recall, report.area) == (0, 0, 0.5)


def test_tables_show_every_figure(report):
    console = Console(width=100, record=True, file=sys.stderr)
    console.print(*report.tables())
    text = console.export_text()
    for shown in ("accuracy", "75.00%", "area under roc", "→ yes"):
        assert shown in text


def test_the_picture_is_a_picture(tmp_path, report):
    history = [
        {"epoch": i, "loss": 1 / i, "validation_loss": 1 / i + 0.1 * (i > 2), "validation_accuracy": 0.9} for i in (1, 2, 3)
    ]
    loaded = "matplotlib.pyplot" in sys.modules
    save_report(tmp_path / "report.png", "Title", history, report)
    assert ("matplotlib.pyplot" in sys.modules) == loaded
    with Image.open(tmp_path / "report.png") as picture:
        assert picture.size[0] > 1000
        assert len(picture.convert("RGB").getcolors(2**24)) > 50


HISTORY = [{"epoch": i, "loss": 1 / i, "validation_loss": 0.1 + 1 / i, "validation_accuracy": 0.9} for i in (1, 2, 3)]


def test_counts_of_many_classes():
    truth, answers = np.array([0, 1, 2, 2, 2]), np.array([0, 2, 2, 1, 2])
    found = confusion_matrix(truth, answers, 4)
    np.testing.assert_array_equal(found, [[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 2, 0], [0, 0, 0, 0]])
    assert len(confusion_table(found, tuple("abcd")).rows) == 4
    logits = tensor(np.eye(4)[answers])
    assert accuracy(logits, tensor(truth)) == 3 / 5


def test_r_squared():
    truth = tensor([1.0, 2.0, 4.0, 7.0])
    assert r_squared(truth, truth) == 1
    assert r_squared(tensor([3.5] * 4), truth) == pytest.approx(0)
    assert r_squared(tensor([1.0, 2.0, 4.0, 5.0]), truth) == pytest.approx(1 - 4 / 21)


RNG = np.random.default_rng(0)
CONFUSION = RNG.integers(0, 20, (4, 4))


@pytest.mark.parametrize(
    "draw",
    [
        lambda path: plots.save_curves(path, "Title", HISTORY, "accuracy"),
        lambda path: plots.save_curves(path, "Title", HISTORY),
        lambda path: plots.save_confusion(path, "Title", CONFUSION, ("a", "b", "see", "d")),
        lambda path: plots.save_confusion(path, "Title", RNG.integers(0, 9, (100, 100)), [str(i) for i in range(100)]),
        lambda path: plots.save_mistakes(path, "Title", RNG.integers(0, 256, (9, 8, 8), np.uint8), np.arange(9) % 4,
                                         RNG.dirichlet(np.ones(4), 9), "abcd"),
        lambda path: plots.save_mistakes(path, "Title", RNG.integers(0, 256, (9, 3, 8, 8), np.uint8), np.arange(9) % 4,
                                         RNG.dirichlet(np.ones(4), 9), "abcd"),
        lambda path: plots.save_filters(path, "Title", RNG.standard_normal((70, 5, 5))),
        lambda path: plots.save_filters(path, "Title", RNG.standard_normal((3, 3, 5, 5))),
        lambda path: plots.save_attention(path, "Title", RNG.dirichlet(np.ones(5), 3), list("abc"), list("abcde")),
        lambda path: plots.save_bars(path, "Title", dict(zip("abcdefg", RNG.standard_normal(7))), 2),
        lambda path: plots.save_bars(path, "Title", {"a": 1.0, "b": -1.0}),
        lambda path: plots.save_lengths(path, "Title", {10: 0.0, 20: 0.1, 120: 0.5}, 20),
        lambda path: plots.save_sheets(path, "Title", {"seen": RNG.random((9, 30)), "read at": RNG.random((64, 30))}),
        lambda path: plots.save_sheets(path, "Title", {"seen": RNG.random((9, 30))}),
        lambda path: plots.save_scatter(path, "Title", RNG.random(9), RNG.random(9), "height"),
    ],
)  # fmt: skip
def test_every_picture_is_a_picture(tmp_path, draw):
    draw(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        assert min(picture.size) > 100
        assert len(picture.convert("RGB").getcolors(2**24)) > 20


def test_even_the_smallest_filters_stand_apart(tmp_path, monkeypatch):
    sheets = []
    monkeypatch.setattr(plots.Axes, "imshow", lambda axes, sheet: sheets.append(sheet))
    plots.save_filters(tmp_path / "a.png", "Title", -np.ones((20, 3, 3)))  # sixteen in a row, all as dark as can be
    (sheet,) = sheets
    assert sheet.shape == (2 * 4, 16 * 4, 3)
    assert (sheet[0] == 1).all()
    assert (sheet[:, 3] == 1).all()
    assert (sheet[1:4, :3] < 1).any(-1).all()


def test_mistakes_are_those_answered_wrongly_the_surest_first(tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr(plots, "_mosaic", lambda axes, tiles, columns, above, captions: shown.extend(zip(tiles, captions)))
    images = np.arange(4, dtype=np.uint8)[:, None, None] * np.ones((1, 2, 2), np.uint8)
    chances = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7]])
    plots.save_mistakes(tmp_path / "a.png", "Title", images, np.array([0, 1, 0, 0]), chances, "ab")
    assert [said for _, said in shown] == ["b 80%\nis a", "b 70%\nis a", "a 60%\nis b"]
    np.testing.assert_allclose([tile[0, 0, 0] for tile, _ in shown], 1 - np.array([2, 3, 1]) / 255)
    plots.save_mistakes(tmp_path / "a.png", "Title", images, chances.argmax(1), chances, "ab")
    assert not (tmp_path / "a.png").exists()
