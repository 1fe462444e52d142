"""Averages of weights along the way of training, with PyTorch's names, numbers and state dicts.

`averages` holds the formulas, `averaged_model` the copy of a model that follows them, `schedule` the learning rate that goes
with them, `batch_statistics` what batch normalisation needs afterwards.
"""

from .averaged_model import AveragedModel as AveragedModel
from .averages import (
    get_ema_avg_fn as get_ema_avg_fn,
    get_ema_multi_avg_fn as get_ema_multi_avg_fn,
    get_swa_avg_fn as get_swa_avg_fn,
    get_swa_multi_avg_fn as get_swa_multi_avg_fn,
)
from .batch_statistics import update_bn as update_bn
from .schedule import SWALR as SWALR

__all__ = [
    "AveragedModel",
    "SWALR",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]
