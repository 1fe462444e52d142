"""Learning-rate schedules, with PyTorch's names, formulas and state dicts.

`scheduler` tells how a schedule goes on; each other file holds a family of formulas. Throughout, t is the epoch (or
whatever `step` counts), from 0, γ₀ a group's first learning rate and γₜ that of epoch t.
"""

from .combined import ChainedScheduler as ChainedScheduler, SequentialLR as SequentialLR
from .cosine import CosineAnnealingLR as CosineAnnealingLR, CosineAnnealingWarmRestarts as CosineAnnealingWarmRestarts
from .cyclic import CyclicLR as CyclicLR
from .decay import ExponentialLR as ExponentialLR, MultiStepLR as MultiStepLR, PolynomialLR as PolynomialLR, StepLR as StepLR
from .functions import LambdaLR as LambdaLR, MultiplicativeLR as MultiplicativeLR
from .one_cycle import OneCycleLR as OneCycleLR
from .plateau import ReduceLROnPlateau as ReduceLROnPlateau
from .scheduler import LRScheduler as LRScheduler
from .warmup import ConstantLR as ConstantLR, LinearLR as LinearLR

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]
