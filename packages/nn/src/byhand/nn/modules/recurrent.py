"""Recurrent layers over whole sequences: RNN, GRU and LSTM.

    layer = LSTM(10, 20, num_layers=2)
    output, (h, c) = layer(sequence)             # (T, B, 10) → (T, B, 20), and two (2, B, 20)

A sequence may also be alone, (T, features), or packed (`nn.utils.rnn.PackedSequence`), and the output is then the same.
"""

from __future__ import annotations

from typing import Any

from byhand.tensor import Tensor

from ..functional._gru import gru_layer
from ..functional._lstm import lstm_layer
from ..functional._rnn import rnn_layer
from .recurrent_base import RNNBase, States

__all__ = ["GRU", "LSTM", "RNN"]


def _refuse_projection(options: dict[str, Any]) -> None:
    if "proj_size" in options:
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")


class RNN(RNNBase):
    r"""h_t = φ(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh), φ = tanh or relu: Elman, "Finding structure in time" (1990).

    `RNN(input_size, hidden_size, num_layers=1, nonlinearity="tanh", bias=True, batch_first=False, dropout=0.0,
    bidirectional=False)`; see `RNNBase`. Raises ValueError for any other nonlinearity.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _refuse_projection(kwargs)
        if len(args) > 3:
            nonlinearity, args = args[3], args[:3] + args[4:]
        else:
            nonlinearity = kwargs.pop("nonlinearity", "tanh")
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        super().__init__(f"RNN_{nonlinearity.upper()}", *args, **kwargs)
        self.nonlinearity = nonlinearity

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        """Return the last layer's h at all times, and the last h of all layers and directions."""
        output, (h,) = self._forward(input, None if hx is None else (hx,))
        return output, h

    def _layer(self, *given: Tensor, **options: Any) -> States:
        return rnn_layer(*given, nonlinearity=self.nonlinearity, **options)  # type: ignore[return-value]


class GRU(RNNBase):
    r"""h_t = (1 − z) u + z h_{t−1}: gated recurrent units, Cho et al., arXiv:1406.1078.

        r = σ(W_ir x + b_ir + W_hr h + b_hr)    z = σ(W_iz x + b_iz + W_hz h + b_hz)
        u = tanh(W_iu x + b_iu + r (W_hu h + b_hu))

    The rows of the weights are those of r, z and u. `GRU(input_size, hidden_size, num_layers=1, bias=True, batch_first=False,
    dropout=0.0, bidirectional=False)`; see `RNNBase`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _refuse_projection(kwargs)
        super().__init__("GRU", *args, **kwargs)

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        """Return the last layer's h at all times, and the last h of all layers and directions."""
        output, (h,) = self._forward(input, None if hx is None else (hx,))
        return output, h

    def _layer(self, *given: Tensor, **options: Any) -> States:
        return gru_layer(*given, **options)  # type: ignore[return-value]


class LSTM(RNNBase):
    r"""c_t = f c_{t−1} + i u, h_t = o tanh c_t: long short-term memory, Hochreiter and Schmidhuber (1997).

        i, f, o = σ(W x + b + V h + d) and u = tanh(W x + b + V h + d), each with weights of its own

    The rows of the weights are those of i, f, u and o. With a projection (Sak et al., arXiv:1402.1128), h_t = W_hr (o tanh c_t).
    `LSTM(input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, bidirectional=False, proj_size=0)`;
    see `RNNBase`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)

    def forward(self, input: Any, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Any, tuple[Tensor, Tensor]]:
        """Return the last layer's h at all times, and the last h and c of all layers and directions."""
        output, (h, c) = self._forward(input, hx)
        return output, (h, c)

    def _layer(self, *given: Tensor, **options: Any) -> States:
        return lstm_layer(*given, **options)  # type: ignore[return-value]

    def _state_sizes(self, batch: int) -> list[tuple[int, ...]]:
        places = self.num_layers * self._directions
        return [(places, batch, self.proj_size or self.hidden_size), (places, batch, self.hidden_size)]
