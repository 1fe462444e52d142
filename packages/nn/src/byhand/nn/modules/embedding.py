"""Embeddings as modules: a learned table of vectors."""

from __future__ import annotations

from typing import Any, Self

from byhand.tensor import Tensor, empty, no_grad

from .. import init
from ..functional import embedding, embedding_bag
from ..functional.embedding import check_not_sparse, padding_row
from ..parameter import Parameter
from .module import Module

__all__ = ["Embedding", "EmbeddingBag"]


class _Table(Module):
    """A weight (num_embeddings, embedding_dim) of normal numbers, whose row `padding_idx` is zero at first."""

    weight: Parameter

    def _fill(
        self, size: tuple[int, int], padding_idx: int | None, weight: Tensor | None, learned: bool, device: Any, dtype: Any
    ) -> None:
        self.num_embeddings, self.embedding_dim = size
        self.padding_idx = padding_row(padding_idx, self.num_embeddings)
        if weight is not None and tuple(weight.shape) != size:
            raise AssertionError(f"Shape of weight {tuple(weight.shape)} does not match num_embeddings and embedding_dim {size}")
        given = empty(*size, device=device, dtype=dtype) if weight is None else weight
        self.weight = Parameter(given, requires_grad=learned)
        if weight is None:
            self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the table anew from N(0, 1); the padding's row is zero."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx].fill_(0)

    @staticmethod
    def _check_table(embeddings: Tensor) -> None:
        if embeddings.ndim != 2:
            raise AssertionError(f"Embeddings parameter is expected to be 2-dimensional, but got shape {tuple(embeddings.shape)}")


class Embedding(_Table):
    """Rows of a table, looked up by number:   (*) of integers → (*, embedding_dim). See `functional.embedding` for the options.

    Raises AssertionError for a padding out of range, ValueError for `sparse=True`: gradients are dense here.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        check_not_sparse(sparse)
        super().__init__()
        self._fill((num_embeddings, embedding_dim), padding_idx, _weight, not _freeze, device, dtype)
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.sparse = sparse

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Self:
        """Return a layer over the table `embeddings`, which is learned further only if not frozen."""
        cls._check_table(embeddings)
        rows, columns = embeddings.shape
        return cls(rows, columns, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse, embeddings, freeze)

    def forward(self, input: Tensor) -> Tensor:
        """Return the rows."""
        return embedding(
            input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse
        )

    def extra_repr(self) -> str:
        """Return the sizes, and the options that are not the default."""
        parts = [f"{self.num_embeddings}, {self.embedding_dim}"]
        parts += [f"{name}={getattr(self, name)}" for name in ("padding_idx", "max_norm") if getattr(self, name) is not None]
        parts += [f"norm_type={self.norm_type}"] if self.norm_type != 2 else []
        parts += [f"scale_grad_by_freq={self.scale_grad_by_freq}"] if self.scale_grad_by_freq is not False else []
        return ", ".join(parts)


class EmbeddingBag(_Table):
    """Sums, means or maxima of rows of a table:   (B, N), or (N) with offsets (B) → (B, embedding_dim).

    See `functional.embedding_bag` for the options. Raises AssertionError for a padding out of range, ValueError for
    `sparse=True`: gradients are dense here.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Tensor | None = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        check_not_sparse(sparse)
        super().__init__()
        self._fill((num_embeddings, embedding_dim), padding_idx, _weight, True, device, dtype)
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.mode = mode
        self.sparse = sparse
        self.include_last_offset = include_last_offset

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> Self:
        """Return a layer over the table `embeddings`, which is learned further only if not frozen."""
        cls._check_table(embeddings)
        rows, columns = embeddings.shape
        layer = cls(
            rows, columns, max_norm, norm_type, scale_grad_by_freq, mode, sparse, embeddings, include_last_offset, padding_idx
        )
        layer.weight.requires_grad_(not freeze)
        return layer

    def forward(self, input: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None) -> Tensor:
        """Return one vector for each bag."""
        return embedding_bag(
            input,
            self.weight,
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            self.sparse,
            per_sample_weights,
            self.include_last_offset,
            self.padding_idx,
        )

    def extra_repr(self) -> str:
        """Return the sizes, the mode, and the options that are not the default."""
        parts = [f"{self.num_embeddings}, {self.embedding_dim}"]
        parts += [] if self.max_norm is None else [f"max_norm={self.max_norm}"]
        parts += [f"norm_type={self.norm_type}"] if self.norm_type != 2 else []
        parts += [f"scale_grad_by_freq={self.scale_grad_by_freq}"] if self.scale_grad_by_freq is not False else []
        parts += [f"mode={self.mode!r}"]
        parts += [] if self.padding_idx is None else [f"padding_idx={self.padding_idx}"]
        return ", ".join(parts)
