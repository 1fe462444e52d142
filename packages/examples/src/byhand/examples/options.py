"""What a run can be told, on the command line or in Python. Each field carries the help that the command line shows."""

from dataclasses import dataclass, field, fields
from typing import Any, Self

__all__ = ["Options", "option"]


def option(
    default: Any,
    about: str,
    *,
    least: float | None = None,
    above: float | None = None,
    choices: tuple[str, ...] = (),
    fixed: bool = True,
    hint: str = "",
) -> Any:
    """A field of `Options`: its default, its help, the `least` value allowed, what it must lie `above`, or the only `choices`.

    What is not `fixed` may change when a run is resumed, and is not kept with it. `hint` is shown for the default.
    """
    metadata = {"about": about, "least": least, "above": above, "choices": choices, "fixed": fixed, "hint": hint}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options that all examples have; those of one alone are in a subclass of its own."""

    epochs: int = option(10, "Passes over the training part.", least=1)
    batch_size: int = option(32, "Examples in a minibatch.", least=2)
    lr: float = option(1e-3, "Step size; the highest, if a schedule moves it.", above=0)
    seed: int = option(0, "Fixes split, first weights, order and dropout.", least=0)
    steps: int = option(0, "Stop after so many steps.", least=0, hint="whole epochs")
    patience: int = option(0, "Stop once so many evaluations in a row were none better.", least=0, hint="never")
    limit: int = option(0, "Use so many examples of each part at most, for a quick look.", least=0, hint="all")
    data: str = option("", "Folder with the files.", fixed=False, hint="BYHAND_DATA, or downloaded into a cache")

    def completed(self) -> Self:
        """The options of a new run, those filled in that follow from others. Raises a click error if they do not go together."""
        return self

    def kept(self) -> dict[str, Any]:
        """What is fixed once a run has begun (the number of epochs may grow)."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.metadata["fixed"]}
