"""What walks through large arrays in blocks, on one thread and on several, made to do so by small arrays: against PyTorch."""

import sys

import byhand.nn.functional as F
import byhand.tensor as bt
import numpy as np
import pytest
import torch
import torch.nn.functional as TF
from beside_torch import compare
from byhand.tensor import _blocks, _threads


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


LABELS, PIXELS = np.arange(23) % 7, np.arange(9 * 10).reshape(9, 2, 5) % 7
SCALE, SHIFT = numbers(7, seed=1), numbers(7, seed=2)

CALLS = {
    "layer_norm": (lambda f, x, w, b: f.layer_norm(x, (7,), w, b), numbers(23, 7), SCALE, SHIFT),
    "layer_norm without weights": (lambda f, x: f.layer_norm(x, (7,)), numbers(23, 7)),
    "rms_norm": (lambda f, x, w: f.rms_norm(x, (7,), w), numbers(23, 7), SCALE),
    "group_norm": (lambda f, x, w, b: f.group_norm(x, 2, w, b), numbers(9, 6, 5), SCALE[:6], SHIFT[:6]),
    "instance_norm": (lambda f, x, w, b: f.instance_norm(x, weight=w, bias=b), numbers(5, 7, 6), SCALE, SHIFT),
    "batch_norm, few positions": (lambda f, x, w, b: f.batch_norm(x, None, None, w, b, True), numbers(300, 7, 2), SCALE, SHIFT),
    "batch_norm, many positions": (lambda f, x, w, b: f.batch_norm(x, None, None, w, b, True), numbers(5, 7, 520), SCALE, SHIFT),
    "softmax": (lambda f, x: f.softmax(x, 1), numbers(23, 7)),
    "cross_entropy": (lambda f, x: f.cross_entropy(x, of(f, LABELS), reduction="none"), numbers(23, 7)),
    "cross_entropy of images": (lambda f, x: f.cross_entropy(x, of(f, PIXELS), reduction="none"), numbers(9, 7, 2, 5)),
    "gelu": (lambda f, x: f.gelu(x), numbers(23, 7)),
    "gelu by tanh": (lambda f, x: f.gelu(x, approximate="tanh"), numbers(23, 7)),
    "silu": (lambda f, x: f.silu(x), numbers(23, 7)),
    "softplus": (lambda f, x: f.softplus(x), numbers(23, 7)),
    "logsigmoid": (lambda f, x: f.logsigmoid(x), numbers(23, 7)),
    "relu": (lambda f, x: f.relu(x), numbers(23, 7)),
    "sigmoid": (lambda f, x: f.sigmoid(x), numbers(23, 7)),
    "silu, turned round": (lambda f, x: f.silu(x.T), numbers(23, 7)),
}


def of(functional, labels):
    return (torch if functional is TF else bt).tensor(labels)


@pytest.fixture(params=[1, 3])
def small_blocks(request, monkeypatch):
    """Blocks of 16 numbers; with three threads, or with none but this one. Returns how many parts there have been."""
    before, seen = bt.get_num_threads(), []
    in_slices = _blocks._in_slices

    def counted(work, count, parts, several):
        seen.append(min(parts, count))
        return in_slices(work, count, parts, several)

    bt.set_num_threads(request.param)
    monkeypatch.setattr(_threads._workers, "spinning", False)
    monkeypatch.setattr(_blocks, "_in_slices", counted)
    monkeypatch.setattr(_blocks, "BLOCK", 16)
    monkeypatch.setattr(_blocks, "MANY", 8)
    monkeypatch.setattr(sys.modules["byhand.tensor.ops.softmax"], "MANY", 8)
    monkeypatch.setattr(sys.modules["byhand.tensor.ops.rectifier"], "_MANY", 8)
    yield seen
    bt.set_num_threads(before)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_in_blocks(name, dtype, small_blocks):
    call, *arrays = CALLS[name]
    arrays = [a.astype(dtype) for a in arrays]
    compare(lambda *x: call(F, *x), lambda *x: call(TF, *x), *arrays, second=dtype == "float64")
    assert max(small_blocks) > 3
