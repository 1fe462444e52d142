"""PyTorch's own samples of modules (`module_db`), built and run in both libraries.

A module agrees if every sample does, in training and in evaluation, in float64 (with first and second derivatives of inputs and
parameters under random upstream gradients) and in float32: looks, names in the state dict, results, and the state afterwards.
"""

import warnings
from typing import NamedTuple

import byhand.nn as bn
import byhand.tensor as bt
import numpy as np
import pytest
import torch
from opinfo import as_ours, gradients, mapped, same

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from torch.testing._internal.common_modules import module_db

INFOS = {info.name.removeprefix("nn."): info for info in module_db}


# Where PyTorch's own float32 results are off by more than the tolerance (logarithms added up over 50 steps), so that they are
# compared with what it computes in float64.
IN_DOUBLE = {"CTCLoss"}

# Where PyTorch has no second derivative, although `module_db` promises one.
ONCE = {"CTCLoss", "MultiLabelMarginLoss", "MultiMarginLoss"}


class Case(NamedTuple):
    """One module class in one dtype and one mode."""

    name: str
    dtype: torch.dtype
    training: bool


def cases(names, dtypes=(torch.float64, torch.float32)):
    """Each module named with each dtype and each of its modes, as pytest parameters."""
    return [
        pytest.param(Case(name, dtype, training), id=f"{name}-{str(dtype).split('.')[1]}-{'train' if training else 'eval'}")
        for name in names.split()
        for dtype in dtypes
        for training in ((True, False) if INFOS[name].train_and_eval_differ else (True,))
    ]


def agrees(case):
    """Assert that all samples of a module agree."""
    info, count = INFOS[case.name], 0
    double = case.dtype == torch.float64
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for count, sample in enumerate(samples(info, case), 1):  # noqa: B007
            where = f"{case.name} {sample.desc} {sample.constructor_input}"
            ours, theirs = built(case, sample.constructor_input, where)
            given = (sample.forward_input.args, sample.forward_input.kwargs)
            expected_in, found_in = mapped(_leaf, given), mapped(as_ours, given)
            expected = _expected(case, theirs, expected_in)
            found = ours(*found_in[0], **found_in[1])
            pairs = same(found, expected, where)
            leaves = [[value, list(module.parameters())] for value, module in ((found_in, ours), (expected_in, theirs))]
            gradients(leaves, pairs, rng, where, double and info.supports_gradgrad and case.name not in ONCE)
            same_state(ours, theirs, where)
    assert count, f"{case.name} has no samples"


def _expected(case, module, given):
    if case.name not in IN_DOUBLE or case.dtype != torch.float32:
        return module(*given[0], **given[1])
    args, kwargs = mapped(lambda t: t.double() if isinstance(t, torch.Tensor) and t.is_floating_point() else t, given)
    return module(*args, **kwargs).float()


def samples(info, case):
    """The samples that can be called."""
    made = info.module_inputs_func(info, "cpu", case.dtype, requires_grad=True, training=case.training)
    return [sample for sample in made if sample.forward_input is not None]


def built(case, given, where):
    """The same module in both libraries, with the same numbers in it."""
    theirs = getattr(torch.nn, case.name)(*given.args, **given.kwargs).to(case.dtype).train(case.training)
    args, kwargs = mapped(as_ours, given.args), mapped(as_ours, given.kwargs)
    ours = getattr(bn, case.name)(*map(_ours, args), **{name: _ours(value) for name, value in kwargs.items()})
    ours.to(getattr(bt, str(case.dtype).split(".")[1])).train(case.training)
    assert repr(ours) == repr(theirs), where
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()], where
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def _ours(value):
    """A constructor's argument as ours: a function under its name, a layer built anew."""
    if isinstance(value, torch.nn.TransformerEncoderLayer):
        attention, hidden = value.self_attn, value.linear1
        return bn.TransformerEncoderLayer(
            attention.embed_dim, attention.num_heads, hidden.out_features, value.dropout.p, _ours(value.activation),
            value.norm1.eps, attention.batch_first, value.norm_first, hidden.bias is not None,
        )  # fmt: skip
    if callable(value) and not isinstance(value, type | torch.nn.Module):
        return getattr(bn.functional, value.__name__, value)
    return value


def same_state(ours, theirs, where):
    """Assert that both state dicts hold the same, under the same names, in the same order."""
    mine, yours = ours.state_dict(), theirs.state_dict()
    assert list(mine) == list(yours), where
    same(list(mine.values()), list(yours.values()), f"{where}: state")


def _leaf(value):
    return value.detach().clone().requires_grad_(value.requires_grad) if isinstance(value, torch.Tensor) else value
