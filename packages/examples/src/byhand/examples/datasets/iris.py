"""Iris: 150 flowers of three species, 4 measurements each (Fisher, 1936)."""

from byhand.examples.datasets.tables import Table

__all__ = ["load"]


def load() -> Table:
    """Lengths and widths in cm; the species as 0, 1, 2."""
    from sklearn.datasets import load_iris

    found = load_iris()
    return Table(found.data, found.target, tuple(found.feature_names), tuple(map(str, found.target_names)))
