"""Recurrent cells: one time step, for loops of one's own."""

from __future__ import annotations

import math
from typing import Any

from byhand.tensor import Tensor, empty, zeros

from .. import init
from ..functional._gru import gru_cell
from ..functional._lstm import lstm_cell
from ..functional._rnn import rnn_cell
from ..parameter import Parameter
from .module import Module

__all__ = ["GRUCell", "LSTMCell", "RNNCell", "RNNCellBase"]


class RNNCellBase(Module):
    """What the cells share: weights for `num_chunks` gates, drawn from U(−1/√hidden, 1/√hidden), and the checks.

    `weight_ih` (gates · hidden, in), `weight_hh` (gates · hidden, hidden), `bias_ih` and `bias_hh` (gates · hidden,) or None.
    """

    weight_ih: Parameter
    weight_hh: Parameter
    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool, num_chunks: int, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size
        self.weight_ih = Parameter(empty(rows, input_size, device=device, dtype=dtype))
        self.weight_hh = Parameter(empty(rows, hidden_size, device=device, dtype=dtype))
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, Parameter(empty(rows, device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        bound = 1 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def extra_repr(self) -> str:
        """Return the sizes, and what is not as usual."""
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias is True else f", bias={self.bias}")

    def _weights(self) -> tuple[Tensor | None, ...]:
        return self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh

    def _step(self, input: Tensor, states: tuple[Tensor, ...] | None, names: tuple[str, ...]) -> tuple[Tensor, ...]:
        """Check the shapes, let `_move` compute the new states, and give them the input's rank. No states: zeros."""
        name = type(self).__name__
        if input.ndim not in (1, 2):
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.ndim}D instead")
        for called, state in zip(names, states or (), strict=False):
            if state.ndim not in (1, 2):
                raise ValueError(f"{name}: Expected {called} to be 1D or 2D, got {state.ndim}D instead")
        batched = input.ndim == 2
        rows = input if batched else input.unsqueeze(0)
        if states is None:
            states = (zeros(rows.shape[0], self.hidden_size, dtype=input.dtype),) * len(names)
        elif not batched:
            states = tuple([state.unsqueeze(0) for state in states])
        self._check(rows, states)
        new = self._move(rows, *states)
        return new if batched else tuple([state.squeeze(0) for state in new])

    def _check(self, rows: Tensor, states: tuple[Tensor, ...]) -> None:
        """Raise RuntimeError unless the sizes fit."""
        if rows.shape[1] != self.input_size:
            raise RuntimeError(f"input has inconsistent input_size: got {rows.shape[1]} expected {self.input_size}")
        for i, state in enumerate(states):
            if rows.shape[0] != state.shape[0]:
                raise RuntimeError(f"Input batch size {rows.shape[0]} doesn't match hidden{i} batch size {state.shape[0]}")
            if state.ndim != 2 or state.shape[1] != self.hidden_size:
                got = ", ".join(map(str, state.shape[1:]))
                raise RuntimeError(f"hidden{i} has inconsistent hidden_size: got {got}, expected {self.hidden_size}")

    def _move(self, *_: Tensor) -> tuple[Tensor, ...]:
        """The new states. Each cell defines its own."""
        raise NotImplementedError(f"{type(self).__name__} does not say how its state moves")


class RNNCell(RNNCellBase):
    r"""h' = φ(W_ih x + b_ih + W_hh h + b_hh), φ = tanh or relu:   (N, in) or (in), (N, hidden) → (N, hidden).

    Without an initial state it is 0. Raises ValueError for other ranks, RuntimeError for sizes that do not fit and for an
    unknown `nonlinearity`.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """Return the new state."""
        return self._step(input, None if hx is None else (hx,), ("hidden",))[0]

    def _move(self, *given: Tensor) -> tuple[Tensor, ...]:
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        return (rnn_cell(*given, *self._weights(), nonlinearity=self.nonlinearity),)

    def extra_repr(self) -> str:
        """Return the sizes, and what is not as usual."""
        return super().extra_repr() + ("" if self.nonlinearity == "tanh" else f", nonlinearity={self.nonlinearity}")


class GRUCell(RNNCellBase):
    r"""h' = (1 − z) u + z h, with r, z and u as in `GRU`:   (N, in) or (in), (N, hidden) → (N, hidden).

    Without an initial state it is 0. Raises ValueError for other ranks, RuntimeError for sizes that do not fit.
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """Return the new state."""
        return self._step(input, None if hx is None else (hx,), ("hidden",))[0]

    def _move(self, *given: Tensor) -> tuple[Tensor, ...]:
        return (gru_cell(*given, *self._weights()),)


class LSTMCell(RNNCellBase):
    r"""c' = f c + i u, h' = o tanh c', with i, f, u and o as in `LSTM`:   (N, in) or (in), two (N, hidden) → two (N, hidden).

    Without initial states they are 0. Raises ValueError for other ranks, RuntimeError for sizes that do not fit.
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """Return the new h and c."""
        h, c = self._step(input, hx, ("hx[0]", "hx[1]"))
        return h, c

    def _move(self, *given: Tensor) -> tuple[Tensor, ...]:
        return lstm_cell(*given, *self._weights())
