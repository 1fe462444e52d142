"""Helpers beside the modules: clipping gradients, parameters as one vector, normalised weights; `rnn`, sequences of different
lengths in one tensor; `parametrize`, weights computed from others, and `parametrizations`, some of these ready-made."""

from typing import TYPE_CHECKING

from byhand.tensor._later import later

from . import (
    clip_grad,
    convert_parameters,
    rnn as rnn,
    spectral_norm as _spectral_norm,
    weight_norm as _weight_norm,
)
from .clip_grad import *
from .convert_parameters import *
from .spectral_norm import *
from .weight_norm import *

if TYPE_CHECKING:
    from . import parametrizations as parametrizations, parametrize as parametrize
else:
    __getattr__ = later(__name__, "parametrizations", "parametrize")

_TABLES = (clip_grad, convert_parameters, _spectral_norm, _weight_norm)

__all__ = sorted({"parametrizations", "parametrize", "rnn"}.union(*(table.__all__ for table in _TABLES)))
