"""`view` of what a convolution returns: PyTorch's memory allows it, ours lies otherwise; the numbers and errors must be right."""

import byhand.nn as bn
import byhand.tensor as bt
import numpy as np
import pytest
import torch
from beside_torch import compare


def convolved(library, functional, x, w):
    y = functional.conv2d(x, w)
    return y.view(y.shape[0], -1) * y.view(2, -1, 5).sum(1).mean()


def test_view_of_a_convolution():
    rng = np.random.default_rng(0)
    compare(
        lambda x, w: convolved(bt, bn.functional, x, w),
        lambda x, w: convolved(torch, torch.nn.functional, x, w),
        rng.normal(size=(2, 3, 7, 6)), rng.normal(size=(4, 3, 3, 2)),
    )  # fmt: skip


def test_such_a_view_is_not_changed_in_place():
    y = bn.functional.conv2d(bt.ones(2, 3, 7, 6), bt.ones(4, 3, 3, 2))
    for change in (lambda v: v.add_(1), lambda v: v.zero_(), lambda v: v.__setitem__(0, 1.0)):
        with pytest.raises(RuntimeError, match="to change"):
            change(y.view(2, -1))
    assert (y == 18).all()
    y.view(2, 4, 5, 5).add_(1)  # a view indeed
    assert (y == 19).all()
    with pytest.raises(RuntimeError, match="not compatible"):
        bt.ones(2, 3, 4).permute(0, 2, 1)[:, 1:].view(-1)
