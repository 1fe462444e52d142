"""The workloads: each is written once against PyTorch's names and run on both libraries.

A workload is a function `build(torch, nn, F, optim)` that returns one step as a function; the step returns a number (its loss)
by which the libraries are compared. Its docstring is its line in the table. The weights are drawn here, from NumPy, so that
both libraries start from the same ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from . import large, lstm, mlp, one_op, resnet, transformer, vision

Step = Callable[[], float]
Build = Callable[[Any, Any, Any, Any], Step]


class Workload(NamedTuple):
    """A line of the table."""

    build: Build
    repeat: int  # steps in a row before the libraries change over
    tolerance: float = 1e-4  # by how much the first losses may differ, relatively

    @property
    def what(self) -> str:
        """Its line in the table."""
        return (self.build.__doc__ or "").strip()


WORKLOADS: dict[str, Workload] = {
    "W0-forward": Workload(one_op.forward, 3000),
    "W0": Workload(one_op.forward_and_backward, 1500),
    "W2": Workload(mlp.small, 1000),
    "W3-sgd": Workload(mlp.mnist_sgd, 20),
    "W3-adam": Workload(mlp.mnist_adam, 20),
    "W4": Workload(vision.cnn, 3),
    "W5": Workload(resnet.resnet8, 2),
    "W6": Workload(transformer.char_gpt, 2),
    "W7": Workload(lstm.lstm, 3),
    "W8-matmul": Workload(large.matmul, 1),
    "W8-gelu": Workload(large.gelu, 1),
    "W8-softmax": Workload(large.softmax, 1),
    "W8-layernorm": Workload(large.layer_norm, 1),
}
