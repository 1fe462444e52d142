"""Layers, activations and losses as functions, with PyTorch's names: what the modules call in their `forward`."""

from .activations import (
    elu,
    gelu,
    hardtanh,
    leaky_relu,
    log_softmax,
    logsigmoid,
    mish,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
    softsign,
    tanh,
)
from .binary import binary_cross_entropy, binary_cross_entropy_with_logits
from .classification import cross_entropy, nll_loss, sparse_cross_entropy
from .dropout import dropout
from .linear import linear
from .normalisation import batch_norm
from .regression import hinge_loss, huber_loss, l1_loss, mse_loss, smooth_l1_loss

__all__ = [
    "batch_norm", "binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "dropout", "elu",
    "gelu", "hardtanh", "hinge_loss", "huber_loss", "l1_loss", "leaky_relu", "linear", "log_softmax", "logsigmoid",
    "mish", "mse_loss", "nll_loss", "relu", "relu6", "selu", "sigmoid", "silu", "smooth_l1_loss", "softmax",
    "softplus", "softsign", "sparse_cross_entropy", "tanh",
]  # fmt: skip
