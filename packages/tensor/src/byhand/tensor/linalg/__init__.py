"""`linalg`: determinants, decompositions and equations, as `torch.linalg`. NumPy's LAPACK computes; the gradients are by hand.

Sources of the derivations: M. B. Giles, "An extended collection of matrix derivative results for forward and reverse mode
algorithmic differentiation" (2008); I. Murray, "Differentiation of the Cholesky decomposition", arXiv:1602.07527 (2016); what
else is used stands beside it. Ȳ and Ā are the gradients of the output and of the input.
"""

from .._errors import LinAlgError as LinAlgError
from ..ops.products import matmul as matmul
from . import determinants, householder, inverses, norms, orthogonal, powers, singular, symmetric, triangular, vectors
from .determinants import *
from .householder import *
from .inverses import *
from .norms import *
from .orthogonal import *
from .powers import *
from .singular import *
from .symmetric import *
from .triangular import *
from .vectors import *

_TABLES = (determinants, householder, inverses, norms, orthogonal, powers, singular, symmetric, triangular, vectors)
__all__ = sorted({"LinAlgError", "matmul"}.union(*(table.__all__ for table in _TABLES)))
