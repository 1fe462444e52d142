"""How good are the answers of a classifier with two classes? Counted by scikit-learn, shown in the terminal."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich import box
from rich.table import Table
from sklearn.metrics import auc, confusion_matrix, roc_curve

__all__ = ["BinaryReport"]


@dataclass(frozen=True)
class BinaryReport:
    """What the scores of a classifier are worth, given the truth: class 1, "positive", is the one looked for.

    `true_rates` over `false_rates` is the ROC curve: the share of positives found, and of negatives suspected wrongly,
    at every threshold.
    """

    classes: tuple[str, ...]
    confusion: npt.NDArray[np.int64]  # [truth, answer]
    false_rates: npt.NDArray[np.float64]
    true_rates: npt.NDArray[np.float64]

    @classmethod
    def of(
        cls, truth: npt.NDArray[np.float32], logits: npt.NDArray[np.float32], classes: tuple[str, ...]
    ) -> "BinaryReport":
        """Count. A logit above 0 (a probability above ½) is the answer "positive"."""
        false_rates, true_rates, _ = roc_curve(truth, logits)
        return cls(classes, confusion_matrix(truth, logits > 0, labels=[0, 1]), false_rates, true_rates)

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
        return float(auc(self.false_rates, self.true_rates))

    def summary(self) -> dict[str, float]:
        """The four figures, by name."""
        return {"accuracy": self.accuracy, "precision": self.precision, "recall": self.recall, "roc_auc": self.area}

    def tables(self) -> tuple[Table, Table]:
        """For the terminal: the figures, and the confusion matrix, truth → answer."""
        figures = Table("", "held out", box=box.SIMPLE_HEAD)
        figures.columns[1].justify = "right"
        for name in ("accuracy", "precision", "recall"):
            figures.add_row(name, f"{getattr(self, name):.1%}")
        figures.add_row("area under ROC", f"{self.area:.4f}")
        matrix = Table("truth", *(f"→ {name}" for name in self.classes), box=box.SIMPLE_HEAD)
        for i, (name, row) in enumerate(zip(self.classes, self.confusion)):
            cells = [f"[{'green' if i == j else 'red'}]{count}[/]" for j, count in enumerate(row)]
            matrix.add_row(name, *cells)
        for column in matrix.columns[1:]:
            column.justify = "right"
        return figures, matrix
