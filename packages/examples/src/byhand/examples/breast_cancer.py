"""Is a tumour benign or malignant? Trains a small network with batch normalisation and dropout.

Of scikit-learn's 569 patients, each with 30 measurements of cell nuclei, 341 are learnt from, 114 choose the best epoch,
and the 114 held out are looked at once, at the end.
"""

import numpy as np
from byhand import nn, optim
from byhand.examples.data import Indices, Part, Split, cut, outputs, standardised
from byhand.examples.datasets import breast_cancer
from byhand.examples.example import Example, Loss, Recipe
from byhand.examples.inputs import read_numbers
from byhand.examples.metrics import BinaryReport, binary_accuracy
from byhand.examples.options import Options
from byhand.examples.plots import save_report
from byhand.examples.training import Run
from byhand.nn import functional as F
from byhand.tensor import Tensor
from rich.columns import Columns

__all__ = ["EXAMPLE", "data", "loss", "measure", "mlp", "predict", "report", "train"]

CLASSES = ("benign", "malignant")


def data(options: Options) -> Split[Part]:
    """Three parts with the same share of malignant tumours, standardised by what is known of the training part."""
    table = breast_cancer.load()
    targets = table.targets.astype(np.float32)
    rest, test = cut(len(targets), 114, options.seed, targets)
    train, validation = (rest[part] for part in cut(len(rest), 114, options.seed, targets[rest]))
    prepare = standardised(table.inputs[train])

    def part(chosen: Indices) -> Part:
        return Part(table.inputs[chosen], targets[chosen], prepare)

    return Split(part(train), part(validation), lambda: part(test))


def mlp() -> nn.Sequential:
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


def train(run: Run) -> None:
    """For each minibatch: forward, backward, step."""
    optimizer = optim.AdamW(run.model.parameters(), lr=run.options.lr, weight_decay=0.1)
    for measurements, targets in run.batches(optimizer=optimizer):
        value = run.loss(run.model(measurements), targets)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        run.note(value)


def measure(model: nn.Module, part: Part, loss: Loss) -> dict[str, float]:
    """The loss and the accuracy on a part."""
    logits, (_, targets) = outputs(model, part), part[:]
    return {"loss": loss(logits, targets).item(), "accuracy": binary_accuracy(logits, targets)}


def report(run: Run) -> dict[str, float]:
    """Figures, confusion matrix and ROC curve of the patients held out."""
    test = run.data.test()
    found = BinaryReport.of(test.targets, outputs(run.model, test).numpy(), CLASSES)
    save_report(run.folder / "report.png", "Breast cancer: benign or malignant?", run.history, found)
    run.console.print(Columns(found.tables(), padding=(0, 4)))
    return found.summary()


def predict(run: Run, file: str) -> str:
    """For each line of 30 numbers: how probably the tumour is malignant."""
    rows = read_numbers(file, breast_cancer.load().features)
    logits = outputs(run.model, Part(rows, rows[:, 0], run.data.train.prepare))
    return "\n".join(f"malignant: {p:.1%}" for p in logits.sigmoid().tolist())


EXAMPLE = Example(
    name="breast-cancer",
    about=__doc__,
    recipes={"mlp": Recipe(mlp, loss, Options(epochs=60, lr=0.003, batch_size=32))},
    data=data, train=train, measure=measure, report=report, predict=predict,
)  # fmt: skip
