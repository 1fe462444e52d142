"""Each layer alone: its wheel and those it stands on in a fresh environment, what can be imported there, its own tests.

Takes the wheels from dist/ (`hatch build --all --target wheel`). Usage: python tools/layers.py [LAYER …]
"""

import os
import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ("scalar", "tensor", "nn", "optim", "examples")


def requirements(layer: str) -> list[str]:
    """The dependencies that a layer declares."""
    project = tomllib.loads((ROOT / "packages" / layer / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return list(project["dependencies"])


def stands_on(layer: str) -> set[str]:
    """The layers below this one, by what it declares, and by what those declare."""
    below = {match[1] for line in requirements(layer) if (match := re.match(r"byhand-(\w+)", line))}
    return below.union(*(stands_on(name) for name in below))


def wheel(layer: str) -> str:
    """The layer's wheel of this version."""
    version = (ROOT / "VERSION").read_text(encoding="utf-8").strip()
    path = ROOT / "dist" / f"byhand_{layer}-{version}-py3-none-any.whl"
    if not path.exists():
        raise SystemExit(f"{path} is missing: run `hatch build --all --target wheel` first")
    return str(path)


def check(layer: str) -> tuple[bool, str]:
    """Whether the layer passes in an environment of its own, and what its checks printed."""
    below = sorted(stands_on(layer))
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | {"MPLBACKEND": "agg"}
    with tempfile.TemporaryDirectory(prefix=f"byhand-{layer}-") as folder:
        venv.create(folder, with_pip=False)
        python = str(Path(folder) / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
        pip = [sys.executable, "-m", "pip", "--python", python, "install", "-qq", "--disable-pip-version-check"]
        output = ""
        # The wheels are named one by one: a sibling must never come from an index.
        for command in (
            [*pip, *map(wheel, [layer, *below])],
            [python, "-I", "tools/alone.py", layer, *below],
            [*pip, *groups["alone"]],
            [python, "-I", "-m", "pytest", "-q", "-p", "no:cacheprovider", f"packages/{layer}/tests"],
        ):
            step = subprocess.run(command, cwd=ROOT, env=clean, text=True, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            output += step.stdout
            if step.returncode:
                return False, output
    return True, output


def main() -> None:
    """Check the layers named on the command line, or all of them, two at a time."""
    layers = sys.argv[1:] or LAYERS
    if unknown := set(layers) - set(LAYERS):
        raise SystemExit(f"no layer {', '.join(sorted(unknown))}: choose from {', '.join(LAYERS)}")
    failed = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        for layer, (passed, output) in zip(layers, pool.map(check, layers), strict=True):
            print(f"── byhand.{layer} {'alone' if passed else 'FAILED'}\n{output}", flush=True)
            failed += [] if passed else [layer]
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
