"""Digits: 1,797 handwritten digits, 8 × 8 pixels of 0 … 16 (Alpaydin & Kaynak, 1998)."""

from byhand.examples.datasets.tables import Table

__all__ = ["load"]


def load() -> Table:
    """The pixels row by row; the digit."""
    from sklearn.datasets import load_digits

    found = load_digits()
    return Table(found.data, found.target, tuple(found.feature_names), tuple("0123456789"))
