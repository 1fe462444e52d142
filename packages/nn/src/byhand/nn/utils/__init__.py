"""Helpers beside the modules: clipping gradients, parameters as one vector, normalised weights; `rnn`, sequences of different
lengths in one tensor."""

from . import clip_grad, convert_parameters, rnn as rnn, spectral_norm as _spectral_norm, weight_norm as _weight_norm
from .clip_grad import *
from .convert_parameters import *
from .spectral_norm import *
from .weight_norm import *

_TABLES = (clip_grad, convert_parameters, _spectral_norm, _weight_norm)

__all__ = sorted({"rnn"}.union(*(table.__all__ for table in _TABLES)))
