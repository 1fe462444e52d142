"""Optimisers, with PyTorch's names, defaults and state dicts.

`optimizer` tells how a step goes, each algorithm's file holds its formula, `_bundle` makes them fast.
`lr_scheduler` holds the learning-rate schedules.
"""

from . import lr_scheduler as lr_scheduler
from .adagrad import Adagrad as Adagrad
from .adam import Adam as Adam
from .adamw import AdamW as AdamW
from .optimizer import Optimizer as Optimizer
from .rmsprop import RMSprop as RMSprop
from .sgd import SGD as SGD

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop", "lr_scheduler"]
