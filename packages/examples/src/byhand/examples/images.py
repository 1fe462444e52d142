"""What the examples on images have in common: how they are judged, and what they show in the end."""

from collections.abc import Sequence

import numpy as np
from byhand.examples import plots
from byhand.examples.data import Array, Part, outputs
from byhand.examples.example import Loss
from byhand.examples.metrics import accuracy, confusion_matrix, figures_table
from byhand.examples.training import Run
from byhand.nn import Module
from byhand.tensor import Tensor
from rich import box
from rich.table import Table

__all__ = ["measure", "predict_image", "probabilities", "report_images"]


def measure(model: Module, part: Part, loss: Loss) -> dict[str, float]:
    """The loss, and the share of images whose class has the largest logit."""
    logits, targets = outputs(model, part), part[:].targets
    return {"loss": loss(logits, targets).item(), "accuracy": accuracy(logits, targets)}


def probabilities(run: Run, logits: Tensor) -> Array:
    """How probable each class is: softmax, or for classifiers that were trained one by one σ (which need not sum to 1)."""
    found = logits.sigmoid() if run.recipe_name.startswith("one-vs-rest") else logits.softmax(dim=1)
    return np.asarray(found.numpy())


def report_images(run: Run, title: str, classes: Sequence[str]) -> dict[str, float]:
    """Look at the held-out images; draw curves, the confusion matrix, the worst mistakes and the first layer's filters."""
    test = run.data.test()
    logits = outputs(run.model, test)
    found = {"loss": run.loss(logits, test[:].targets).item(), "accuracy": accuracy(logits, test[:].targets)}
    chances = probabilities(run, logits)
    confusion = confusion_matrix(test.targets, chances.argmax(1), len(classes))
    remark = f"\n({run.data.remark})" if run.data.remark else ""
    said = f"{title}: {found['accuracy']:.2%} of {len(test):,} held out{remark}"
    plots.save_curves(run.folder / "curves.png", title, run.history, "accuracy")
    plots.save_confusion(run.folder / "confusion.png", said, confusion, classes)
    plots.save_mistakes(run.folder / "mistakes.png", "Most confidently wrong", test.inputs, test.targets, chances, classes)
    plots.save_filters(run.folder / "filters.png", "First layer", _first_weights(run.model, test.inputs.shape[1:]))
    run.console.print(figures_table(found, f"held out{remark}"))
    return found


def _first_weights(model: Module, shape: tuple[int, ...]) -> Array:
    """The weights of the first layer as small pictures: of the images' shape, or a convolution's own."""
    weights: Array = next(iter(model.parameters())).detach().numpy()
    if weights.ndim == 2:
        return weights.reshape(-1, *shape)
    return weights[:, 0] if weights.shape[1] == 1 else weights


def predict_image(run: Run, part: Part, classes: Sequence[str], most: int = 3) -> Table:
    """The classes that the model thinks most probable for the one image of a part."""
    (chances,) = probabilities(run, outputs(run.model, part))
    table = Table("answer", "how sure", box=box.SIMPLE_HEAD)
    for i in np.argsort(-chances, kind="stable")[:most]:
        table.add_row(classes[i], f"{chances[i]:.1%}")
    return table
