"""Optimisers, with PyTorch's names, defaults and state dicts.

`optimizer` tells how a step goes, `sgd`, `adam` and `adamw` hold the formulas, `_bundle` makes them fast.
"""

from .adam import Adam as Adam
from .adamw import AdamW as AdamW
from .optimizer import Optimizer as Optimizer
from .sgd import SGD as SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer"]
