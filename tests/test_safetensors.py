"""Safetensors files: written here and read by the library of that name, in PyTorch's hands too, and the other way round."""

import json

import byhand.nn as bn
import byhand.nn.utils.safetensors as models
import byhand.tensor as bt
import byhand.tensor.utils.safetensors as ours
import numpy as np
import pytest
import safetensors.torch as theirs
import torch

DTYPES = ["float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"]


def numbers():
    rng = np.random.default_rng(0)
    shapes = [(2, 3), (), (5,), (0, 4), (1, 2, 3), (7,), (3,), (2, 1), (9,)]
    return {f"{name}/x": np.asarray(rng.normal(size=shape) * 3).astype(name) for name, shape in zip(DTYPES, shapes, strict=True)}


def test_read_by_the_other():
    arrays = numbers()
    content = ours.save({name: bt.tensor(a) for name, a in arrays.items()}, {"made": "here, in UTF-8: ä"})
    read = theirs.load(content)
    assert set(read) == set(arrays)
    for name, array in arrays.items():
        assert str(read[name].dtype) == f"torch.{array.dtype}"
        np.testing.assert_array_equal(read[name].numpy(), array)


def test_read_from_the_other(tmp_path):
    arrays = numbers()
    theirs.save_file({name: torch.tensor(a) for name, a in arrays.items()}, tmp_path / "x", metadata={"a": "b"})
    read = ours.load_file(tmp_path / "x")
    assert list(read) == sorted(arrays)
    for name, array in arrays.items():
        assert read[name].dtype == array.dtype
        np.testing.assert_array_equal(read[name].numpy(), array)
        read[name].zero_()  # the memory is the reader's own
    assert ours.load_metadata(tmp_path / "x") == {"a": "b"}


def test_bfloat16_becomes_float32():
    tensor = torch.tensor([1.5, -2.25, 3e30, float("inf")], dtype=torch.bfloat16)
    read = ours.load(theirs.save({"x": tensor}))["x"]
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read.numpy(), tensor.float().numpy())


def test_layouts(tmp_path):
    x = bt.arange(12.0).reshape(3, 4)
    ours.save_file({"t": x.t(), "s": x[:, ::2]}, tmp_path / "x")
    read = theirs.load_file(tmp_path / "x")
    np.testing.assert_array_equal(read["t"].numpy(), x.t().numpy())
    np.testing.assert_array_equal(read["s"].numpy(), x[:, ::2].numpy())


# ---------------------------------------------------------------------- models


def tied(nn):
    model = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4), nn.BatchNorm1d(4))
    model[2].weight = model[0].weight
    return model


def test_models_travel_both_ways(tmp_path):
    mine, yours = tied(bn), tied(torch.nn)
    theirs.save_model(yours, str(tmp_path / "torch"))
    assert models.load_model(mine, tmp_path / "torch") == ([], [])
    for key, value in yours.state_dict().items():
        np.testing.assert_array_equal(mine.state_dict()[key].numpy(), value.numpy())
    with bt.no_grad():
        mine[0].weight.mul_(2)
    models.save_model(mine, tmp_path / "byhand")
    theirs.load_model(yours, str(tmp_path / "byhand"))
    for key, value in yours.state_dict().items():
        np.testing.assert_array_equal(mine.state_dict()[key].numpy(), value.numpy())
    assert len(ours.load_file(tmp_path / "byhand")) == len(yours.state_dict()) - 1


def test_loading_is_strict_and_clear(tmp_path):
    models.save_model(bn.Sequential(bn.Linear(2, 3)), tmp_path / "small")
    wider, deeper = bn.Sequential(bn.Linear(2, 4)), bn.Sequential(bn.Linear(2, 3), bn.Linear(3, 1))
    with pytest.raises(RuntimeError, match=r"size mismatch for 0.weight: .*\[3, 2\].*\[4, 2\]"):
        models.load_model(wider, tmp_path / "small")
    with pytest.raises(RuntimeError, match=r'Missing key.*"1\.weight", "1\.bias"'):
        models.load_model(deeper, tmp_path / "small")
    assert models.load_model(deeper, tmp_path / "small", strict=False) == (["1.weight", "1.bias"], [])


# ---------------------------------------------------------------------- damaged files


def damaged():
    good = ours.save({"x": bt.arange(6.0), "y": bt.ones(2)})
    size = int.from_bytes(good[:8], "little")
    header = json.loads(good[8 : 8 + size])

    def changed(**entries):
        text = json.dumps({**header, **entries}).encode()
        return len(text).to_bytes(8, "little") + text + good[8 + size :]

    return [
        (b"", "does not begin"),
        (b"PK\x03\x04" + good, "does not begin"),
        (good[:20], "header should have"),
        (good[:-1], "cut short"),
        (good + b"x", "damaged"),
        (good[:8] + b"[" + good[9:], "no JSON"),
        ((2).to_bytes(8, "little") + b"[]", "does not list tensors"),
        (changed(x={"dtype": "F32", "shape": [7], "data_offsets": [0, 24]}), "needs 28 bytes"),
        (changed(x={"dtype": "F32", "shape": [-1, -6], "data_offsets": [0, 24]}), "needs 24 bytes"),
        (changed(x={"dtype": "Q7", "shape": [3], "data_offsets": [0, 24]}), "'Q7'"),
        (changed(x={"shape": [6], "data_offsets": [0, 24]}), "lacks dtype"),
        (changed(y={"dtype": "F32", "shape": [2], "data_offsets": [20, 28]}), "should begin at byte 24"),
    ]


@pytest.mark.parametrize(("content", "message"), damaged())
def test_damaged_files(tmp_path, content, message):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ours.SafetensorError, match=message) as error:
        ours.load_file(tmp_path / "file")
    assert str(tmp_path / "file") in str(error.value)
    with pytest.raises(Exception):  # noqa: B017 (the reference refuses it too)
        theirs.load(content)


def test_what_cannot_be_saved(tmp_path):
    path = tmp_path / "x"
    ours.save_file({"x": bt.ones(2)}, path)
    before = path.read_bytes()
    for error, tensors, metadata in [
        (TypeError, {"x": np.ones(2)}, None),
        (TypeError, {1: bt.ones(2)}, None),
        (TypeError, {"x": bt.ones(2)}, {"a": 1}),
        (ValueError, {"x": bt.tensor([1j])}, None),
    ]:
        with pytest.raises(error):
            ours.save_file(tensors, path, metadata)
    assert path.read_bytes() == before
    with pytest.raises(FileNotFoundError):
        ours.load_file(tmp_path / "nothing")
    assert [p.name for p in tmp_path.iterdir()] == ["x"]
