"""Averaged weights have never seen data: the running statistics of batch normalisation have to be found anew."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from byhand.tensor import no_grad


@no_grad()
def update_bn(loader: Iterable[Any], model: Any, device: Any = None) -> None:
    """Set the running statistics of every batch normalisation in `model` to their mean over all batches.

    Args:
        loader: yields batches; of a list or tuple the model is given the first item.
        model: a module. It runs in training mode, and is put back afterwards.
        device: where batches are moved to.
    """
    layers = [module for module in model.modules() if _is_batch_norm(module)]
    if not layers:
        return
    momenta, was_training = [layer.momentum for layer in layers], model.training
    for layer in layers:
        layer.reset_running_stats()
    model.train()
    try:
        for layer in layers:
            layer.momentum = None  # the mean over all batches
        for batch in loader:
            input = batch[0] if isinstance(batch, list | tuple) else batch
            model(input if device is None else input.to(device))
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
        model.train(was_training)


def _is_batch_norm(module: Any) -> bool:
    """Return whether a module is `byhand.nn`'s batch normalisation, or derived from it: by name, since this layer stands
    beside `nn` and cannot import it. Instance normalisation has the same statistics, but PyTorch leaves it alone too."""
    return any(kind.__name__ == "_BatchNorm" for kind in type(module).__mro__)
