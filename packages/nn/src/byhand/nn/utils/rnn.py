"""Sequences of different lengths in one tensor: padded to equal lengths, or packed without gaps.

Packed, the rows of all sequences at time 0 come first, then those at time 1, and so on, the longest sequence first:

    a b c        data        a x m  b y  c
    x y     →    batch_sizes 3      2    1
    m

Padding and packing move rows: each is one selection of rows, or one copy into a tensor of padding, and so is its gradient.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from byhand.tensor import (
    Tensor,
    argsort,
    as_tensor,
    cat,
    flatten,
    float16,
    float32,
    float64,
    from_numpy,
    full,
    int8,
    int16,
    int32,
    int64,
    uint8,
)
from byhand.tensor._graph import Array

__all__ = [
    "PackedSequence", "invert_permutation", "pack_padded_sequence", "pack_sequence", "pad_packed_sequence", "pad_sequence",
    "unpack_sequence", "unpad_sequence",
]  # fmt: skip


class _Packed(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Packed):
    """Sequences packed without gaps; made by `pack_padded_sequence` and `pack_sequence`, taken and given by RNN, GRU and LSTM.

    Attributes:
        data: the rows (Σ lengths, …), time by time.
        batch_sizes: how many sequences run at each time (int64).
        sorted_indices: the order in which the sequences were packed, the longest first; None: as they came.
        unsorted_indices: its inverse, which brings results back into the order in which they came.
    """

    def __new__(
        cls,
        data: Any,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> Self:
        """`data` may also be the pair (data, batch_sizes)."""
        if batch_sizes is None:
            if not (isinstance(data, list | tuple) and len(data) == 2):
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Return the sequence with its data converted by `Tensor.to`; itself, if there is nothing to convert."""
        data = self.data.to(*args, **kwargs)
        return self if data is self.data else type(self)(data, *self[1:])

    def cpu(self) -> Self:
        """Return the sequence itself, which is on the CPU."""
        return self

    @property
    def is_cuda(self) -> bool:
        """False: there are no other devices."""
        return False

    def double(self) -> Self:
        """Convert the data to float64."""
        return self.to(float64)

    def float(self) -> Self:
        """Convert the data to float32."""
        return self.to(float32)

    def half(self) -> Self:
        """Convert the data to float16."""
        return self.to(float16)

    def long(self) -> Self:
        """Convert the data to int64."""
        return self.to(int64)

    def int(self) -> Self:
        """Convert the data to int32."""
        return self.to(int32)

    def short(self) -> Self:
        """Convert the data to int16."""
        return self.to(int16)

    def char(self) -> Self:
        """Convert the data to int8."""
        return self.to(int8)

    def byte(self) -> Self:
        """Convert the data to uint8."""
        return self.to(uint8)


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """Return q with q[p[i]] = i; None for None."""
    return None if permutation is None else argsort(permutation)


def _lengths(lengths: Tensor | Sequence[int], batch: int) -> Array:
    """The lengths as an integer array. Raises RuntimeError unless there is a positive one for each of the sequences."""
    array: Array = as_tensor(lengths)._data.astype(np.int64)
    if array.ndim != 1:
        raise RuntimeError(f"'lengths' argument should be a 1D CPU int64 tensor, but got {array.ndim}D: shape {array.shape}")
    if len(array) != batch:
        raise RuntimeError(f"Expected `len(lengths)` to be equal to batch_size, but got {len(array)} (batch_size={batch})")
    if (array <= 0).any():
        raise RuntimeError("Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0")
    return array


def _rows(lengths: Array, longest: int) -> Array:
    """Which rows of a padded batch, counted time by time, hold an element of a sequence: in order, those that are packed."""
    return np.flatnonzero(np.arange(longest)[:, None] < lengths)


