"""Modules that need no helper of their own, against PyTorch's own samples of them."""

import modinfo
import pytest

NAMES = """
    Linear ELU GELU Hardtanh LeakyReLU LogSigmoid LogSoftmax Mish ReLU ReLU6 SELU SiLU Sigmoid Softmax
    Softplus Softsign Tanh
"""


@pytest.mark.parametrize("case", modinfo.cases(NAMES))
def test_samples(case):
    modinfo.agrees(case)
