"""What is on this photograph, of 32 × 32 colour pixels: one of ten things, or of a hundred?

Of the 50,000 images of the training part a tenth, cut off by the seed, chooses the best epoch; the 10,000 of the test part
are looked at once, at the end. Models: mlp, cnn (six convolutions) and resnet (ResNet-20). Each training image is moved by
up to 4 pixels, and mirrored or not, at random. How long a run will take is said after its first seconds.

--archive names other images in the same layout, an archive or a folder: a part of the set, say, or pictures that went
through JPEG. What is measured on them is not measured on CIFAR, and the figures say so.
"""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Self

import byhand.tensor as torch
import numpy as np
from byhand import nn, optim
from byhand.examples.augmentation import mirrored, moved
from byhand.examples.data import Array, Part, Split, cut
from byhand.examples.datasets import cifar10, cifar100
from byhand.examples.example import Example, Recipe
from byhand.examples.images import measure, predict_image, report_images
from byhand.examples.inputs import read_colours
from byhand.examples.options import Options, option
from byhand.examples.resnet import resnet
from byhand.examples.training import Run
from byhand.nn import functional as F
from byhand.tensor import Tensor
from rich.table import Table

__all__ = ["CIFAR10", "CIFAR100", "CifarOptions", "Standardised", "cnn", "data", "mlp", "predict", "report", "residual", "train"]


@dataclass(frozen=True, kw_only=True)
class CifarOptions(Options):
    """The options of all examples, and which archive."""

    archive: str = option("", "Other images in the same layout: an archive, or a folder.", hint="the official archive")

    def completed(self) -> Self:
        """With the whole path of the archive, so that the run can go on from another folder."""
        return replace(self, archive=str(Path(self.archive).resolve())) if self.archive else self


def data(options: CifarOptions, source: ModuleType) -> Split[Part]:
    """The images stay bytes until a minibatch needs them."""
    archive = options.archive or None
    images, labels = source.load("train", options.data, archive)
    train, validation = cut(len(labels), len(labels) // 10, options.seed, labels)

    def test() -> Part:
        held_out = source.load("test", options.data, archive)
        return Part(held_out.images, held_out.labels, numbers)

    return Split(
        Part(images[train], labels[train], lambda batch: numbers(mirrored(moved(batch, 4)))),
        Part(images[validation], labels[validation], numbers),
        test,
        remark=f"not the official archive: {Path(archive).name}" if archive else "",
    )


def numbers(images: Array) -> Array:
    """Bytes → numbers, as large as they were."""
    return images.astype(np.float32)


class Standardised(nn.Module):
    """Each colour less its mean, over its deviation. Both are taken from the training images, and saved with the model."""

    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(3, 1, 1))
        self.register_buffer("deviation", torch.ones(3, 1, 1))

    def learn(self, images: Array) -> None:
        """Mean and deviation of each colour of N × 3 × height × width bytes: √(E[x²] − E[x]²)."""
        mean = images.mean((0, 2, 3), keepdims=True)[0]
        squares = np.square(images, dtype=np.uint16).mean((0, 2, 3), keepdims=True)[0]  # 255² < 2¹⁶
        self.mean.copy_(torch.tensor(mean))
        self.deviation.copy_(torch.tensor(np.sqrt(squares - mean**2)))

    def forward(self, images: Tensor) -> Tensor:
        """N × 3 × height × width, of the order of 1."""
        return (images - self.mean) / self.deviation


def mlp(classes: int) -> nn.Sequential:
    """3072 numbers → 512 → 256 → as many logits as there are classes."""
    return nn.Sequential(
        Standardised(),
        nn.Flatten(),
        nn.Linear(3072, 512),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(512, 256),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(256, classes),
    )


def cnn(classes: int) -> nn.Sequential:
    """Three times two convolutions and a maximum over 2 × 2 pixels: 32² → 16² → 8² → 4²; the mean of these, then the logits."""
    layers: list[nn.Module] = [Standardised()]
    for before, after in ((3, 32), (32, 64), (64, 128)):
        layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        layers += [nn.Conv2d(after, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(128, classes))


def residual(classes: int) -> nn.Sequential:
    """ResNet-20: three stages of three blocks of two convolutions, with 16, 32 and 64 channels."""
    return nn.Sequential(Standardised(), *resnet(3, classes, 3))


def train(run: Run) -> None:
    """Gradient descent with momentum, and a step size that rises and falls again."""
    for module in run.model.modules():
        if isinstance(module, Standardised):
            module.learn(run.data.train.inputs)
    optimizer = optim.SGD(run.model.parameters(), lr=run.options.lr, momentum=0.9, nesterov=True, weight_decay=5e-4)
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
    """What is on an image file."""
    part = Part(read_colours(file, 32)[None], np.zeros(1, np.int64), numbers)
    return predict_image(run, part, SOURCES[run.example.name].CLASSES)


def recipes(classes: int) -> dict[str, Recipe]:
    """The three models, for so many classes."""
    return {
        "mlp": Recipe(partial(mlp, classes), F.cross_entropy, CifarOptions(epochs=20, lr=0.02, batch_size=128)),
        "cnn": Recipe(partial(cnn, classes), F.cross_entropy, CifarOptions(epochs=20, lr=0.05, batch_size=128)),
        "resnet": Recipe(partial(residual, classes), F.cross_entropy, CifarOptions(epochs=20, lr=0.1, batch_size=128)),
    }


SOURCES = {"cifar10": cifar10, "cifar100": cifar100}
CIFAR10 = Example(
    name="cifar10",
    about=__doc__,
    recipes=recipes(10),
    data=partial(data, source=cifar10), train=train, measure=measure, report=report, predict=predict,
)  # fmt: skip
CIFAR100 = replace(CIFAR10, name="cifar100", recipes=recipes(100), data=partial(data, source=cifar100))
