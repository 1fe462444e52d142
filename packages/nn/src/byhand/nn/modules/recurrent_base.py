"""`RNNBase`: what RNN, GRU and LSTM have in common: their parameters, and sequences padded, packed or alone."""

from __future__ import annotations

import math
import numbers
import warnings
from collections.abc import Sequence
from typing import Any

from byhand.tensor import Tensor, cat, empty, stack, zeros

from .. import init
from ..functional import dropout
from ..parameter import Parameter
from ..utils.rnn import PackedSequence
from .module import Module

__all__ = ["RNNBase"]

GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}
States = tuple[Tensor, ...]


class RNNBase(Module):
    """What the recurrent layers share. `num_layers` of them stand on each other, each in one direction or in both.

    Args:
        mode: "LSTM", "GRU", "RNN_TANH" or "RNN_RELU".
        input_size, hidden_size: the numbers of features of the sequence and of the state.
        bias: whether there are `bias_ih` and `bias_hh`.
        batch_first: sequences are (B, T, features) instead of (T, B, features). States never are.
        dropout: in training, the probability with which an element is left out between one layer and the next.
        bidirectional: a second set of weights, "…_reverse", reads the sequence backwards; the outputs stand side by side.
        proj_size: of an LSTM, the size to which W_hr projects h; 0: no projection.

    Raises TypeError and ValueError for arguments that are none of these.
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._check_arguments(dropout)
        self._all_weights: list[list[str]] = []
        for layer in range(num_layers):
            for suffix in ("", "_reverse")[: self._directions]:
                shapes = self._shapes(layer)
                self._all_weights.append([f"{role}_l{layer}{suffix}" for role in shapes])
                for name, shape in zip(self._all_weights[-1], shapes.values(), strict=True):
                    self.register_parameter(name, Parameter(empty(*shape, device=device, dtype=dtype)))
        self.reset_parameters()

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    def _check_arguments(self, dropout: Any) -> None:
        if not isinstance(dropout, numbers.Number) or isinstance(dropout, bool) or not 0 <= self.dropout <= 1:
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
            )
        if self.dropout > 0 and self.num_layers == 1:
            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers greater "
                f"than 1, but got dropout={dropout} and num_layers={self.num_layers}",
                stacklevel=4,
            )
        for name, kind in (("bias", bool), ("batch_first", bool), ("input_size", int), ("hidden_size", int)):
            if not isinstance(value := getattr(self, name), kind):
                raise TypeError(f"{name} should be of type {kind.__name__}, got: {type(value).__name__}")
        for name in ("input_size", "hidden_size", "num_layers"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be greater than zero")
        if self.proj_size < 0:
            raise ValueError("proj_size should be a positive integer or zero to disable projections")
        if self.proj_size >= self.hidden_size:
            raise ValueError("proj_size has to be smaller than hidden_size")
        if self.mode not in GATES:
            raise ValueError(f"Unrecognized RNN mode: {self.mode}")

    def _shapes(self, layer: int) -> dict[str, tuple[int, ...]]:
        """The shapes of one layer's parameters in one direction."""
        rows, out = GATES[self.mode] * self.hidden_size, self.proj_size or self.hidden_size
        shapes: dict[str, tuple[int, ...]] = {
            "weight_ih": (rows, self._directions * out if layer else self.input_size), "weight_hh": (rows, out)
        }
        if self.bias:
            shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
        if self.proj_size:
            shapes["weight_hr"] = (self.proj_size, self.hidden_size)
        return shapes

    def reset_parameters(self) -> None:
        """Draw all parameters from U(−1/√hidden, 1/√hidden)."""
        bound = 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def flatten_parameters(self) -> None:
        """Do nothing, as PyTorch on a CPU: where the parameters lie matters to cuDNN alone."""

    def extra_repr(self) -> str:
        """Return the sizes, and what is not as usual."""
        usual = {"proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0, "bidirectional": False}
        others = [f"{name}={getattr(self, name)}" for name, value in usual.items() if getattr(self, name) != value]
        return ", ".join([f"{self.input_size}, {self.hidden_size}", *others])

    # ------------------------------------------------------------------ sequences in, sequences out

    def _forward(self, input: Any, states: States | None) -> tuple[Any, States]:
        """The output of the last layer, packed as the input is, and the last states of all layers."""
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, states)
        if input.ndim not in (2, 3):
            raise ValueError(f"{self.mode.split('_')[0]}: Expected input to be 2D or 3D, got {input.ndim}D instead")
        batched = input.ndim == 3
        self._check_rank(batched, states)
        if not batched:
            input = input.unsqueeze(0 if self.batch_first else 1)
            states = states and tuple([state.unsqueeze(1) for state in states])
        if self.batch_first:
            input = input.transpose(0, 1)
        self._check_input(input, 3)
        time, batch, features = input.shape
        if not time:
            raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
        rows, states = self._run(input.reshape(time * batch, features), states, (batch,) * time)
        output = rows.reshape(time, batch, rows.shape[1])
        if self.batch_first:
            output = output.transpose(0, 1)
        if batched:
            return output, states
        return output.squeeze(0 if self.batch_first else 1), tuple([state.squeeze(1) for state in states])

    def _forward_packed(self, input: PackedSequence, states: States | None) -> tuple[PackedSequence, States]:
        data, batch_sizes, order, back = input
        self._check_input(data, 2)
        states = states and _reordered(states, order)
        rows, states = self._run(data, states, tuple(batch_sizes.tolist()))
        return PackedSequence(rows, batch_sizes, order, back), _reordered(states, back)

    def _run(self, rows: Tensor, states: States | None, batch_sizes: Sequence[int]) -> tuple[Tensor, States]:
        """All layers, one after the other, over packed rows."""
        sizes = self._state_sizes(batch_sizes[0])
        if states is None:
            states = tuple([zeros(*size, dtype=rows.dtype) for size in sizes])
        self._check_states(states, sizes)
        last = []
        for layer in range(self.num_layers):
            if layer and self.dropout:
                rows = dropout(rows, self.dropout, self.training)
            outputs = []
            for direction in range(self._directions):
                place = layer * self._directions + direction
                options = {"batch_sizes": batch_sizes, "reverse": bool(direction)}
                output, *new = self._layer(rows, *[state[place] for state in states], **self._weights(place), **options)
                outputs.append(output)
                last.append(new)
            rows = cat(outputs, 1) if self.bidirectional else outputs[0]
        return rows, tuple([stack(parts) for parts in zip(*last, strict=True)])

    def _weights(self, place: int) -> dict[str, Tensor]:
        """The parameters of one layer and direction by their roles."""
        return {name[: name.rindex("_l")]: getattr(self, name) for name in self._all_weights[place]}

    # ------------------------------------------------------------------ what each kind says of itself

    def _layer(self, *given: Tensor, **options: Any) -> States:
        """One layer in one direction: its output rows and last states."""
        raise NotImplementedError(f"{type(self).__name__} does not say what a layer computes")

    def _state_sizes(self, batch: int) -> list[tuple[int, ...]]:
        """The shapes of the states of all layers and directions together."""
        return [(self.num_layers * self._directions, batch, self.hidden_size)]

    # ------------------------------------------------------------------ checks, with PyTorch's messages

    def _check_rank(self, batched: bool, states: States | None) -> None:
        rank = 3 if batched else 2
        if states is not None and any(state.ndim != rank for state in states):
            kind, given = "batched" if batched else "unbatched", ", ".join(f"{state.ndim}-D" for state in states)
            which = f"hx should also be {rank}-D but got {given} tensor"
            if len(states) > 1:
                which = f"hx and cx should also be {rank}-D but got ({given}) tensors"
            raise RuntimeError(f"For {kind} {rank}-D input, {which}")

    def _check_input(self, input: Tensor, rank: int) -> None:
        wanted = getattr(self, self._all_weights[0][0]).dtype
        if input.dtype != wanted:
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({wanted}). Convert input: input.to({wanted}), "
                f"or convert model: model.to({input.dtype})"
            )
        if input.ndim != rank:
            raise RuntimeError(f"input must have {rank} dimensions, got {input.ndim}")
        if input.shape[-1] != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.shape[-1]}"
            )

    def _check_states(self, states: States, sizes: list[tuple[int, ...]]) -> None:
        for i, (state, size) in enumerate(zip(states, sizes, strict=True)):
            if tuple(state.shape) != size:
                which = "hidden" if len(sizes) == 1 else f"hidden[{i}]"
                raise RuntimeError(f"Expected {which} size {size}, got {list(state.shape)}")


def _reordered(states: States, order: Tensor | None) -> States:
    """The states of the sequences in another order."""
    return states if order is None else tuple([state.index_select(1, order) for state in states])
