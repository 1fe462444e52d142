"""`AveragedModel`: a copy of a model whose weights are an average of the model's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from itertools import chain
from typing import Any, Protocol, Self

import numpy as np
from byhand.tensor import Tensor, int64, no_grad, tensor
from byhand.tensor.creation import check_device

from .averages import Average, Averages, get_swa_avg_fn

BELOW = "module."


class Model(Protocol):
    """What this layer knows of a module."""

    training: bool

    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
    def parameters(self, recurse: bool = True) -> Iterator[Any]: ...
    def buffers(self, recurse: bool = True) -> Iterator[Any]: ...


class AveragedModel:
    """A copy of `model` that follows the mean of its weights (SWA), or another average (`averages`).

    The first `update_parameters(model)` copies; each later one averages. It is called like the model, and what can be asked
    of a module can be asked of it: parameters and state stand below "module.", as in PyTorch.

    One thing differs: `optim` and `nn` do not know each other, so this is no `nn.Module`, and cannot be a part of one.
    It has no hooks; register them on `averaged.module`.

    Args:
        model: a module, which is copied.
        device: where the copy is kept.
        avg_fn: (w̄, w, n) ↦ the new w̄, of one tensor after the other.
        multi_avg_fn: changes the w̄ of all tensors of one dtype in place, given lists w̄ and w, and n.
        use_buffers: average the buffers too; otherwise they are copied.

    Raises AssertionError if both functions are given, RuntimeError for any device but the CPU.
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Any,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: Averages | None = None,
        use_buffers: bool = False,
    ) -> None:
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        check_device(device)
        self.module = deepcopy(model)
        self.n_averaged = tensor(0, dtype=int64)
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers
        self.training = True

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the averaged model's output."""
        return self.module(*args, **kwargs)

    __call__ = forward

    # ------------------------------------------------------------------ averaging

    @no_grad()
    def update_parameters(self, model: Model) -> None:
        """Let the averages follow the weights of `model`. Buffers are copied unless they are averaged too.

        Raises ValueError if it has other buffers than the copy.
        """
        pairs = [(a.detach(), b.detach()) for a, b in zip(self._followed(self.module), self._followed(model), strict=False)]
        copies = [] if self.use_buffers else list(zip(self.module.buffers(), model.buffers(), strict=True))
        if not self.n_averaged:
            copies += pairs
        elif self.multi_avg_fn is not None:
            self._average(pairs, self.multi_avg_fn)
        else:
            averaged = self.avg_fn or get_swa_avg_fn()
            copies += [(average, averaged(average, current, self.n_averaged)) for average, current in pairs]
        for average, current in copies:
            average.detach().copy_(current)
        self.n_averaged += 1

    def _followed(self, model: Model) -> Iterator[Tensor]:
        return chain(model.parameters(), model.buffers()) if self.use_buffers else model.parameters()

    def _average(self, pairs: list[tuple[Tensor, Tensor]], average: Averages) -> None:
        for dtype in dict.fromkeys(a.dtype for a, _ in pairs):
            alike = [pair for pair in pairs if pair[0].dtype == dtype]
            average([a for a, _ in alike], [current for _, current in alike], self.n_averaged)

    # ------------------------------------------------------------------ what is in it

    def named_modules(
        self, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        """Yield this and all modules below it with their paths."""
        memo = set() if memo is None else memo
        if self not in memo:
            if remove_duplicate:
                memo.add(self)
            yield prefix, self
            yield from self.module.named_modules(memo, _below(prefix), remove_duplicate)

    def modules(self) -> Iterator[Any]:
        """Yield this and all modules below it."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Any]]:
        """Yield the averaged model, with its name "module"."""
        return iter([("module", self.module)])

    def children(self) -> Iterator[Any]:
        """Yield the averaged model."""
        return iter([self.module])

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        """Yield the averaged parameters with their paths."""
        return self.module.named_parameters(_below(prefix), remove_duplicate=remove_duplicate) if recurse else iter(())

    def parameters(self, recurse: bool = True) -> Iterator[Any]:
        """Yield the averaged parameters."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Yield `n_averaged` and the averaged model's buffers with their paths."""
        yield f"{prefix}.n_averaged" if prefix else "n_averaged", self.n_averaged
        if recurse:
            yield from self.module.named_buffers(_below(prefix), remove_duplicate=remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Yield `n_averaged` and the averaged model's buffers."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    # ------------------------------------------------------------------ modes and conversions

    def train(self, mode: bool = True) -> Self:
        """Put all in training mode (or, with False, in evaluation mode)."""
        self.module.train(mode)
        self.training = mode
        return self

    def eval(self) -> Self:
        """Put all in evaluation mode."""
        return self.train(False)

    def apply(self, fn: Callable[[Any], Any]) -> Self:
        """Call `fn` on every module below, children first, then on this."""
        self.module.apply(fn)
        fn(self)
        return self

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Say for all parameters whether gradients are computed for them."""
        self.module.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all parameters' gradients; with `set_to_none=False`, fill them with zeros."""
        self.module.zero_grad(set_to_none)

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Change the dtype of all floating parameters and buffers, in place, as `Module.to` does."""
        self.module.to(*args, **kwargs)
        return self

    def float(self) -> Self:
        """Change all floating parameters and buffers to float32."""
        self.module.float()
        return self

    def double(self) -> Self:
        """Change all floating parameters and buffers to float64."""
        self.module.double()
        return self

    def half(self) -> Self:
        """Change all floating parameters and buffers to float16."""
        self.module.half()
        return self

    def __repr__(self) -> str:
        inner = repr(self.module).replace("\n", "\n  ")
        return f"{type(self).__name__}(\n  (module): {inner}\n)"

    # ------------------------------------------------------------------ keeping

    def state_dict(
        self, *, destination: dict[str, Any] | None = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Any]:
        """Return `n_averaged`, and all parameters and persistent buffers below "module."; see `Module.state_dict`."""
        key, value = f"{prefix}n_averaged", self.n_averaged if keep_vars else self.n_averaged.detach()
        if destination is not None:
            destination[key] = value
        state: Any = self.module.state_dict(destination=destination, prefix=f"{prefix}module.", keep_vars=keep_vars)
        if destination is None:
            state[key] = value
            state.move_to_end(key, last=False)
        return state  # type: ignore[no-any-return]

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Go on from a `state_dict()`, here or in PyTorch; see `Module.load_state_dict`.

        Raises RuntimeError, having changed nothing, if the keys (when `strict`) or any shape do not fit.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict).__name__}.")
        inner = _Stripped({key[len(BELOW) :]: value for key, value in state_dict.items() if key.startswith(BELOW)})
        metadata = getattr(state_dict, "_metadata", None) or {}
        inner._metadata = {path[len(BELOW) :]: entry for path, entry in metadata.items() if f"{path}.".startswith(BELOW)}
        missing = [] if "n_averaged" in state_dict else ["n_averaged"]
        unexpected = [key for key in state_dict if not key.startswith(BELOW) and key != "n_averaged"]
        count = None if missing else np.asarray(state_dict["n_averaged"])
        self._complain(missing if strict else [], unexpected if strict else [], count)
        keys = self.module.load_state_dict(inner, strict, assign)
        if count is not None:
            self.n_averaged.fill_(int(count))
        keys.missing_keys[:] = missing + [BELOW + key for key in keys.missing_keys]
        keys.unexpected_keys[:] = unexpected + [BELOW + key for key in keys.unexpected_keys]
        return keys

    def _complain(self, missing: list[str], unexpected: list[str], count: Any) -> None:
        """Raise RuntimeError if keys are missing or unexpected, or the count is no number."""
        problems = [f"Missing key(s) in state_dict: {missing}. "] * bool(missing)
        problems += [f"Unexpected key(s) in state_dict: {unexpected}. "] * bool(unexpected)
        if count is not None and count.shape != ():
            problems.append(
                f"size mismatch for n_averaged: copying a param with shape torch.Size({list(count.shape)}) from checkpoint, "
                "the shape in current model is torch.Size([])."
            )
        if problems:
            lines = "\n\t".join(problems)
            raise RuntimeError(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t{lines}")


class _Stripped(dict[str, Any]):
    """A state dict without its prefix, with the version of each module's layout."""

    _metadata: dict[str, Any]


def _below(prefix: str) -> str:
    return f"{prefix}.module" if prefix else "module"
