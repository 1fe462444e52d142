"""The five packages as a whole: what they declare, what they import, what importing them does."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from alone import modules
from layers import LAYERS, ROOT, requirements
from packaging.requirements import Requirement

BELOW = {"scalar": set(), "tensor": set(), "nn": {"tensor"}, "optim": {"tensor"},
         "examples": {"scalar", "tensor", "nn", "optim"}}
VERSION = (ROOT / "VERSION").read_text(encoding="utf-8").strip()
IMPORT_NAMES = {"pillow": "PIL", "scikit-learn": "sklearn"}


def siblings(layer: str) -> dict[str, Requirement]:
    found = map(Requirement, requirements(layer))
    return {r.name.removeprefix("byhand-"): r for r in found if r.name.startswith("byhand-")}


def third_parties(layer: str) -> set[str]:
    """The packages that a layer declares beside its siblings, by the names under which they are imported."""
    names = {Requirement(line).name for line in requirements(layer)}
    return {IMPORT_NAMES.get(name, name) for name in names if not name.startswith("byhand-")}


def sources(layer: str) -> list[Path]:
    return sorted((ROOT / "packages" / layer / "src").rglob("*.py"))


def imported(path: Path) -> set[str]:
    """What a file imports, anywhere in it: `numpy`, `byhand.tensor`; relative imports stay inside their layer."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            assert len(path.parent.relative_to(ROOT).parts) - node.level >= 4, f"{path}:{node.lineno} leaves its layer"
        elif isinstance(node, ast.ImportFrom):
            found |= {f"byhand.{alias.name}" for alias in node.names} if node.module == "byhand" else {node.module}
    return {".".join(name.split(".")[: 2 if name.startswith("byhand.") else 1]) for name in found}


# ---- the packages ----

@pytest.mark.parametrize("layer", LAYERS)
def test_package_is_whole(layer):
    package = ROOT / "packages" / layer
    assert (package / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert not (package / "LICENSE").is_symlink()  # a link does not survive the sdist
    assert (package / "src/byhand" / layer / "py.typed").exists()
    assert [path.name for path in (package / "src/byhand").iterdir() if path.name != "__pycache__"] == [layer]


@pytest.mark.parametrize("layer", LAYERS)
def test_sibling_ranges_admit_the_version(layer):
    assert siblings(layer).keys() == BELOW[layer]
    for requirement in siblings(layer).values():
        assert requirement.specifier.contains(VERSION), f"{requirement} does not admit {VERSION}"


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_point_downwards_and_are_declared(layer):
    allowed = third_parties(layer)
    if layer == "examples":
        allowed.add("torch")  # `compare` shows PyTorch's column where PyTorch is installed
    else:
        assert allowed == (set() if layer == "scalar" else {"numpy"})
    allowed |= sys.stdlib_module_names | {f"byhand.{name}" for name in (layer, *BELOW[layer])}
    for path in sources(layer):
        assert not (names := imported(path) - allowed), f"{path.relative_to(ROOT)} imports {names}"


@pytest.mark.parametrize("layer", LAYERS)
def test_no_file_is_long(layer):
    lengths = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8").count("\n") for path in sources(layer)}
    assert not {path: lines for path, lines in lengths.items() if lines > 320}


# ---- what they export ----

@pytest.mark.parametrize("layer", LAYERS)
def test_exported_names(layer):
    assert hasattr(importlib.import_module(f"byhand.{layer}"), "__all__")
    for module in map(importlib.import_module, modules(layer)):
        names = getattr(module, "__all__", [])
        assert list(names) == sorted(set(names)), f"{module.__name__}.__all__ is not sorted"
        for name in names:
            value = getattr(module, name)
            if name.startswith("__"):
                continue  # Python's protocols say themselves what they are
            assert not callable(value) or value.__doc__, f"{module.__name__}.{name} has no docstring"


# ---- what importing them does ----

SIDE_EFFECTS = """
import importlib, logging, os, random, sys, threading, warnings
import numpy as np
from alone import modules

layer, *elsewhere = sys.argv[1:]
for name in elsewhere:  # what other people's packages do when they are imported is theirs
    importlib.import_module(name)

def state():
    return {
        "numpy's random state": repr(np.random.get_state()), "python's random state": random.getstate(),
        "numpy's error state": np.geterr(), "numpy's print options": np.get_printoptions(),
        "warnings": list(warnings.filters), "logging": (list(logging.root.handlers), logging.root.level),
        "loggers": {name: list(log.handlers) for name, log in logging.root.manager.loggerDict.items()
                    if isinstance(log, logging.Logger) and log.handlers},
        "environment": dict(os.environ), "path": list(sys.path), "hooks": (sys.excepthook, sys.displayhook),
        "recursion limit": sys.getrecursionlimit(), "threads": threading.active_count(), "numpy": sorted(dir(np)),
    }

before = state()
for name in modules(layer):
    importlib.import_module(name)
after = state()
sys.exit(", ".join(name for name in before if before[name] != after[name]) or 0)
"""


def imported_from_elsewhere(layer: str) -> set[str]:
    """The modules of third parties that a layer's files import, by their full names."""
    found = set()
    for path in (ROOT / "packages" / layer / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            found.update(name for name in names if name.split(".")[0] in third_parties(layer))
    return found


@pytest.mark.parametrize("layer", LAYERS)
def test_import_has_no_side_effects(layer):
    command = [sys.executable, "-c", SIDE_EFFECTS, layer, *imported_from_elsewhere(layer)]
    run = subprocess.run(command, cwd=ROOT / "tools", capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_readme_example_prints_what_it_says():
    code, said = re.search(r"```python\n(.*?)```\n+```\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL).groups()
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    number = r"\d+\.\d+"
    assert re.sub(number, "#", printed) == re.sub(number, "#", said)
    # another processor's products may round otherwise, and 500 steps carry that far
    assert list(map(float, re.findall(number, printed))) == pytest.approx(list(map(float, re.findall(number, said))), rel=0.05)
