"""Diabetes: 442 patients, 10 measurements, and how far the disease went in a year (Efron et al., 2004)."""

from byhand.examples.datasets.tables import Table

__all__ = ["load"]


def load() -> Table:
    """The measurements as they are (neither centred nor scaled); the progression, 25 … 346."""
    from sklearn.datasets import load_diabetes

    found = load_diabetes(scaled=False)
    return Table(found.data, found.target, tuple(found.feature_names))
