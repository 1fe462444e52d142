"""`byhand.tensor.linalg` against PyTorch's own samples."""

import copy

import byhand.tensor as bt
import opinfo
import pytest

NAMES = """
    linalg.inv linalg.det linalg.slogdet linalg.solve linalg.cholesky linalg.eigvalsh linalg.matrix_power linalg.multi_dot
"""


@pytest.mark.parametrize(("info", "dtype"), opinfo.cases(NAMES))
def test_samples(info, dtype):
    opinfo.agrees(info, dtype)


def without_signs(eigh):
    """Eigenvectors are known but for their sign: their squares are compared."""

    def squared(*args, **kwargs):
        values, vectors = eigh(*args, **kwargs)
        return values, vectors * vectors

    return squared


@pytest.mark.parametrize(("info", "dtype"), opinfo.cases("linalg.eigh"))
def test_eigenvectors(info, dtype, monkeypatch):
    monkeypatch.setitem(opinfo.ORDER, info.name, without_signs(bt.linalg.eigh))
    unsigned = copy.copy(info)
    unsigned.op = without_signs(info.op)
    opinfo.agrees(unsigned, dtype)
