"""How much Python an operation and a step of training run, with upper limits: a slow path cannot creep in unseen.

Nothing is timed. When an operation has come to need more, and that is meant, take the line from the message into the table.
"""

import linecache
from collections.abc import Callable
from typing import Any, NamedTuple

import byhand.nn.functional as F
import byhand.optim as optim
import byhand.tensor as bt
import numpy as np
import pytest
from byhand import nn
from work import Work, blocks_of, work_of

from benchmarks.libraries import built_in_byhand


class Limit(NamedTuple):
    forward: Work
    backward: Work
    blocks: int  # of memory that the result and its part of the graph hold, the numbers themselves apart


def _numbers(*shape: int) -> bt.Tensor:
    return bt.tensor(np.random.default_rng(7).normal(size=shape).astype("f")).requires_grad_()


X, Y, IMAGE = _numbers(8, 6), _numbers(8, 6), _numbers(2, 5, 8, 8)
WEIGHT, BIAS, FILTERS, SCALE = _numbers(6, 6), _numbers(6), _numbers(4, 5, 3, 3), _numbers(5)
HEADS = _numbers(2, 2, 4, 6)
IDS, CLASSES = bt.tensor(np.array([0, 3, 5])), bt.tensor(np.arange(8) % 6)
TRUTHS = bt.tensor((np.arange(48) % 2).astype("f").reshape(8, 6))

OPS: dict[str, Callable[[], bt.Tensor]] = {
    "add": lambda: X + Y,
    "add a number": lambda: X + 1.5,
    "mul": lambda: X * Y,
    "mul and broadcast": lambda: X * BIAS,
    "matmul": lambda: X @ WEIGHT,
    "tanh": lambda: X.tanh(),
    "relu": lambda: F.relu(X),
    "gelu": lambda: F.gelu(X),
    "sum": lambda: X.sum(),
    "mean over a dimension": lambda: X.mean(1),
    "softmax": lambda: F.softmax(X, 1),
    "layer_norm": lambda: F.layer_norm(X, (6,), BIAS, BIAS),
    "linear": lambda: F.linear(X, WEIGHT, BIAS),
    "reshape": lambda: X.reshape(6, 8),
    "transpose": lambda: X.transpose(0, 1),
    "index": lambda: X[2:5],
    "cat": lambda: bt.cat([X, Y]),
    "embedding": lambda: F.embedding(IDS, WEIGHT),
    "cross_entropy": lambda: F.cross_entropy(X, CLASSES),
    "binary_cross_entropy_with_logits": lambda: F.binary_cross_entropy_with_logits(X, TRUTHS),
    "conv2d": lambda: F.conv2d(IMAGE, FILTERS),
    "max_pool2d": lambda: F.max_pool2d(IMAGE, 2),
    "batch_norm": lambda: F.batch_norm(IMAGE, None, None, SCALE, SCALE, training=True),
    "scaled_dot_product_attention": lambda: F.scaled_dot_product_attention(HEADS, HEADS, HEADS, is_causal=True),
}

LIMITS: dict[str, Limit] = {
    "add": Limit(Work(6, 23, 5), Work(17, 39, 5), 10),
    "add a number": Limit(Work(6, 24, 4), Work(13, 31, 3), 10),
    "mul": Limit(Work(6, 29, 5), Work(15, 35, 7), 12),
    "mul and broadcast": Limit(Work(6, 29, 5), Work(17, 46, 9), 12),
    "matmul": Limit(Work(6, 31, 4), Work(19, 47, 7), 12),
    "tanh": Limit(Work(6, 21, 3), Work(13, 30, 6), 12),
    "relu": Limit(Work(7, 23, 3), Work(15, 36, 4), 12),
    "gelu": Limit(Work(10, 34, 22), Work(18, 45, 13), 12),
    "sum": Limit(Work(8, 22, 3), Work(20, 45, 6), 10),
    "mean over a dimension": Limit(Work(13, 35, 4), Work(26, 61, 11), 11),
    "softmax": Limit(Work(16, 41, 8), Work(21, 44, 6), 13),
    "layer_norm": Limit(Work(17, 70, 24), Work(26, 81, 26), 16),
    "linear": Limit(Work(6, 33, 7), Work(23, 58, 10), 12),
    "reshape": Limit(Work(11, 34, 3), Work(16, 35, 3), 10),
    "transpose": Limit(Work(9, 28, 3), Work(17, 38, 3), 9),
    "index": Limit(Work(12, 38, 3), Work(20, 41, 4), 11),
    "cat": Limit(Work(14, 41, 8), Work(21, 55, 10), 11),
    "embedding": Limit(Work(20, 60, 17), Work(18, 49, 10), 13),
    "cross_entropy": Limit(Work(29, 108, 48), Work(18, 50, 16), 15),
    "binary_cross_entropy_with_logits": Limit(Work(12, 52, 15), Work(21, 49, 11), 13),
    "conv2d": Limit(Work(59, 181, 100), Work(76, 246, 168), 18),
    "max_pool2d": Limit(Work(72, 173, 188), Work(74, 159, 158), 19),
    "batch_norm": Limit(Work(38, 110, 43), Work(45, 109, 52), 19),
    "scaled_dot_product_attention": Limit(Work(24, 110, 31), Work(27, 88, 31), 15),
}

