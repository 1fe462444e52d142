"""Which digit was written? The smallest task with real images: 8 × 8 pixels.

Of scikit-learn's 1,797 digits 1,150 are learnt from, 287 choose the best epoch, and 360 are held out.
"""

import numpy as np
from byhand import nn, optim
from byhand.examples.data import Array, Indices, Part, Split, cut
from byhand.examples.datasets import digits
from byhand.examples.example import Example, Recipe
from byhand.examples.images import measure, predict_image, report_images
from byhand.examples.inputs import read_grey
from byhand.examples.options import Options
from byhand.examples.training import Run
from byhand.nn import functional as F
from rich.table import Table

__all__ = ["EXAMPLE", "cnn", "data", "mlp", "pixels", "predict", "report", "train"]

CLASSES = tuple("0123456789")


def data(options: Options) -> Split[Part]:
    """Three parts with the same share of each digit."""
    table = digits.load()
    images = table.inputs.reshape(-1, 8, 8)
    rest, test = cut(len(images), 360, options.seed, table.targets)
    train, validation = (rest[part] for part in cut(len(rest), 287, options.seed, table.targets[rest]))

    def part(chosen: Indices) -> Part:
        return Part(images[chosen], table.targets[chosen], pixels)

    return Split(part(train), part(validation), lambda: part(test))


def pixels(images: Array) -> Array:
    """N × 8 × 8 numbers from 0 to 16 → N × 1 × 8 × 8 from −1 to 1."""
    return (images[:, None] / 8 - 1).astype(np.float32)


def mlp() -> nn.Sequential:
    """64 pixels, one in five of them hidden → 512 → 10 logits.

    The best of nine tried (widths, depths, dropout, epochs, images moved by a pixel), by the loss on the validation parts
    of five other seeds.
    """
    return nn.Sequential(
        nn.Flatten(), nn.Dropout(0.2), nn.Linear(64, 512), nn.ReLU(), nn.Dropout(0.5), nn.Linear(512, 10)
    )  # fmt: skip


def cnn() -> nn.Sequential:
    """Two convolutions that keep the 8 × 8 pixels, a maximum over 2 × 2 of them, 10 logits."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(64 * 4 * 4, 10),
    )


def train(run: Run) -> None:
    """Softmax and cross-entropy; AdamW with a step size that rises and falls again."""
    optimizer = optim.AdamW(run.model.parameters(), lr=run.options.lr, weight_decay=0.01)
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, run.options.lr, run.steps)
    for images, targets in run.batches(optimizer=optimizer, schedule=schedule):
        loss = run.loss(run.model(images), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        run.note(loss)


def report(run: Run) -> dict[str, float]:
    """Figures and pictures of the digits held out."""
    return report_images(run, "Digits", CLASSES)


def predict(run: Run, file: str) -> Table:
    """The digit in an image file, dark on light or light on dark."""
    image = read_grey(file, 8) / 255 * 16
    return predict_image(run, Part(image[None], np.zeros(1, np.int64), pixels), CLASSES)


EXAMPLE = Example(
    name="digits",
    about=__doc__,
    recipes={
        "mlp": Recipe(mlp, F.cross_entropy, Options(epochs=100, lr=0.01, batch_size=64)),
        "cnn": Recipe(cnn, F.cross_entropy, Options(epochs=20, lr=0.01, batch_size=64)),
    },
    data=data, train=train, measure=measure, report=report, predict=predict,
)  # fmt: skip
