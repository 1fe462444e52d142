"""Names inside a model: which may be registered, how a nested repr is indented, and where an error arose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .module import Module


def check_name(module: object, name: str, kind: str, table: dict[str, Any]) -> None:
    """Raise TypeError or KeyError unless `name` can be registered in `table`."""
    if not isinstance(name, str):
        raise TypeError(f"{kind} name should be a string. Got {type(name).__name__}")
    if hasattr(module, name) and name not in table:
        raise KeyError(f"attribute '{name}' already exists")
    if "." in name:
        raise KeyError(f'{kind} name can\'t contain ".", got: {name}')
    if name == "":
        raise KeyError(f'{kind} name can\'t be empty string ""')


def indented(text: str) -> str:
    """Indent all lines but the first by two spaces."""
    return text.replace("\n", "\n  ")


class Place(str):
    """The note on an error that says in which module it arose. Each caller on the way out knows a longer path."""

    origin: Module


def locate(error: Exception, module: Module) -> None:
    """Note on `error`, which is passing through `module`, the path from there to the module where it arose (PEP 678).

    The error's type and message stay as they are: programs may match them.
    """
    notes: list[str] = error.__dict__.setdefault("__notes__", [])
    known = next((note for note in notes if isinstance(note, Place)), None)
    origin = module if known is None else known.origin
    path = next((path for path, below in module.named_modules() if below is origin), None)
    if path is None:  # called from within, but registered nowhere
        return
    note = Place(f"in {path} ({type(origin).__name__})" if path else f"in {type(origin).__name__}")
    note.origin = origin
    if known is None:
        notes.append(note)
    else:
        notes[notes.index(known)] = note
