"""What activations that can overwrite their input have in common."""

from __future__ import annotations

from .module import Module


def in_place(inplace: bool, before: str = ", ") -> str:
    """Return what `repr` says of the option."""
    return f"{before}inplace=True" if inplace else ""


class InPlace(Module):
    """An activation whose only option is to overwrite its input."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        """Return "inplace=True", or nothing."""
        return in_place(self.inplace, "")
