"""`byhand.tensor`: tensors that remember how they were computed, in NumPy. It mirrors the `torch` namespace.

Reading order: `_op` (what an operation is), `ops/` (the table of them), `_graph` and `_backward` (how gradients flow),
`_views` and `_inplace` (several tensors over one memory), `_tensor` (the state of one).
"""

from . import _methods, _numpy, autograd, random
from ._dtypes import (
    bool_,
    complex64,
    complex128,
    double,
    float16,
    float32,
    float64,
    get_default_dtype,
    half,
    int8,
    int16,
    int32,
    int64,
    long,
    set_default_dtype,
    short,
    uint8,
)
from ._modes import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from ._op import op
from ._tensor import Size, Tensor
from .creation import *
from .ops.choices import *
from .ops.indexing import *
from .ops.pointwise import *
from .ops.products import *
from .ops.reductions import *
from .ops.shapes import *
from .ops.softmax import *
from .random import *

_methods.attach()
_numpy.attach()
