"""W0: what an operation costs beside its arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .weights import generator, numbers

Call = Callable[[], Any]


def _calls(torch: Any, F: Any) -> tuple[list[Call], Any, Any]:
    """Six operations on 8 × 8 matrices x and w, each the only one of its graph."""
    rng = generator()
    x, w = numbers(torch, rng, 8, 8).requires_grad_(), numbers(torch, rng, 8, 8).requires_grad_()
    calls = [
        lambda: x * w,
        lambda: x @ w,
        lambda: torch.tanh(x),
        lambda: x.sum(1),
        lambda: torch.softmax(x, 1),
        lambda: F.layer_norm(x, (8,)),
    ]
    return calls, x, w


def forward(torch: Any, _nn: Any, F: Any, _optim: Any) -> Callable[[], float]:
    """one op on 8×8 (×, @, tanh, sum, softmax, layer norm), forward, recorded"""
    calls, _, _ = _calls(torch, F)

    def step() -> float:
        outs = [call() for call in calls]
        return float(outs[0].detach()[0, 0])

    return step


def forward_and_backward(torch: Any, _nn: Any, F: Any, _optim: Any) -> Callable[[], float]:
    """one op on 8×8 (×, @, tanh, sum, softmax, layer norm), forward and backward"""
    calls, x, w = _calls(torch, F)
    upstream = [torch.ones_like(call()) for call in calls]

    def step() -> float:
        x.grad = w.grad = None
        for call, g in zip(calls, upstream, strict=True):
            call().backward(g)
        return float(x.grad[0, 0])

    return step
