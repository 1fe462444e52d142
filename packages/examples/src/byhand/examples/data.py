"""Data sets, split and standardised, as tensors."""

from dataclasses import dataclass

import byhand.tensor as torch
import numpy as np
import numpy.typing as npt
from byhand.tensor import Tensor
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

__all__ = ["Part", "Split", "breast_cancer"]


@dataclass(frozen=True)
class Part:
    """Some examples of a data set: inputs (N × features) and targets (N), both float32."""

    inputs: Tensor
    targets: Tensor

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, chosen: npt.NDArray[np.int64]) -> "Part":
        return Part(self.inputs[chosen], self.targets[chosen])


@dataclass(frozen=True)
class Split:
    """A data set in three parts: `train` to learn from, `validation` to choose by, `test` to look at once, at the end."""

    train: Part
    validation: Part
    test: Part
    classes: tuple[str, ...]


def breast_cancer(seed: int) -> Split:
    """The Wisconsin breast-cancer data: 30 measurements of cell nuclei, and whether the tumour was malignant (1) or not.

    569 patients, split by `seed` into 341 to train, 114 to validate and 114 to test, each with the same share of
    malignant tumours. All are standardised with the mean and the deviation of the training part: of the others nothing
    is known beforehand. Source: Street, Wolberg & Mangasarian (1993), bundled with scikit-learn.
    """
    inputs, benign = load_breast_cancer(return_X_y=True)
    malignant = 1 - benign
    rest_x, test_x, rest_y, test_y = train_test_split(
        inputs, malignant, test_size=114, stratify=malignant, random_state=seed
    )
    train_x, validation_x, train_y, validation_y = train_test_split(
        rest_x, rest_y, test_size=114, stratify=rest_y, random_state=seed
    )
    scaler = StandardScaler().fit(train_x)

    def part(x: npt.NDArray[np.float64], y: npt.NDArray[np.int64]) -> Part:
        return Part(
            torch.tensor(scaler.transform(x).astype(np.float32)),
            torch.tensor(y.astype(np.float32)),
        )

    return Split(part(train_x, train_y), part(validation_x, validation_y), part(test_x, test_y), ("benign", "malignant"))
