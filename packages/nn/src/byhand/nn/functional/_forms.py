"""The in-place form of an activation, where its argument `inplace` asks for it."""

from __future__ import annotations

from typing import Any

from byhand.tensor import Tensor
from byhand.tensor._inplace import inplace as inplace_form


def applied(function: Any, input: Tensor, inplace: bool, **options: Any) -> Tensor:
    """`function(input)`, laid into the input's memory if `inplace`."""
    if inplace:
        function = inplace_form(function, f"{function.__name__.strip('_')}_")
    return function(input, **options)  # type: ignore[no-any-return]
