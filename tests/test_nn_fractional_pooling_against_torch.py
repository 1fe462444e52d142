"""Fractional max pooling against PyTorch: its own samples, with the random numbers given."""

import byhand.nn as bn
import byhand.nn.functional as F
import byhand.tensor as bt
import numpy as np
import opinfo
import pytest
import torch
import torch.nn.functional as TF

NAMES = ("fractional_max_pool2d", "fractional_max_pool3d")


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("name", NAMES)
def test_samples(name, dtype):
    rng = np.random.default_rng(0)
    (info,) = opinfo.INFOS[f"nn.functional.{name}"]
    for sample in info.sample_inputs("cpu", dtype, requires_grad=True):
        x, rank = sample.input.detach(), int(name[-2])
        numbers = torch.tensor(rng.random((*(x.shape[: -rank - 1] or (1,)), x.shape[-rank - 1], rank)), dtype=dtype)
        given = {"_random_samples": numbers, **sample.kwargs}
        for values in (x, torch.where(torch.tensor(rng.random(x.shape)) < 0.1, torch.nan, x.round())):
            yours = values.clone().requires_grad_(True)
            mine = opinfo.as_ours(yours)
            expected = getattr(TF, name)(yours, *sample.args, **given)
            found = getattr(F, name)(mine, *sample.args, **opinfo.mapped(opinfo.as_ours, given))
            pairs = opinfo.same(found, expected, str(sample.kwargs))
            opinfo.gradients(([mine], [yours]), pairs, rng, str(sample.kwargs), dtype == torch.float64)


@pytest.mark.parametrize("rank", [2, 3])
def test_modules(rank):
    x = np.random.default_rng(0).standard_normal((2, 3, *(7, 8, 9)[:rank]))
    numbers = np.random.default_rng(1).random((2, 3, rank))
    for options in ({"output_size": 3}, {"output_ratio": 0.5, "return_indices": True}):
        ours = getattr(bn, f"FractionalMaxPool{rank}d")(2, **options, _random_samples=bt.tensor(numbers))
        theirs = getattr(torch.nn, f"FractionalMaxPool{rank}d")(2, **options, _random_samples=torch.tensor(numbers))
        assert repr(ours) == repr(theirs)
        assert list(ours.state_dict()) == list(theirs.state_dict())
        opinfo.same(ours(bt.tensor(x)), theirs(torch.tensor(x)), "")


def test_the_windows_are_random_and_repeatable():
    x = bt.tensor(np.random.default_rng(0).standard_normal((2, 3, 12, 13)))
    bt.manual_seed(3)
    first, second = F.fractional_max_pool2d(x, 2, 5), F.fractional_max_pool2d(x, 2, 5)
    bt.manual_seed(3)
    assert first.shape == (2, 3, 5, 5)
    assert bt.equal(first, F.fractional_max_pool2d(x, 2, 5))
    assert not bt.equal(first, second)


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((1, 1, 4, 4), {"output_size": 9}), ((4, 4), {"output_size": 2}), ((1, 1, 4, 4), {}), ((1, 0, 4, 4), {"output_size": 2}),
        ((1, 1, 4, 4), {"output_ratio": (0.5, 0.5, 0.5)}), ((1, 1, 4, 4), {"output_size": (2, 2, 2)}),
        ((1, 1, 4, 4), {"output_size": 2, "_random_samples": (1, 2, 2)}),
        ((1, 1, 4, 4), {"output_size": 2, "_random_samples": (2, 2)}),
        ((3, 1, 4, 4), {"output_size": 2, "_random_samples": (2, 1, 2)}),
    ],
)  # fmt: skip
def test_errors(shape, options):
    raised = []
    for library, functions in ((torch, TF), (bt, F)):
        given = {key: library.zeros(value) if key == "_random_samples" else value for key, value in options.items()}
        with pytest.raises((RuntimeError, ValueError, IndexError)) as error:
            functions.fractional_max_pool2d(library.zeros(shape), 2, **given)
        raised.append(error.type)
    assert raised[0] is raised[1]


@pytest.mark.parametrize(
    "options", [{}, {"output_size": 2, "output_ratio": 0.5}, {"output_ratio": 1.5}, {"output_ratio": (0.5, 0.0)}]
)
def test_errors_of_modules(options):
    for library in (torch.nn, bn):
        with pytest.raises(ValueError, match="output"):
            library.FractionalMaxPool2d(2, **options)
        with pytest.raises(ValueError, match="kernel_size"):
            library.FractionalMaxPool3d((2, 0, 2), output_size=2)
