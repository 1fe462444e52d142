"""How good are the answers of a model? Figures, and tables of them for the terminal."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from byhand.tensor import Tensor
from rich import box
from rich.table import Table

__all__ = [
    "BinaryReport", "accuracy", "binary_accuracy", "confusion_matrix", "confusion_table", "figures_table", "r_squared", "shown",
]  # fmt: skip

Counts = npt.NDArray[np.int64]


def accuracy(logits: Tensor, targets: Tensor) -> float:
    """The share of examples (N × classes) whose largest logit is that of their class."""
    return float(logits.argmax(dim=1).eq(targets).numpy().mean())


def binary_accuracy(logits: Tensor, targets: Tensor) -> float:
    """The share of right answers to questions of yes (1) or no (0), at the threshold p = ½, where the logit is 0."""
    return float((logits > 0).eq(targets > 0.5).numpy().mean())


def r_squared(answers: Tensor, targets: Tensor) -> float:
    """R² = 1 − Σ (t − y)² / Σ (t − t̄)²: 1 for perfect answers, 0 for those that always say the mean."""
    y, t = (np.asarray(x.numpy(), dtype=np.float64) for x in (answers, targets))
    return float(1 - ((t - y) ** 2).sum() / ((t - t.mean()) ** 2).sum())


def confusion_matrix(truth: npt.NDArray[np.int64], answers: npt.NDArray[np.int64], classes: int) -> Counts:
    """How often each class (row) was given each answer (column)."""
    return np.bincount(truth.astype(np.int64) * classes + answers, minlength=classes**2).reshape(classes, classes)


def confusion_table(confusion: Counts, classes: tuple[str, ...]) -> Table:
    """For the terminal: truth → answer; right answers green, wrong ones red."""
    matrix = Table("truth", *(f"→ {name}" for name in classes), box=box.SIMPLE_HEAD)
    for i, (name, row) in enumerate(zip(classes, confusion)):
        colours = ("green" if i == j else "red" if count else "dim" for j, count in enumerate(row))
        matrix.add_row(name, *(f"[{colour}]{count}[/]" for colour, count in zip(colours, row)))
    for column in matrix.columns[1:]:
        column.justify = "right"
    return matrix


def shown(name: str, value: float) -> str:
    """A figure as it is written for people: shares in per cent."""
    return f"{value:.2%}" if name.startswith(("accuracy", "exact", "precision", "recall")) else f"{value:.4f}"


def figures_table(figures: dict[str, float], of: str = "held out") -> Table:
    """For the terminal: each figure by its name; shares in per cent."""
    table = Table("", of, box=box.SIMPLE_HEAD)
    table.columns[1].justify = "right"
    for name, value in figures.items():
        table.add_row(name.replace("_", " "), shown(name, value))
    return table


@dataclass(frozen=True)
class BinaryReport:
    """What the scores of a classifier are worth, given the truth: class 1, "positive", is the one looked for.

    `true_rates` over `false_rates` is the ROC curve: the share of positives found, and of negatives suspected wrongly,
    at every threshold.
    """

    classes: tuple[str, ...]
    confusion: Counts  # [truth, answer]
    false_rates: npt.NDArray[np.float64]
    true_rates: npt.NDArray[np.float64]

    @classmethod
    def of(cls, truth: npt.NDArray[np.float32], logits: npt.NDArray[np.float32], classes: tuple[str, ...]) -> "BinaryReport":
        """Count. A logit above 0 (a probability above ½) is the answer "positive"."""
        from sklearn.metrics import roc_curve  # takes a second to import

        false_rates, true_rates, _ = roc_curve(truth, logits)
        answers = (logits > 0).astype(np.int64)
        return cls(classes, confusion_matrix(truth.astype(np.int64), answers, 2), false_rates, true_rates)

    @property
    def accuracy(self) -> float:
        """The share of right answers."""
        return float(np.trace(self.confusion) / self.confusion.sum())

    @property
    def precision(self) -> float:
        """Of those answered positive, the share that is; 0 if there are none."""
        return float(self.confusion[1, 1] / max(1, self.confusion[:, 1].sum()))

    @property
    def recall(self) -> float:
        """Of the positive ones, the share that was found; 0 if there are none."""
        return float(self.confusion[1, 1] / max(1, self.confusion[1].sum()))

    @property
    def area(self) -> float:
        """The area under the ROC curve: how often a positive example scores higher than a negative one."""
        return float(np.trapezoid(self.true_rates, self.false_rates))

    def summary(self) -> dict[str, float]:
        """The four figures, by name."""
        return {"accuracy": self.accuracy, "precision": self.precision, "recall": self.recall, "area_under_roc": self.area}

    def tables(self) -> tuple[Table, Table]:
        """For the terminal: the figures, and the confusion matrix, truth → answer."""
        return figures_table(self.summary()), confusion_table(self.confusion, self.classes)
