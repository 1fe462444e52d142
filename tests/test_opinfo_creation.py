"""New tensors against PyTorch's own samples: values where these are said, shapes and dtypes where they are random."""

import warnings

import opinfo
import pytest

SAID = """
    arange linspace logspace eye zeros ones full scalar_tensor zeros_like ones_like full_like new_zeros new_ones new_full
"""
OPEN = """
    empty empty_like empty_strided new_empty new_empty_strided randn randn_like rand_like randint randint_like normal bernoulli
    multinomial
"""
# What these call is not the function itself: see test_random_against_torch.
OTHERS = {"normal_in_place", "normal_number_mean"}
CASES = [case for case in opinfo.cases(f"{SAID} {OPEN}") if case.values[0].formatted_name not in OTHERS]


@pytest.mark.parametrize(("info", "dtype"), CASES)
def test_samples(info, dtype):
    function, count = opinfo.ours(info), 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for count, sample in enumerate(info.sample_inputs("cpu", dtype), 1):  # noqa: B007
            given = (sample.input, sample.args, sample.kwargs)
            expected = info.op(sample.input, *sample.args, **sample.kwargs)
            input, args, kwargs = opinfo.mapped(opinfo.as_ours, given)
            found = function(input, *args, **kwargs)
            where = f"{info.formatted_name} {sample}"
            if info.name not in OPEN.split():
                opinfo.same(found, expected, where)
            assert found.shape == tuple(expected.shape), where
            assert str(found.dtype) == str(expected.dtype).split(".")[1], where
            assert found.requires_grad == expected.requires_grad, where
            assert not expected.numel() or "like" in info.name or found.stride() == expected.stride(), where
    assert count, f"{info.formatted_name} has no samples"
