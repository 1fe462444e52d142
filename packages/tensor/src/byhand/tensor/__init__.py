"""`byhand.tensor`: tensors that remember how they were computed, in NumPy. It mirrors the `torch` namespace.

Reading order: `_op` (what an operation is), `ops/` (the table of them), `_graph` and `_backward` (how gradients flow),
`_views` and `_inplace` (several tensors over one memory), `_tensor` (the state of one).
"""

from typing import TYPE_CHECKING

from . import (
    _dtypes,
    _info,
    _methods,
    _modes,
    _numpy,
    _threads,
    autograd as autograd,
    creation,
    linalg as linalg,
    matrices,
    ops,
    random as random,
    utils as utils,
)
from ._conversion import is_complex as is_complex, is_floating_point as is_floating_point
from ._dtypes import *
from ._info import *
from ._later import later
from ._memory import fill as fill, narrow as narrow, numel as numel, select as select
from ._modes import *
from ._op import op as op
from ._tensor import Size as Size, Tensor as Tensor
from ._threads import *
from .creation import *
from .matrices import *
from .ops.bessel import *
from .ops.blending import *
from .ops.choices import *
from .ops.closeness import *
from .ops.contractions import *
from .ops.counting import *
from .ops.diagonals import *
from .ops.differences import *
from .ops.elementary import *
from .ops.fitting import *
from .ops.gamma import *
from .ops.hyperbolic import *
from .ops.indexing import *
from .ops.integers import *
from .ops.logarithms import *
from .ops.logic import *
from .ops.masking import *
from .ops.norms import *
from .ops.parts import *
from .ops.pointwise import *
from .ops.products import *
from .ops.quantiles import *
from .ops.reals import *
from .ops.rearranging import *
from .ops.rectifier import *
from .ops.reductions import *
from .ops.rounding import *
from .ops.scans import *
from .ops.scattering import *
from .ops.shapes import *
from .ops.slices import *
from .ops.slopes import *
from .ops.softmax import *
from .ops.sorting import *
from .ops.special import *
from .ops.statistics import *
from .ops.strided import *
from .ops.summation import *
from .ops.trigonometry import *
from .ops.windows import *
from .random import *

if TYPE_CHECKING:
    from . import func as func
else:
    __getattr__ = later(__name__, "func")

_methods.attach()
_numpy.attach()

__all__ = sorted(
    {
        "Size", "Tensor", "autograd", "fill", "func", "is_complex", "is_floating_point", "linalg", "narrow", "numel", "op",
        "random", "select", "utils",
    }.union(
        *(table.__all__ for table in (_dtypes, _info, _modes, _threads, creation, matrices, random, *ops.TABLES))
    )
)
