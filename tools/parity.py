"""`hatch run parity`: write docs/parity.md, which says name by name what of PyTorch is here, what is not, and where we differ.

What is here is found by looking; why a name is missing, and where we differ on purpose, stands in docs/parity.toml.
"""

from __future__ import annotations

import fnmatch
import inspect
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import byhand.nn.utils.parametrizations
import byhand.nn.utils.parametrize
import byhand.optim.swa_utils
import byhand.tensor
import torch

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "parity.md"
REASONS = ROOT / "docs" / "parity.toml"
WIDTH = 124
VERSION = torch.__version__.split("+")[0]


class Space(NamedTuple):
    """A namespace of PyTorch's beside ours."""

    name: str
    theirs: Any
    ours: Any


SPACES = [
    Space("torch", torch, byhand.tensor),
    Space("torch.Tensor", torch.Tensor, byhand.tensor.Tensor),
    Space("torch.linalg", torch.linalg, byhand.tensor.linalg),
    Space("torch.autograd", torch.autograd, byhand.tensor.autograd),
    Space("torch.autograd.functional", torch.autograd.functional, byhand.tensor.autograd.functional),
    Space("torch.func", torch.func, byhand.tensor.func),
    Space("torch.utils.data", torch.utils.data, byhand.tensor.utils.data),
    Space("torch.nn", torch.nn, byhand.nn),
    Space("torch.nn.functional", torch.nn.functional, byhand.nn.functional),
    Space("torch.nn.init", torch.nn.init, byhand.nn.init),
    Space("torch.nn.utils", torch.nn.utils, byhand.nn.utils),
    Space("torch.nn.utils.rnn", torch.nn.utils.rnn, byhand.nn.utils.rnn),
    Space("torch.nn.utils.parametrize", torch.nn.utils.parametrize, byhand.nn.utils.parametrize),
    Space("torch.nn.utils.parametrizations", torch.nn.utils.parametrizations, byhand.nn.utils.parametrizations),
    Space("torch.optim", torch.optim, byhand.optim),
    Space("torch.optim.lr_scheduler", torch.optim.lr_scheduler, byhand.optim.lr_scheduler),
    Space("torch.optim.swa_utils", torch.optim.swa_utils, byhand.optim.swa_utils),
]


def public(space: Any) -> list[str]:
    """What a namespace of PyTorch's offers: its functions, classes and methods, not what it imports from elsewhere."""
    if inspect.isclass(space):
        return [name for name in dir(space) if not name.startswith("_")]
    listed = getattr(space, "__all__", None) if space is not torch else None
    return sorted(name for name in listed or dir(space) if not name.startswith("_") and _offered(space, name))


def _offered(space: ModuleType, name: str) -> bool:
    value = getattr(space, name, None)
    home = getattr(value, "__module__", None) or "torch"
    return callable(value) and home.startswith("torch") and not (space is torch and inspect.isclass(value))


def elsewhere(space: Space, name: str) -> str | None:
    """Where a function of `torch` itself stands here, if it stands somewhere else."""
    if space.theirs is torch and name.endswith("_") and hasattr(byhand.tensor.Tensor, name):
        return "as methods of `Tensor`"
    return "in `nn.functional`" if space.theirs is torch and hasattr(byhand.nn.functional, name) else None


def reason(name: str, absent: dict[str, list[str]]) -> str:
    """Why a name is missing: the first reason with a pattern that fits."""
    for why, patterns in absent.items():
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
            return f"Missing, {why}"
    return "Not here"


def listed(names: list[str]) -> str:
    """Names in code quotes, wrapped."""
    return textwrap.fill(" ".join(f"`{name}`" for name in names), WIDTH, break_long_words=False, break_on_hyphens=False)


def chapter(space: Space, absent: dict[str, list[str]]) -> Iterator[str]:
    """What is here and what is not of one namespace."""
    names = public(space.theirs)
    here = [name for name in names if hasattr(space.ours, name)]
    missing: dict[str, list[str]] = {}
    for name in names:
        if name not in here:
            moved = elsewhere(space, name)
            title = f"Here {moved}" if moved else reason(f"{space.name}.{name}", absent)
            missing.setdefault(title, []).append(name)
    yield f"## {space.name}\n\n{len(here)} of {len(names)} names are here.\n"
    if here:
        yield f"{listed(here)}\n"
    for title in sorted(missing, key=lambda title: (not title.startswith("Here"), title == "Not here", title)):
        yield f"**{title}:** {listed(missing[title])}\n"


def page() -> str:
    """The whole page."""
    known = tomllib.loads(REASONS.read_text(encoding="utf-8"))
    parts = [
        "# Beside PyTorch\n",
        f"What of PyTorch {VERSION} is here, what is not, and where we differ. Made by `hatch run parity`; "
        "and a test fails where it is out of date.\n",
        "## Where we differ on purpose\n",
        *[f"- **{entry['what']}** {entry['how']} {entry['why']}".rstrip() for entry in known["differs"]],
        "",
    ]
    for space in SPACES:
        parts.extend(chapter(space, known["absent"]))
    return "\n".join(parts).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
