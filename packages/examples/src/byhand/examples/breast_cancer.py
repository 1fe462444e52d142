"""Benign or malignant? A small network reads 30 measurements of cell nuclei and answers.

The whole program is on this page: the data (341 patients to learn from, 114 to choose by, 114 never seen), the model,
the loss, the optimiser, and what is shown at the end. The loop itself, `fit`, is in `training`.
"""

from pathlib import Path

import byhand.tensor as torch
from byhand import nn, optim
from byhand.examples.data import breast_cancer
from byhand.examples.metrics import BinaryReport
from byhand.examples.plots import save_report
from byhand.examples.training import Run, Settings, fit
from byhand.nn import functional as F
from byhand.tensor import Tensor
from rich.columns import Columns
from rich.console import Console

__all__ = ["accuracy", "build_model", "loss", "run"]

NAME = "breast-cancer"
DEFAULTS = Settings(epochs=60, seed=0, lr=0.003, batch_size=32)


def build_model() -> nn.Sequential:
    """30 measurements → 128 → 32 → 1 logit: positive means malignant.

    Widths, dropout, step size and weight decay are the best of eleven tried, by the loss on the validation part.
    """
    return nn.Sequential(
        nn.Linear(30, 128),
        nn.BatchNorm1d(128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, 32),
        nn.BatchNorm1d(32),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(32, 1),
        nn.Flatten(0),
    )


def loss(logits: Tensor, targets: Tensor) -> Tensor:
    """The mean of −log p(truth), where p(malignant) = σ(logit)."""
    return F.binary_cross_entropy_with_logits(logits, targets)


def accuracy(logits: Tensor, targets: Tensor) -> Tensor:
    """The share of right answers, at the threshold p = ½."""
    share: Tensor = (logits > 0).eq(targets > 0.5).to(torch.float32).mean()
    return share


def run(settings: Settings, folder: Path, resume: bool, console: Console) -> BinaryReport:
    """Train, or go on training; then look once at the held-out part, with the best epoch's model, and report."""
    torch.manual_seed(settings.seed)
    data = breast_cancer(settings.seed)
    model = build_model()
    optimizer = optim.AdamW(model.parameters(), lr=settings.lr, weight_decay=0.1)
    run = Run(NAME, settings, model, optimizer, loss, accuracy, folder)
    if resume:
        run.restore()
    fit(run, data.train, data.validation, console)

    run.load_best()
    model.eval()
    with torch.no_grad():
        logits = model(data.test.inputs)
    report = BinaryReport.of(data.test.targets.numpy(), logits.numpy(), data.classes)

    run.write_metrics(best_epoch=run.best["epoch"], **{f"test_{name}": x for name, x in report.summary().items()})
    save_report(folder / "report.png", "Breast cancer: benign or malignant?", run.history, report)
    console.print(Columns(report.tables(), padding=(0, 4)))
    return report
