"""Neural-network modules, their functional forms and initialisers, with PyTorch's names.

`modules.module` holds what all modules have in common; `functional` holds the formulas; `init` the first weights.
"""

from . import functional as functional, init as init
from .modules import activation, container, dropout, linear, loss, module, normalisation, padding, parameters
from .modules.activation import *
from .modules.container import *
from .modules.dropout import *
from .modules.linear import *
from .modules.loss import *
from .modules.module import *
from .modules.normalisation import *
from .modules.padding import *
from .modules.parameters import *
from .parameter import Parameter as Parameter

_TABLES = (activation, container, dropout, linear, loss, module, normalisation, padding, parameters)

__all__ = sorted({"Parameter", "functional", "init"}.union(*(table.__all__ for table in _TABLES)))
