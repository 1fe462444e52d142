"""Products of vectors, matrices and tensors against PyTorch's own samples."""

import byhand.tensor as bt
import numpy as np
import opinfo
import pytest
import torch

NAMES = """
    matmul __rmatmul__ mm bmm mv dot vdot inner outer addmm addmv addr baddbmm addbmm einsum tensordot kron cross
"""
INFOS = [info for name in NAMES.split() for info in opinfo.INFOS[name] if not name.startswith("__")]


CANCELLING = {"matmul", "__rmatmul__", "addbmm"}  # in float32 their samples cancel; `test_rounding` judges them
CASES = [case for case in opinfo.cases(NAMES) if case.values[1] != torch.float32 or case.values[0].name not in CANCELLING]


@pytest.mark.parametrize(("info", "dtype"), CASES)
def test_samples(info, dtype):
    opinfo.agrees(info, dtype)


@pytest.mark.parametrize("info", [info for info in INFOS if info.inplace_variant], ids=lambda info: info.formatted_name)
def test_in_place(info):
    opinfo.agrees_in_place(info)


@pytest.mark.parametrize("info", INFOS, ids=lambda info: info.formatted_name)
def test_forms(info):
    """What PyTorch offers as a method or under a second name is here too."""
    assert info.method_variant is None or hasattr(bt.Tensor, info.method_variant.__name__)
    for alias in info.aliases:
        assert "." in alias.name or hasattr(bt, alias.name), alias.name


@pytest.mark.parametrize("name", ["matmul", "addbmm"])
def test_rounding(name):
    """Sums of k terms in float32 are wrong by at most k ε Σ |a||b|, however much they cancel (Higham, 2002, 3.1)."""
    for sample in opinfo.INFOS[name][0].sample_inputs("cpu", torch.float32):
        tensors = [t for t in (sample.input, *sample.args) if isinstance(t, torch.Tensor)]
        function = getattr(torch, name)
        exact = function(*[t.double() for t in tensors], **sample.kwargs)
        # addbmm sums over the batch too, scales twice and adds its input
        terms = tensors[-2].shape[-1] if name == "matmul" else tensors[-1].shape[0] * tensors[-1].shape[1] + 3
        sizes = {key: abs(value) for key, value in sample.kwargs.items()}
        bound = function(*[t.double().abs() for t in tensors], **sizes) * terms * 2**-24
        found = getattr(bt, name)(*map(opinfo.as_ours, tensors), **sample.kwargs)
        assert found.dtype == np.float32
        assert found.shape == tuple(exact.shape)
        assert (np.abs(found._data - exact.numpy()) <= bound.numpy()).all()
