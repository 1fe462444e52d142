"""Layers, activations and losses as functions, with PyTorch's names: what the modules call in their `forward`."""

from . import (
    adaptive_pooling,
    attention,
    avg_pooling,
    bilinear as _bilinear,
    binary,
    classification,
    convolution,
    ctc,
    distances,
    dropout as _dropout,
    embedding as _embedding,
    fractional_pooling,
    gated,
    gelu as _gelu,
    grid_sampling,
    interpolation,
    likelihood_of_classes,
    likelihoods,
    linear as _linear,
    linear_cross_entropy as _linear_cross_entropy,
    margins,
    max_pooling,
    multi_head,
    multi_margins,
    normalisation,
    padding,
    rectifiers,
    regression,
    response,
    shrinkage,
    shuffling,
    sigmoids,
    softmaxes,
    standardising,
    unfolding,
    unpooling,
)
from .adaptive_pooling import *
from .attention import *
from .avg_pooling import *
from .bilinear import *
from .binary import *
from .classification import *
from .convolution import *
from .ctc import *
from .distances import *
from .dropout import *
from .embedding import *
from .fractional_pooling import *
from .gated import *
from .gelu import *
from .grid_sampling import *
from .interpolation import *
from .likelihood_of_classes import *
from .likelihoods import *
from .linear import *
from .linear_cross_entropy import *
from .margins import *
from .max_pooling import *
from .multi_head import *
from .multi_margins import *
from .normalisation import *
from .padding import *
from .rectifiers import *
from .regression import *
from .response import *
from .shrinkage import *
from .shuffling import *
from .sigmoids import *
from .softmaxes import *
from .standardising import *
from .unfolding import *
from .unpooling import *

_TABLES = (
    adaptive_pooling, attention, avg_pooling, _bilinear, binary, classification, convolution, ctc, distances, _dropout,
    _embedding, fractional_pooling, gated, _gelu, grid_sampling, interpolation, likelihood_of_classes, likelihoods, _linear,
    _linear_cross_entropy, margins, max_pooling, multi_head, multi_margins, normalisation, padding, rectifiers, regression,
    response, shrinkage, shuffling, sigmoids, softmaxes, standardising, unfolding, unpooling,
)  # fmt: skip

__all__ = sorted({name for table in _TABLES for name in table.__all__})
