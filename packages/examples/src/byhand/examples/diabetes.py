"""How far will the disease have gone in a year? A regression, beside the classical answer: ordinary least squares.

Of scikit-learn's 442 patients, each with 10 measurements, 266 are learnt from, 88 choose the best epoch, and 88 are held
out. The figure of merit is R², the share of the variance that is explained.
"""

import byhand.tensor as torch
import numpy as np
from byhand import nn, optim
from byhand.examples.data import Array, Indices, Part, Split, cut, outputs, standardised
from byhand.examples.datasets import diabetes
from byhand.examples.example import Example, Loss, Recipe
from byhand.examples.inputs import read_numbers
from byhand.examples.metrics import figures_table, r_squared
from byhand.examples.options import Options
from byhand.examples.plots import save_curves, save_scatter
from byhand.examples.training import Run
from byhand.nn import functional as F
from byhand.tensor import Tensor

__all__ = ["Bent", "EXAMPLE", "Straight", "data", "least_squares", "measure", "penalty", "predict", "report", "train"]

MIDDLE, SCALE = 150.0, 75.0  # targets lie between 25 and 346; (t − MIDDLE) / SCALE is of the order of 1
UNITS_DECAY = 0.03  # λ


def data(options: Options) -> Split[Part]:
    """Three parts; the measurements are standardised by what is known of the training part."""
    table = diabetes.load()
    targets = ((table.targets - MIDDLE) / SCALE).astype(np.float32)
    rest, test = cut(len(targets), 88, options.seed)
    train, validation = (rest[part] for part in cut(len(rest), 88, options.seed))
    prepare = standardised(table.inputs[train])

    def part(chosen: Indices) -> Part:
        return Part(table.inputs[chosen], targets[chosen], prepare)

    return Split(part(train), part(validation), lambda: part(test))


class Straight(nn.Module):
    """A weighted sum of the 10 measurements and a constant."""

    def __init__(self) -> None:
        super().__init__()
        self.direct = nn.Linear(10, 1)

    def forward(self, measurements: Tensor) -> Tensor:
        """N × 10 → N."""
        answers: Tensor = self.direct(measurements).flatten()
        return answers


class Bent(Straight):
    """The weighted sum, and what 16 units (tanh) add to it: with the penalty below nothing, for the data are nearly linear."""

    def __init__(self) -> None:
        super().__init__()
        self.bent = nn.Sequential(nn.Linear(10, 16), nn.Tanh(), nn.Linear(16, 1))

    def forward(self, measurements: Tensor) -> Tensor:
        """N × 10 → N."""
        answers: Tensor = super().forward(measurements) + self.bent(measurements).flatten()
        return answers


def penalty(model: nn.Module) -> Tensor | float:
    """λ Σ w² of the units: without reason they add nothing (ridge: Hoerl & Kennard, 1970). The weighted sum is free."""
    total: Tensor | float = sum([UNITS_DECAY * (p**2).sum() for name, p in model.named_parameters() if name.startswith("bent")])
    return total


def train(run: Run) -> None:
    """L-BFGS on all patients at once: few numbers are sought, so that the curvature can be learnt, and the minimum reached."""
    optimizer = optim.LBFGS(run.model.parameters(), lr=run.options.lr, max_iter=200, line_search_fn="strong_wolfe")
    for measurements, targets in run.batches(optimizer=optimizer):

        def closure(measurements: Tensor = measurements, targets: Tensor = targets) -> Tensor:
            loss = run.loss(run.model(measurements), targets) + penalty(run.model)
            optimizer.zero_grad()
            loss.backward()
            return loss

        run.note(optimizer.step(closure))


def measure(model: nn.Module, part: Part, loss: Loss) -> dict[str, float]:
    """The loss and R² on a part."""
    answers, targets = outputs(model, part), part[:].targets
    return {"loss": loss(answers, targets).item(), "r2": r_squared(answers, targets)}


def least_squares(train: Part, inputs: Array) -> Array:
    """The answers of ordinary least squares, min ‖X w − t‖² with a column of ones in X, learnt from the training part."""
    with_ones = np.column_stack([train.prepare(train.inputs), np.ones(len(train))])
    weights, *_ = np.linalg.lstsq(with_ones, train.targets, rcond=None)
    answers: Array = np.column_stack([train.prepare(inputs), np.ones(len(inputs))]) @ weights
    return answers


def report(run: Run) -> dict[str, float]:
    """R² of the patients held out, beside that of least squares; answers over truth."""
    test = run.data.test()
    answers = outputs(run.model, test)
    classical = torch.tensor(least_squares(run.data.train, test.inputs))
    found = run.measure(test) | {"r2_of_least_squares": r_squared(classical, test[:].targets)}
    truth, said = (MIDDLE + SCALE * x for x in (test.targets, answers.numpy()))
    save_curves(run.folder / "curves.png", "Diabetes", run.history, "r2")
    title = f"Diabetes: R² {found['r2']:.3f} of {len(test)} held out"
    save_scatter(run.folder / "answers.png", title, truth, said, "progression")
    run.console.print(figures_table(found))
    return found


def predict(run: Run, file: str) -> str:
    """For each line of 10 numbers: the progression of the disease, on the scale of the data (25 … 346)."""
    rows = read_numbers(file, diabetes.load().features)
    answers = outputs(run.model, Part(rows, rows[:, 0], run.data.train.prepare))
    return "\n".join(f"progression: {MIDDLE + SCALE * answer:.0f}" for answer in answers.tolist())


EXAMPLE = Example(
    name="diabetes",
    about=__doc__,
    recipes={
        "linear": Recipe(Straight, F.mse_loss, Options(epochs=5, lr=1.0, batch_size=512)),
        "mlp": Recipe(Bent, F.mse_loss, Options(epochs=5, lr=1.0, batch_size=512)),
    },
    data=data, train=train, measure=measure, report=report, predict=predict,
)  # fmt: skip
