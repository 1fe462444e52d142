"""`ParametrizationList`: the parameters behind a parametrised tensor, and the modules that compute it from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from byhand.tensor import Tensor, no_grad

from ..modules.container import ModuleList
from ..modules.module import Module
from ..parameter import Parameter

UNSAFE = "unless `unsafe` flag is enabled."


class ParametrizationList(ModuleList):
    """The parametrisations of one tensor in a row, and what the first of them is given: `original`, or `original0`, ….

    Called without arguments it computes the tensor. `register_parametrization` makes it; nobody else need.

    Args:
        modules: the parametrisations.
        original: the tensor until now. What their `right_inverse` make of it, if they have one, is what they start from.
        unsafe: do not check that dtype and shape stay the same.

    Raises ValueError, having changed nothing, if it has no modules or what they return does not fit.
    """

    original: Tensor
    unsafe: bool

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False) -> None:
        if len(modules) == 0:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        with no_grad():
            new: Any = original
            for module in reversed(list(self)):
                new = inverted(module, new)
        self.is_tensor = isinstance(new, Tensor)
        self.ntensors = 1 if self.is_tensor else _count(new)
        if self.is_tensor and new.dtype != original.dtype:
            raise ValueError(
                "When `right_inverse` outputs one tensor, it may not change the dtype.\n"
                f"original.dtype: {original.dtype}\nright_inverse(original).dtype: {new.dtype}"
            )
        if not unsafe:
            with no_grad():
                check_kept(original, self._computed([new] if self.is_tensor else list(new)), "", UNSAFE)
        self._register(original, new)

    def _register(self, original: Tensor, new: Any) -> None:
        """Hold what the first parametrisation is given: in the tensor that was there, which the optimiser knows, or new ones."""
        if self.is_tensor:
            original.data = new.detach()
            register(self, "original", original)
            return
        for i, tensor in enumerate(new):
            if isinstance(original, Parameter):
                register(self, f"original{i}", Parameter(tensor.detach(), original.requires_grad))
            else:
                register(self, f"original{i}", tensor.detach().requires_grad_(original.requires_grad))

    def right_inverse(self, value: Tensor) -> None:
        """Let the tensor become `value`, or as near as it can come: undo the parametrisations, the last first.

        Raises RuntimeError if one cannot be undone, ValueError if what comes out does not fit.
        """
        new: Any = value
        with no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(f"parametrization {type(module).__name__} does not implement right_inverse.")
                new = module.right_inverse(new)
        if self.is_tensor and not isinstance(new, Tensor):
            raise ValueError(f"`right_inverse` should return a tensor. Got {type(new).__name__}")
        tensors = [new] if self.is_tensor else list(new) if _count(new) == self.ntensors else None
        if tensors is None:
            raise ValueError(
                f"'right_inverse' must return a sequence of tensors of length {self.ntensors}. "
                f"Got a sequence of length {len(new)}."
            )
        for held, tensor in zip(self._originals(), tensors, strict=True):
            if held.dtype != tensor.dtype:
                raise ValueError(f"The tensor returned by `right_inverse` has dtype {tensor.dtype}, `original` {held.dtype}")
        for held, tensor in zip(self._originals(), tensors, strict=True):
            held.data = tensor.detach()

    def _originals(self) -> list[Tensor]:
        return [self.original] if self.is_tensor else [getattr(self, f"original{i}") for i in range(self.ntensors)]

    def forward(self) -> Any:
        """Compute the tensor."""
        return self._computed(self._originals())

    def _computed(self, originals: list[Tensor]) -> Any:
        first, *others = list(self)
        x = first(*originals)
        for module in others:
            x = module(x)
        return x


def inverted(module: Module, value: Any) -> Any:
    """Undo a parametrisation; where it does not say how, the value itself."""
    if hasattr(module, "right_inverse"):
        try:
            return module.right_inverse(value)
        except NotImplementedError:
            return value
    return value


def check_kept(before: Tensor, after: Any, name: str, unless: str) -> None:
    """Raise ValueError unless `after` is a tensor of the dtype and the shape of `before`."""
    if not isinstance(after, Tensor):
        raise ValueError(f"A parametrization must return a tensor. Got {type(after).__name__}.")
    for kind, old, new in (("dtype", before.dtype, after.dtype), ("shape", before.shape, after.shape)):
        if old != new:
            raise ValueError(
                f"Registering a parametrization may not change the {kind} of the tensor, {unless}\n"
                f"{name}unparametrized {kind}: {old}\n{name}parametrized {kind}: {new}"
            )


def register(module: Module, name: str, tensor: Tensor | None) -> None:
    """Add a parameter, or a buffer."""
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


def _count(tensors: Any) -> int:
    """How many tensors there are. Raises ValueError if these are not tensors in a sequence."""
    if not isinstance(tensors, Sequence):
        raise ValueError(
            f"'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got {type(tensors).__name__}"
        )
    for i, tensor in enumerate(tensors):
        if not isinstance(tensor, Tensor):
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). "
                f"Got element {i} of the sequence with type {type(tensor).__name__}."
            )
    return len(tensors)
