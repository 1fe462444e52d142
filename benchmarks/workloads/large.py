"""W8: single operations on many elements, forward and backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .weights import generator, numbers

ROWS, COLUMNS = 10_000, 1_000


def matmul(torch: Any, _nn: Any, _F: Any, _optim: Any) -> Callable[[], float]:
    """2048² matmul, forward and backward"""
    rng = generator()
    a, b, g = (numbers(torch, rng, 2048, 2048) for _ in range(3))
    return _pulled(lambda: a @ b, [a, b], g)


def gelu(torch: Any, _nn: Any, F: Any, _optim: Any) -> Callable[[], float]:
    """10M-element GELU, forward and backward"""
    rng = generator()
    x, g = numbers(torch, rng, ROWS, COLUMNS), numbers(torch, rng, ROWS, COLUMNS)
    return _pulled(lambda: F.gelu(x), [x], g)


def softmax(torch: Any, _nn: Any, _F: Any, _optim: Any) -> Callable[[], float]:
    """10000×1000 softmax, forward and backward"""
    rng = generator()
    x, g = numbers(torch, rng, ROWS, COLUMNS), numbers(torch, rng, ROWS, COLUMNS)
    return _pulled(lambda: torch.softmax(x, 1), [x], g)


def layer_norm(torch: Any, nn: Any, _F: Any, _optim: Any) -> Callable[[], float]:
    """10000×1000 layer norm, forward and backward"""
    rng = generator()
    x, g = numbers(torch, rng, ROWS, COLUMNS), numbers(torch, rng, ROWS, COLUMNS)
    norm = nn.LayerNorm(COLUMNS)
    return _pulled(lambda: norm(x), [x, *norm.parameters()], g)


def _pulled(call: Callable[[], Any], leaves: list[Any], g: Any) -> Callable[[], float]:
    for leaf in leaves:
        leaf.requires_grad_()

    def step() -> float:
        for leaf in leaves:
            leaf.grad = None
        call().backward(g)
        return float(leaves[0].grad[0, 0])

    return step
