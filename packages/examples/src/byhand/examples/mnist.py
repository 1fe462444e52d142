"""Which digit was written, or which piece of clothing is it, on 28 × 28 grey pixels?

Of the 60,000 images of the training part 5,000, cut off by the seed, choose the best epoch; the 10,000 of the test part
are looked at once, at the end. Models: mlp, cnn (four convolutions) and resnet (8 layers), with softmax and cross-entropy;
one-vs-rest, ten linear classifiers, each of which tells its class from all others, by binary cross-entropy or by the hinge
loss of support vector machines.
"""

from dataclasses import dataclass, replace
from functools import partial
from types import ModuleType

import byhand.tensor as torch
import numpy as np
from byhand import nn, optim
from byhand.examples.augmentation import mirrored, moved
from byhand.examples.data import Array, Part, Split, cut
from byhand.examples.datasets import fashion_mnist, mnist
from byhand.examples.example import Example, Recipe
from byhand.examples.images import measure, predict_image, report_images
from byhand.examples.inputs import read_grey
from byhand.examples.options import Options, option
from byhand.examples.resnet import resnet
from byhand.examples.training import Run
from byhand.nn import functional as F
from byhand.tensor import Tensor
from rich.table import Table

__all__ = [
    "FASHION", "MNIST", "MnistOptions", "bce", "cnn", "data", "hinge", "linear", "mlp", "pixels", "predict", "report", "train",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class MnistOptions(Options):
    """The options of all examples, and how the training images are changed."""

    move: int = option(0, "Move each training image, at random, by so many pixels at most.", least=0)
    mirror: bool = option(False, "Mirror half of the training images, chosen at random.")


def data(options: MnistOptions, source: ModuleType) -> Split[Part]:
    """The images stay bytes until a minibatch needs them."""
    images, labels = source.load("train", options.data)
    train, validation = cut(len(labels), 5000, options.seed, labels)

    def test() -> Part:
        held_out = source.load("test", options.data)
        return Part(held_out.images, held_out.labels, pixels)

    def changed(batch: Array) -> Array:
        batch = moved(batch, options.move) if options.move else batch
        return pixels(mirrored(batch) if options.mirror else batch)

    return Split(Part(images[train], labels[train], changed), Part(images[validation], labels[validation], pixels), test)


def pixels(images: Array) -> Array:
    """N × 28 × 28 bytes → N × 1 × 28 × 28 numbers from −½ to 2½, about 0 in the mean."""
    return images[:, None].astype(np.float32) / 85 - 0.5


def mlp() -> nn.Sequential:
    """784 pixels → 512 → 256 → 10 logits."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 512),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(512, 256),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(256, 10),
    )


def cnn() -> nn.Sequential:
    """Twice two convolutions and a maximum over 2 × 2 pixels: 28² → 14² → 7²; then 128 → 10 logits."""
    layers: list[nn.Module] = []
    for before, after in ((1, 16), (16, 32)):
        layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        layers += [nn.Conv2d(after, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(
        *layers,
        nn.Flatten(),
        nn.Dropout(0.25),
        nn.Linear(32 * 7 * 7, 128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, 10),
    )


def linear() -> nn.Sequential:
    """784 pixels → 10 logits: ten linear classifiers."""
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


def bce(logits: Tensor, targets: Tensor) -> Tensor:
    """Ten questions an image, "is it my class?", each judged by −log p(right answer)."""
    return F.binary_cross_entropy_with_logits(logits, torch.eye(10)[targets])


def hinge(logits: Tensor, targets: Tensor) -> Tensor:
    """The same questions, answered by +1 and −1; an answer that is right by 1 or more costs nothing."""
    return F.hinge_loss(logits, 2 * torch.eye(10)[targets] - 1)


def train(run: Run) -> None:
    """AdamW with a step size that rises and falls again."""
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
    """Figures and pictures of the images held out."""
    return report_images(run, f"{run.example.name}, {run.recipe_name}", SOURCES[run.example.name].CLASSES)


def predict(run: Run, file: str) -> Table:
    """The class of an image file, dark on light or light on dark."""
    part = Part(read_grey(file, 28)[None], np.zeros(1, np.int64), pixels)
    return predict_image(run, part, SOURCES[run.example.name].CLASSES)


SOURCES = {"mnist": mnist, "fashion-mnist": fashion_mnist}
MNIST = Example(
    name="mnist",
    about=__doc__,
    recipes={
        "mlp": Recipe(mlp, F.cross_entropy, MnistOptions(epochs=10, lr=0.002, batch_size=128)),
        "cnn": Recipe(cnn, F.cross_entropy, MnistOptions(epochs=5, lr=0.004, batch_size=128, move=2)),
        "resnet": Recipe(partial(resnet, 1, 10, 1), F.cross_entropy, MnistOptions(epochs=5, lr=0.01, batch_size=128)),
        "one-vs-rest": Recipe(linear, bce, MnistOptions(epochs=10, lr=0.002, batch_size=128)),
        "one-vs-rest-hinge": Recipe(linear, hinge, MnistOptions(epochs=10, lr=0.002, batch_size=128)),
    },
    data=partial(data, source=mnist), train=train, measure=measure, report=report, predict=predict,
)  # fmt: skip
FASHION = replace(
    MNIST,
    name="fashion-mnist",
    data=partial(data, source=fashion_mnist),
    recipes=MNIST.recipes
    | {"cnn": Recipe(cnn, F.cross_entropy, MnistOptions(epochs=8, lr=0.006, batch_size=128, mirror=True))},
)
