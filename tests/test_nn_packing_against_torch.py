"""Sequences of different lengths, padded and packed, beside PyTorch's."""

import byhand.nn as bn
import byhand.tensor as bt
import numpy as np
import pytest
import torch
from opinfo import gradients, same

LIBRARIES = [(bt, bn), (torch, torch.nn)]
LENGTHS = [2, 5, 1, 5, 3]  # neither sorted nor all different


def leaves(*shapes):
    """Random leaf tensors of both libraries."""
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape) for shape in shapes]
    return [bt.tensor(a, requires_grad=True) for a in arrays], [torch.tensor(a, requires_grad=True) for a in arrays]


def packed(library, nn, lengths=(3, 2, 2)):
    return nn.utils.rnn.pack_padded_sequence(library.zeros(4, 3, 2), list(lengths))


ERRORS = [
    (RuntimeError, "got 2", lambda b, n: packed(b, n, (3, 2))),
    (RuntimeError, "<= 0", lambda b, n: packed(b, n, (3, 2, 0))),
    (RuntimeError, "sorted in decreasing order", lambda b, n: packed(b, n, (2, 3, 1))),
    (RuntimeError, "1D CPU int64", lambda b, n: n.utils.rnn.pack_padded_sequence(b.zeros(4, 3, 2), b.tensor([[3, 2, 2]]))),
    (RuntimeError, "empty", lambda b, n: n.utils.rnn.pack_padded_sequence(b.zeros(0, 3, 2), [1, 1, 1])),
    (IndexError, None, lambda b, n: n.utils.rnn.pack_padded_sequence(b.zeros(3), [1, 1, 1])),
    (ValueError, "total_length=2", lambda b, n: n.utils.rnn.pad_packed_sequence(packed(b, n), total_length=2)),
    (RuntimeError, "iterable", lambda b, n: n.utils.rnn.pad_sequence(3)),
    (RuntimeError, "empty list", lambda b, n: n.utils.rnn.pad_sequence([])),
    (RuntimeError, None, lambda b, n: n.utils.rnn.pad_sequence([b.zeros(2, 3), b.zeros(3, 4)])),
    (RuntimeError, None, lambda b, n: n.utils.rnn.pad_sequence([b.zeros(()), b.zeros(())])),
    (RuntimeError, "left or right", lambda b, n: n.utils.rnn.pad_sequence([b.zeros(2, 3)], padding_side="middle")),
    (RuntimeError, "sorted in decreasing order", lambda b, n: n.utils.rnn.pack_sequence([b.zeros(1), b.zeros(2)])),
    (ValueError, "zip", lambda b, n: n.utils.rnn.unpad_sequence(b.zeros(4, 3), b.tensor([1, 2]))),
    (AssertionError, "length 2", lambda b, n: n.utils.rnn.PackedSequence(b.zeros(3))),
]  # fmt: skip


@pytest.mark.parametrize("libraries", LIBRARIES)
@pytest.mark.parametrize(("kind", "message", "action"), ERRORS)
def test_errors(libraries, kind, message, action):
    with pytest.raises(kind, match=message) as caught:
        action(*libraries)
    assert type(caught.value) is kind


def test_a_length_beyond_the_padded_batch_is_refused():
    with pytest.raises(RuntimeError, match=r"length 6 .* 4 time steps"):  # PyTorch packs what is not there
        packed(bt, bn, (6, 3, 1))


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("trailing", [(), (3,), (2, 3)])
def test_padding_and_packing_sequences(batch_first, side, trailing):
    given = leaves(*[(n, *trailing) for n in LENGTHS])
    results = []
    for (_, nn), sequences in zip(LIBRARIES, given, strict=True):
        rnn = nn.utils.rnn
        padded = rnn.pad_sequence(sequences, batch_first, -1.5, side)
        packed = rnn.pack_sequence(sequences, enforce_sorted=False)
        again, lengths = rnn.pad_packed_sequence(packed, batch_first, 2.5, 6)
        parts = rnn.unpad_sequence(again * 2, lengths, batch_first)
        results.append([padded, *packed, again, lengths, *parts, *rnn.unpack_sequence(packed)])
    pairs = same(*results, "packed")
    gradients(given, pairs, np.random.default_rng(1), "packed", False)


def test_packing_sorted_sequences_of_integers():
    results = []
    for library, nn in LIBRARIES:
        rnn = nn.utils.rnn
        sequences = [library.tensor([1, 2, 3]), library.tensor([4, 5]), library.tensor([6])]
        packed = rnn.pack_sequence(sequences)
        tensor = rnn.pack_padded_sequence(rnn.pad_sequence(sequences, True), library.tensor([2, 1, 1]), batch_first=True)
        inverses = [rnn.invert_permutation(order) for order in (library.tensor([2, 0, 1]), None)]
        results.append([*packed, *tensor, *inverses, rnn.pad_sequence(library.ones(3, 2))])
    same(*results, "packed")


def test_a_packed_sequence_is_a_named_tuple_that_converts():
    for library, nn in LIBRARIES:
        sequence = nn.utils.rnn.pack_sequence([library.ones(1), library.ones(2)], enforce_sorted=False)
        assert sequence._fields == ("data", "batch_sizes", "sorted_indices", "unsorted_indices")
        assert sequence.to(library.float32) is sequence.cpu() is sequence.float() is sequence
        assert not sequence.is_cuda
        for name, dtype in [("double", "float64"), ("half", "float16"), ("long", "int64"), ("int", "int32"), ("short", "int16"),
                            ("char", "int8"), ("byte", "uint8")]:
            converted = getattr(sequence, name)()
            assert type(converted) is nn.utils.rnn.PackedSequence
            assert converted.data.dtype == getattr(library, dtype)
            assert converted.batch_sizes is sequence.batch_sizes
            assert converted.sorted_indices.tolist() == [1, 0]
        pair = nn.utils.rnn.PackedSequence((sequence.data, sequence.batch_sizes), sorted_indices=sequence.sorted_indices)
        assert pair.unsorted_indices.tolist() == [1, 0]


def test_unpadding_leaves_the_padded_batch_as_it_is():
    batch = bt.zeros(4, 3)
    bn.utils.rnn.unpad_sequence(batch, bt.tensor([1, 2, 4]))  # PyTorch transposes it in place
    assert batch.shape == (4, 3)
