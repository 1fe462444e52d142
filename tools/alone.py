"""Run by tools/layers.py inside a layer's own environment: what can and what cannot be imported there.

Usage: python -I tools/alone.py LAYER [LAYER BELOW …]
"""

import importlib
import importlib.util
import pkgutil
import sys
from importlib.metadata import requires

LAYERS = {"scalar", "tensor", "nn", "optim", "examples"}


def modules(layer: str) -> list[str]:
    """The layer and all modules in it, except the program."""
    package = importlib.import_module(f"byhand.{layer}")
    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    return [package.__name__, *(module.name for module in found if not module.name.endswith(".__main__"))]


def main(layer: str, *below: str) -> None:
    """Import all of the layer, then look for what should not be there."""
    here = {layer, *below}
    for name in LAYERS:
        importable = importlib.util.find_spec(f"byhand.{name}") is not None
        assert importable == (name in here), f"byhand.{name} can{'' if importable else 'not'} be imported"

    names = modules(layer)
    for name in names:
        importlib.import_module(name)
    assert getattr(sys.modules["byhand"], "__file__", None) is None, "byhand/__init__.py breaks the shared namespace"
    loaded = {name for name in LAYERS if f"byhand.{name}" in sys.modules}
    assert loaded <= here, f"byhand.{layer} imports {loaded - here}"

    # Only the programs may use more than Python and NumPy.
    numpy = importlib.util.find_spec("numpy") is not None
    assert numpy == (layer != "scalar"), f"numpy can{'' if numpy else 'not'} be imported"
    third = {module.split(".")[0] for module in sys.modules} - sys.stdlib_module_names - {"__main__", "byhand"}
    third = {name for name in third if "cython" not in name}  # what NumPy's compiled modules register
    if layer != "examples":
        assert third <= {"numpy"}, f"byhand.{layer} imports {third - {'numpy'}}"
    assert importlib.util.find_spec("torch") is None, "torch is for tests only"

    needs = ", ".join(requires(f"byhand-{layer}") or ["nothing but Python"])
    print(f"{len(names)} modules imported, needs {needs}")


if __name__ == "__main__":
    main(*sys.argv[1:])
