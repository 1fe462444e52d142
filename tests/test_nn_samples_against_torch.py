"""Modules that need no helper of their own, against PyTorch's own samples of them."""

import modinfo
import pytest

NAMES = """
    BatchNorm1d BatchNorm2d BatchNorm3d
    Linear CELU ELU GELU GLU Hardshrink Hardswish Hardtanh LeakyReLU LogSigmoid LogSoftmax Mish PReLU ReLU ReLU6 SELU SiLU
    Sigmoid Softmax Softmax2d Softmin Softplus Softshrink Softsign Tanh Tanhshrink Threshold
"""


@pytest.mark.parametrize("case", modinfo.cases(NAMES))
def test_samples(case):
    modinfo.agrees(case)
