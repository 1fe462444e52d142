"""Breast cancer: 569 patients, 30 measurements of cell nuclei (Street, Wolberg & Mangasarian, 1993)."""

from byhand.examples.datasets.tables import Table

__all__ = ["load"]


def load() -> Table:
    """The measurements as they are; 1 for a malignant tumour, 0 for a benign one."""
    from sklearn.datasets import load_breast_cancer

    found = load_breast_cancer()
    return Table(found.data, 1 - found.target, tuple(map(str, found.feature_names)), ("benign", "malignant"))