STEPS: dict[str, Work] = {
    "W2, an MLP with Adam": Work(160, 492, 94),
    "a small CNN with SGD": Work(492, 1335, 743),
    "a layer of a GPT with AdamW": Work(532, 1811, 396),
}


def small_cnn() -> Callable[[], Any]:
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(27, 4))
    return _training(model, optim.SGD(model.parameters(), 0.01, momentum=0.9), bt.randn(5, 1, 8, 8), bt.arange(5) % 4)


def gpt_layer() -> Callable[[], Any]:
    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            self.ln1, self.ln2, self.qkv, self.out = nn.LayerNorm(8), nn.LayerNorm(8), nn.Linear(8, 24), nn.Linear(8, 8)
            self.up, self.down = nn.Linear(8, 32), nn.Linear(32, 8)

        def forward(self, x):
            q, k, v = [part.reshape(3, 5, 2, 4).transpose(1, 2) for part in self.qkv(self.ln1(x)).split(8, dim=2)]
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(y.transpose(1, 2).reshape(3, 5, 8))
            return (x + self.down(F.gelu(self.up(self.ln2(x))))).reshape(15, 8)

    model = Layer()
    return _training(model, optim.AdamW(model.parameters()), bt.randn(3, 5, 8), bt.arange(15) % 8)


def _training(model, optimiser, x, target) -> Callable[[], Any]:
    def step():
        optimiser.zero_grad()
        F.cross_entropy(model(x), target).backward()
        optimiser.step()

    return step


TRAININGS: dict[str, Callable[[], Callable[[], Any]]] = {
    "W2, an MLP with Adam": lambda: built_in_byhand("W2"),
    "a small CNN with SGD": small_cnn,
    "a layer of a GPT with AdamW": gpt_layer,
}


def _backward(function: Callable[[], bt.Tensor]) -> Callable[[], None]:
    """The backward pass of results that are made before anything is counted."""
    out = function()
    upstream = bt.ones_like(out).detach()
    made = iter([function() for _ in range(4)])  # as many as `work_of` calls
    return lambda: next(made).backward(upstream)


def _rose(name: str, limit: tuple[Any, ...], now: tuple[Any, ...], line: str) -> str:
    fields = [f"{field} {a} → {b}" for field, a, b in _changes(limit, now) if b > a]
    return f"{name}: {', '.join(fields)}. If that is meant, the table says from now on\n    {name!r}: {line},"


def _changes(limit: Any, now: Any, within: str = ""):
    for field, a, b in zip(limit._fields, limit, now):
        if isinstance(a, tuple):
            yield from _changes(a, b, f"{field} ")
        elif a != b:
            yield f"{within}{field}", a, b


def _line(value: Any) -> str:
    """A value as it stands in the tables."""
    return f"{type(value).__name__}({', '.join(_line(v) if isinstance(v, tuple) else str(v) for v in value)})"


@pytest.mark.parametrize("name", OPS)
def test_an_operation_needs_no_more_than(name):
    now = Limit(work_of(OPS[name]), work_of(_backward(OPS[name])), blocks_of(OPS[name]))
    limit = LIMITS.get(name, Limit(Work(0, 0, 0), Work(0, 0, 0), 0))
    assert not [change for change in _changes(limit, now) if change[2] > change[1]], _rose(name, limit, now, _line(now))


@pytest.mark.parametrize("name", TRAININGS)
def test_a_step_of_training_needs_no_more_than(name):
    now, limit = work_of(TRAININGS[name]()), STEPS.get(name, Work(0, 0, 0))
    assert not [change for change in _changes(limit, now) if change[2] > change[1]], _rose(name, limit, now, _line(now))


def test_every_limit_is_of_something():
    assert list(LIMITS) == list(OPS)
    assert list(STEPS) == list(TRAININGS)


def test_what_is_counted():
    source = """import numpy as np

def inner(x):
    return -np.exp(x)

def outer(x):
    y = inner(x) * x + 1
    y += len(x)
    return y[0]
"""
    space: dict[str, Any] = {}
    name = "/byhand/example.py"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    exec(compile(source, name, "exec"), space)
    x = np.ones(3)
    assert work_of(lambda: space["outer"](x)) == Work(functions=2, calls=3, numpy=5)
    assert work_of(lambda: space["outer"](x)) == work_of(lambda: space["outer"](x))
    assert blocks_of(lambda: {object(), object()}) == 3
