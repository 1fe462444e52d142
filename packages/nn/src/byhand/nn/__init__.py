"""Neural-network modules, their functional forms and initialisers, with PyTorch's names.

`modules.module` holds what all modules have in common; `functional` holds the formulas; `init` the first weights.
"""

from . import functional as functional, init as init, utils as utils
from .modules import (
    adaptive_softmax,
    attention,
    bilinear,
    binary,
    classification,
    container,
    convolution,
    ctc,
    distances,
    dropout,
    embedding,
    fractional_pooling,
    gated,
    instance,
    likelihoods,
    linear,
    linear_cross_entropy,
    margins,
    module,
    normalisation,
    padding,
    parameters,
    pooling,
    rectifiers,
    recurrent,
    recurrent_base,
    recurrent_cell,
    regression,
    shrinkage,
    shuffling,
    sigmoids,
    softmaxes,
    standardising,
    transformer,
    transformer_layers,
    unfolding,
    upsampling,
)
from .modules.adaptive_softmax import *
from .modules.attention import *
from .modules.bilinear import *
from .modules.binary import *
from .modules.classification import *
from .modules.container import *
from .modules.convolution import *
from .modules.ctc import *
from .modules.distances import *
from .modules.dropout import *
from .modules.embedding import *
from .modules.fractional_pooling import *
from .modules.gated import *
from .modules.instance import *
from .modules.likelihoods import *
from .modules.linear import *
from .modules.linear_cross_entropy import *
from .modules.margins import *
from .modules.module import *
from .modules.normalisation import *
from .modules.padding import *
from .modules.parameters import *
from .modules.pooling import *
from .modules.rectifiers import *
from .modules.recurrent import *
from .modules.recurrent_base import *
from .modules.recurrent_cell import *
from .modules.regression import *
from .modules.shrinkage import *
from .modules.shuffling import *
from .modules.sigmoids import *
from .modules.softmaxes import *
from .modules.standardising import *
from .modules.transformer import *
from .modules.transformer_layers import *
from .modules.unfolding import *
from .modules.upsampling import *
from .parameter import Parameter as Parameter

_TABLES = (
    adaptive_softmax, attention, bilinear, binary, classification, container, convolution, ctc, distances, dropout,
    embedding, fractional_pooling, gated, instance, likelihoods, linear, linear_cross_entropy, margins, module,
    normalisation, padding, parameters, pooling, rectifiers, recurrent, recurrent_base, recurrent_cell, regression,
    shrinkage, shuffling, sigmoids, softmaxes, standardising, transformer, transformer_layers, unfolding, upsampling,
)  # fmt: skip

__all__ = sorted({"Parameter", "functional", "init", "utils"}.union(*(table.__all__ for table in _TABLES)))
