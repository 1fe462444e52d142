"""`Parameter`: a tensor that a module registers as something to be learned."""

from __future__ import annotations

from typing import Any

from byhand.tensor import Tensor

__all__ = ["Parameter"]


class Parameter(Tensor):
    """A leaf tensor that enters `Module.parameters()` when it is assigned as an attribute of a module.

    It shares the memory of `data`. Raises RuntimeError if `requires_grad` is asked of a tensor that is not floating.
    """

    __slots__ = ()

    def __init__(self, data: Any = (), requires_grad: bool = True) -> None:
        super().__init__(data, requires_grad=requires_grad)

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        """Return a parameter of its own memory, without the gradient, as PyTorch does."""
        if id(self) not in memo:
            memo[id(self)] = Parameter(self.detach().clone(), self.requires_grad)
        return memo[id(self)]  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"
