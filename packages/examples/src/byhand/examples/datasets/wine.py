"""Wine: 178 wines from three growers, 13 measurements each (Aeberhard & Forina, 1992)."""

from byhand.examples.datasets.tables import Table

__all__ = ["load"]


def load() -> Table:
    """The measurements as they are; the grower as 0, 1, 2."""
    from sklearn.datasets import load_wine

    found = load_wine()
    return Table(found.data, found.target, tuple(found.feature_names), tuple(map(str, found.target_names)))
