"""Softmax over very many classes, rare ones in clusters of their own. Grave et al., arXiv:1609.04309."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from byhand.tensor import Tensor, argmax, cat, nonzero, zeros_like

from .. import functional as F
from .container import ModuleList, Sequential
from .linear import Linear
from .module import Module

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class _ASMoutput(NamedTuple):
    """The log-probability of each target, and the mean of their negatives."""

    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """ln p_t for classes sorted by frequency: the frequent ones are the head, beside an entry for each cluster of rare ones.

    For a class t of cluster k, ln p_t = ln p(k) + ln p(t | k); the cluster's own logits come from a projection to
    ⌊in_features / div_value^{k+1}⌋ numbers, and are computed only for samples whose target stands there.

    Args:
        cutoffs: the first class of each cluster, ascending, between 1 and `n_classes` − 1.
        head_bias: give the head a bias.

    Raises ValueError for other cutoffs.
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        _check_cutoffs(list(cutoffs), n_classes)
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*cutoffs, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, bias=head_bias, device=device, dtype=dtype)
        self.tail = ModuleList()
        for i, (start, stop) in enumerate(itertools.pairwise(self.cutoffs)):
            hidden = int(in_features // (div_value ** (i + 1)))
            self.tail.append(
                Sequential(
                    Linear(in_features, hidden, bias=False, device=device, dtype=dtype),
                    Linear(hidden, stop - start, bias=False, device=device, dtype=dtype),
                )
            )

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        self.head.reset_parameters()
        for cluster in self.tail:
            for layer in cast(Sequential, cluster):
                cast(Linear, layer).reset_parameters()

    def forward(self, input_: Tensor, target_: Tensor) -> _ASMoutput:
        """Return the targets' log-probabilities and the loss:   (N, D), (N,) → (N,), ().

        Raises RuntimeError for shapes that do not fit and for classes that are not there.
        """
        _check_shapes(input_, target_)
        batched = target_.ndim == 1
        input, target = (input_, target_) if batched else (input_.unsqueeze(0), target_.unsqueeze(0))
        if target.numel() and not (int(target.min()) >= 0 and int(target.max()) < self.n_classes):
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range "
                f"[{target.min().item()}, {target.max().item()}] were found. "
            )
        entry = target.clamp(max=self.shortlist_size - 1)  # each sample's in the head
        rare = zeros_like(input[:, 0])
        for i, (start, stop) in enumerate(itertools.pairwise(self.cutoffs)):
            rows = nonzero((target >= start) & (target < stop), as_tuple=True)[0]
            if not rows.numel():
                continue
            entry = entry.index_fill(0, rows, self.shortlist_size + i)
            inside = F.log_softmax(self.tail[i](input.index_select(0, rows)), 1)
            rare = rare.index_copy(0, rows, _chosen(inside, target[rows] - start))
        output = rare + _chosen(F.log_softmax(self.head(input), 1), entry)
        return _ASMoutput(output if batched else output.squeeze(0), (-output).mean())

    def log_prob(self, input: Tensor) -> Tensor:
        """Return ln p of all classes:   (N, D) → (N, n_classes)."""
        head = F.log_softmax(self.head(input), 1)
        parts = [head[:, : self.shortlist_size]]
        for i, cluster in enumerate(self.tail):
            parts.append(F.log_softmax(cluster(input), 1) + head[:, self.shortlist_size + i].unsqueeze(1))
        return cat(parts, 1)

    def predict(self, input: Tensor) -> Tensor:
        """Return the most probable class of each sample:   (N, D) → (N,).

        Where the head's largest entry is a class, no cluster can hold a more probable one.
        """
        best = argmax(self.head(input), 1)
        rows = nonzero(best >= self.shortlist_size, as_tuple=True)[0]
        return best.index_copy(0, rows, argmax(self.log_prob(input[rows]), 1)) if rows.numel() else best


def _chosen(log_probs: Tensor, index: Tensor) -> Tensor:
    return log_probs.gather(1, index.unsqueeze(1)).squeeze(1)  # type: ignore[no-any-return]


def _check_cutoffs(cutoffs: list[int], classes: int) -> None:
    if not cutoffs:
        raise ValueError("cutoffs should be a sequence of length larger than 0")
    ascending = cutoffs == sorted(set(cutoffs)) and all(int(c) == c for c in cutoffs)
    if not ascending or cutoffs[0] <= 0 or cutoffs[-1] > classes - 1:
        raise ValueError(
            "cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where each value is "
            f"between 1 and n_classes-1 ({classes - 1}), got {cutoffs}"
        )


def _check_shapes(input: Tensor, target: Tensor) -> None:
    if target.ndim > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if target.ndim == 1 and input.shape[:1] != target.shape:
        raise RuntimeError("Input and target should have the same size in the batch dimension.")
    if input.ndim != target.ndim + 1:
        raise RuntimeError(
            f"{target.ndim}D target tensor expects {target.ndim + 1}D input tensors, but found inputs with size {input.shape}"
        )