def pack_padded_sequence(
    input: Tensor, lengths: Tensor | Sequence[int], batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack the sequences that stand padded in `input`, (T, B, …) or, with `batch_first`, (B, T, …).

    With `enforce_sorted=False` they may come in any order of lengths. Raises RuntimeError for lengths that do not fit: not one
    for each sequence, not positive, longer than T, not in decreasing order where that is enforced; and for an empty input.
    """
    if batch_first:
        input = input.transpose(0, 1)
    if input.numel() == 0:
        raise RuntimeError(f"Cannot pack empty tensors. Got the shape {tuple(input.shape)}.")
    total, batch = input.shape[0], input.shape[1]
    sizes, order = _lengths(lengths, batch), None
    if not enforce_sorted:
        order = np.argsort(-sizes, kind="stable")
        input, sizes = input.index_select(1, from_numpy(order)), sizes[order]
    elif (sizes[1:] > sizes[:-1]).any():
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement if you do not "
            "need ONNX exportability."
        )
    if sizes[0] > total:
        raise RuntimeError(f"a sequence of length {sizes[0]} cannot stand in a padded batch of {total} time steps")
    longest = int(sizes[0])
    data = flatten(input, 0, 1).index_select(0, from_numpy(_rows(sizes, longest)))
    batch_sizes = np.count_nonzero(np.arange(longest)[:, None] < sizes, axis=1)
    return PackedSequence(data, from_numpy(batch_sizes), None if order is None else from_numpy(order))


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """Return the sequences padded to one length, (T, B, …) or (B, T, …), and their lengths, in the order in which they came.

    T is the longest length, or `total_length`. Raises ValueError if that is shorter.
    """
    sizes = sequence.batch_sizes._data
    longest = len(sizes)
    if total_length is not None and total_length < longest:
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, but got "
            f"total_length={total_length} and max sequence length being {longest}"
        )
    batch = int(sizes[0])
    lengths = np.count_nonzero(np.arange(batch) < sizes[:, None], axis=0)
    padded = _padded(sequence.data, _rows(lengths, longest), (total_length or longest, batch), padding_value)
    order = sequence.unsorted_indices
    if order is not None:
        padded, lengths = padded.index_select(1, order), lengths[order._data]
    return padded.transpose(0, 1) if batch_first else padded, from_numpy(lengths)


def _padded(rows: Tensor, places: Array, sizes: tuple[int, int], value: float) -> Tensor:
    """A tensor of `sizes` full of `value`, with the given rows laid into its places, which are counted in row-major order."""
    shape = tuple(rows.shape[1:])
    empty = full((sizes[0] * sizes[1], *shape), value, dtype=rows.dtype)
    return empty.index_copy(0, from_numpy(places), rows).reshape(*sizes, *shape)  # type: ignore[no-any-return]


def pad_sequence(
    sequences: Iterable[Tensor], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Return the sequences, each (L, …), in one tensor (T, B, …) or, with `batch_first`, (B, T, …); T is the longest L.

    What is missing is filled with `padding_value`, after the sequence or, with `padding_side="left"`, before it.
    Raises RuntimeError for what is no sequence of tensors with the same trailing sizes, and for any other side.
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}")
    sequences = tuple(sequences)
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    if not sequences:
        raise RuntimeError("received an empty list of sequences")
    trailing = [tuple(sequence.shape[1:]) if sequence.ndim else None for sequence in sequences]
    if None in trailing or len(set(trailing)) > 1:
        shapes = ", ".join(str(tuple(sequence.shape)) for sequence in sequences)
        raise RuntimeError(f"pad_sequence: all sizes after the first must be the same, but the shapes are {shapes}")
    lengths = np.array([len(sequence) for sequence in sequences])
    longest = int(lengths.max())
    ends = longest if padding_side == "left" else lengths
    places = np.flatnonzero(_between((ends - lengths)[:, None], np.broadcast_to(ends, lengths.shape)[:, None], longest))
    dtype = sequences[0].dtype
    padded = _padded(cat([sequence.to(dtype) for sequence in sequences]), places, (len(sequences), longest), padding_value)
    return padded if batch_first else padded.transpose(0, 1)


def _between(first: Array, end: Array, total: int) -> Array:
    """Whether each of the numbers below `total` lies in first … end − 1."""
    times = np.arange(total)
    return np.asarray((first <= times) & (times < end))


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """Return each sequence of a padded batch without its padding. Raises ValueError unless there is a length for each."""
    batch = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    times = from_numpy(np.arange(batch.shape[1]))
    return [sequence[times < length] for sequence, length in zip(batch, lengths, strict=True)]


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack the sequences, each (L, …); without `enforce_sorted` they may come in any order of lengths."""
    lengths = [len(sequence) for sequence in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """Return the sequences that were packed, each without padding, in the order in which they came."""
    return unpad_sequence(*pad_packed_sequence(packed_sequences, batch_first=True), batch_first=True)
