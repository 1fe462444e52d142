"""Connectionist temporal classification: the likelihood of a labelling whose alignment with the input is unknown.

Graves, Fernández, Gomez and Schmidhuber, ICML 2006. At each of T times the network emits one of C classes, one of them a blank.
A path of T emissions reads as a labelling: repetitions are drawn together, then the blanks dropped. The labels l₁ … l_S, with
blanks around each, are the L = 2S + 1 *stations* l′ that a path visits in order: from one time to the next it stays, moves on by
one, or by two, over a blank that does not part two equal labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np
from byhand.tensor import Tensor, op
from byhand.tensor._graph import Array
from byhand.tensor._tensor import wrap

from ._reduction import reduced, reduction_of

__all__ = ["ctc_loss"]


@op(outputs=("out", "forwards"), public=1)
def _ctc(
    input: Array, targets: Array, input_lengths: Array, target_lengths: Array, *, blank: int, zero_infinity: bool
) -> tuple[Array, Array]:
    r"""y_n = −ln Σ_paths Π_t p_t(path_t), of log-probabilities x = ln p:   (T, N, C) → (N,).

    α_t(s), the logarithm of the chance of all beginnings that stand on station s at time t, follows from those a time earlier:

        α_t(s) = x_t(l′_s) + ln(e^{α_{t−1}(s)} + e^{α_{t−1}(s−1)} + e^{α_{t−1}(s−2)}, the last where s may be reached by two)

    The paths end on one of the last two stations. β is the same for endings, so that α_t(s) + β_t(s) − x_t(l′_s) is the logarithm
    of the chance of all paths through s at t, and with it the chance that the labelling stands there,

        q_t(c) = Σ_{s: l′_s = c} e^{α_t(s) + β_t(s) − x_t(c) + y},   ∂y/∂x_t(c) = −q_t(c)

    PyTorch's gradient, and so ours, is p_t(c) − q_t(c), that of the logits: what it adds, log_softmax takes away again, since
    its rule maps p to p − p Σ p = 0.
    """
    stations, skips = _stations(targets, blank)
    emitted = _emitted(input, stations)
    forwards = _chances(emitted, skips, target_lengths)
    loss = -_final(forwards, input_lengths, target_lengths)
    if zero_infinity:
        loss = np.where(np.isinf(loss), 0.0, loss)
    return loss.astype(input.dtype), forwards


@_ctc.vjp("input")
def _(
    g: Array,
    input: Array,
    targets: Array,
    input_lengths: Array,
    target_lengths: Array,
    forwards: Array,
    blank: int,
    zero_infinity: bool,
) -> Any:
    return _ctc_backward.kernel(
        g, input, targets, input_lengths, target_lengths, forwards, blank=blank, zero_infinity=zero_infinity
    )


@op
def _ctc_backward(
    g: Array,
    input: Array,
    targets: Array,
    input_lengths: Array,
    target_lengths: Array,
    forwards: Array,
    *,
    blank: int,
    zero_infinity: bool,
) -> Array:
    r"""x̄_t(c) = ȳ (p_t(c) − q_t(c)), 0 after a sample's own end. Like PyTorch's, this has no derivative of its own.

    The endings are the beginnings of what is read backwards: times and stations are turned round, each within its length.
    """
    times, classes = input.shape[0], input.shape[2]
    stations, _ = _stations(targets, blank)
    emitted = _emitted(input, stations)
    time = (input_lengths - 1 - np.arange(times)[:, None]) % max(times, 1)  # (T, N)
    place = (2 * target_lengths[:, None] - np.arange(stations.shape[1])) % stations.shape[1]  # (N, L)
    turned = np.take_along_axis(np.take_along_axis(emitted, time[:, :, None], 0), place[None], 2)
    endings = _chances(turned, _skips(np.take_along_axis(stations, place, 1)), target_lengths)
    backwards = np.take_along_axis(np.take_along_axis(endings, time[:, :, None], 0), place[None], 2)
    total = _final(forwards, input_lengths, target_lengths)
    inside = np.arange(stations.shape[1]) <= 2 * target_lengths[:, None]
    through = np.where(inside, forwards + backwards - emitted - total[:, None], -np.inf)
    onto = (stations[:, :, None] == np.arange(classes)).astype(np.float64)  # (N, L, C)
    chance = np.matmul(np.moveaxis(np.exp(through), 1, 0), onto)  # (N, T, C)
    gradient = (np.exp(input) - np.moveaxis(chance, 0, 1)) * g[:, None]
    running = np.arange(times)[:, None] < input_lengths
    if zero_infinity:
        running = running & np.isfinite(total)
    return np.where(running[:, :, None], gradient, 0.0).astype(input.dtype)


@_ctc_backward.vjp("g", "input")
def _(u: Array) -> NoReturn:  # noqa: ARG001 (as every rule)
    raise RuntimeError("derivative for ctc_loss's backward is not implemented, as in PyTorch: it has first derivatives only")


# ---------------------------------------------------------------------- stations and chances


def _stations(targets: Array, blank: int) -> tuple[Array, Array]:
    """The labels with blanks around each, (N, L), and which of them may be reached by two."""
    stations = np.full((targets.shape[0], 2 * targets.shape[1] + 1), blank)
    stations[:, 1::2] = targets
    return stations, _skips(stations)


def _skips(stations: Array) -> Array:
    """Which stations differ from the one before the last: blanks never do."""
    skips = np.zeros(stations.shape, bool)
    skips[:, 2:] = stations[:, 2:] != stations[:, :-2]
    return skips


def _emitted(input: Array, stations: Array) -> Array:
    """x_t(l′_s), (T, N, L), in float64: over many times rounding would add up."""
    return np.take_along_axis(input, stations[None], 2).astype(np.float64)


def _chances(emitted: Array, skips: Array, target_lengths: Array) -> Array:
    """α of all times, (T, N, L): a loop over the times, each for all samples and stations at once."""
    chances = np.full(emitted.shape, -np.inf)
    if not len(emitted):
        return chances
    chances[0, :, 0] = emitted[0, :, 0]
    some = target_lengths > 0
    chances[0, some, 1:2] = emitted[0, some, 1:2]
    by_two = np.where(skips, 0.0, -np.inf)[:, 2:]
    ways = np.full((3, *emitted.shape[1:]), -np.inf)
    for t in range(1, len(emitted)):
        before = ways[0] = chances[t - 1]
        ways[1, :, 1:] = before[:, :-1]
        np.add(before[:, :-2], by_two, out=ways[2, :, 2:])
        chances[t] = _log_sum(ways) + emitted[t]
    return chances


def _log_sum(ways: Array) -> Array:
    """ln Σ e^w over the first dimension; −∞ where there is no way."""
    largest = ways.max(0)
    finite = np.where(np.isneginf(largest), 0.0, largest)
    return np.log(np.exp(ways - finite).sum(0)) + finite


def _final(forwards: Array, input_lengths: Array, target_lengths: Array) -> Array:
    """The logarithm of the chance of all whole paths of each sample, (N,)."""
    samples = np.arange(len(input_lengths))
    if not len(forwards):
        return np.where(target_lengths == 0, 0.0, -np.inf)
    last = forwards[input_lengths - 1, samples]  # (N, L)
    ends = last[samples, 2 * target_lengths], last[samples, np.maximum(2 * target_lengths - 1, 0)]
    total = _log_sum(np.stack([ends[0], np.where(target_lengths > 0, ends[1], -np.inf)]))
    nothing = np.where(target_lengths == 0, 0.0, -np.inf)
    return np.where(input_lengths > 0, total, nothing)


# ---------------------------------------------------------------------- the function


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Tensor | Sequence[int],
    target_lengths: Tensor | Sequence[int],
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    r"""−ln of the chance that the labels are read, over all alignments:   (T, N, C) → (), or (N,) with `reduction="none"`.

    Args:
        log_probs: logarithms of the classes' chances at each time, (T, N, C); or (T, C) without a batch.
        targets: labels (N, S), padded with anything; or all one after the other, (Σ target_lengths,).
        input_lengths: how many of the T times count, for each sample.
        target_lengths: how many labels each sample has.
        blank: the class that stands for no label.
        reduction: "mean" divides each loss by its number of labels (or 1) and takes the mean; "sum" or "none".
        zero_infinity: the loss of labels that do not fit into the input is 0 instead of infinite, and so is its gradient.

    Raises RuntimeError for sizes, lengths, labels and dtypes that do not fit. It has first derivatives only, as PyTorch's.
    """
    reduction = reduction_of(None, None, reduction)
    if log_probs.ndim not in (2, 3):
        raise RuntimeError(f"ctc_loss: log_probs must be (T, N, C) or (T, C), got {tuple(log_probs.shape)}")
    batch = log_probs if log_probs.ndim == 3 else log_probs.unsqueeze(1)
    times, samples, classes = batch.shape
    if batch._data.dtype.kind != "f":
        raise NotImplementedError(f"ctc_loss is not implemented for {batch.dtype}; it takes floating log-probabilities")
    if not 0 <= blank < classes:
        raise RuntimeError(f"blank must be in label range: it is {blank}, the classes are 0 … {classes - 1}")
    lengths = _lengths("input_lengths", input_lengths, samples, times)
    counts = _lengths("target_lengths", target_lengths, samples, None)
    labels = _padded(targets, counts, samples, classes)
    loss = _ctc(batch, *map(wrap, (labels, lengths, counts)), blank=blank, zero_infinity=zero_infinity)
    if reduction == "mean":
        loss = loss / wrap(np.maximum(counts, 1).astype(batch._data.dtype))
    return reduced(loss if log_probs.ndim == 3 else loss.squeeze(0), reduction)


def _lengths(name: str, given: Tensor | Sequence[int], samples: int, most: int | None) -> Array:
    lengths = given._data if isinstance(given, Tensor) else np.asarray(given)
    if lengths.size and lengths.dtype.kind not in "iu":
        raise RuntimeError(f"{name} must be integral, but they are {lengths.dtype}")
    lengths = lengths.astype(np.int64).reshape(-1)
    if lengths.shape != (samples,):
        raise RuntimeError(f"{name} must be of size batch_size: {samples}, but there are {len(lengths)}")
    if samples and lengths.min() < 0:
        raise RuntimeError(f"Expected {name} to have value at least 0, but got value {lengths.min()}")
    if samples and most is not None and lengths.max() > most:
        raise RuntimeError(f"Expected {name} to have value at most {most}, but got value {lengths.max()}")
    return lengths


def _padded(targets: Tensor, counts: Array, samples: int, classes: int) -> Array:
    """The labels as (N, S), 0 where a sample has none. Raises RuntimeError for labels that are no classes."""
    given, most = targets._data, int(counts.max(initial=0))
    if given.dtype.kind not in "iu":
        raise RuntimeError(f"targets must be integral, but they are {given.dtype}; convert them with long()")
    held = np.arange(most) < counts[:, None]
    labels = np.zeros((samples, most), np.int64)
    if given.ndim == 1:
        if len(given) != counts.sum():
            raise RuntimeError(
                f"Expected tensor to have size {counts.sum()} at dimension 0, but got size {len(given)} for targets"
            )
        labels[held] = given
    else:
        if given.ndim != 2 or len(given) != samples or given.shape[1] < most:
            raise RuntimeError(
                f"Expected tensor to have size {samples} at dimension 0 and at least {most} at dimension 1, but got "
                f"{list(given.shape)} for targets"
            )
        labels[held] = given[:, :most][held]
    if labels.size and not (labels.min() >= 0 and labels.max() < classes):
        raise RuntimeError(
            f"targets must be in label range, 0 … {classes - 1}, but they go from {labels.min()} to {labels.max()}"
        )
    return labels
