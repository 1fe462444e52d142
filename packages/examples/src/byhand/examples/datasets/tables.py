"""What the small tables have in common. They come with scikit-learn; there is nothing to download."""

from typing import Any, NamedTuple

import numpy as np

__all__ = ["Table"]


class Table(NamedTuple):
    """Measurements (N × features, float64), what is asked for (N), and the names of the features and of the classes."""

    inputs: np.ndarray[Any, np.dtype[np.float64]]
    targets: np.ndarray[Any, np.dtype[Any]]
    features: tuple[str, ...]
    classes: tuple[str, ...] = ()
