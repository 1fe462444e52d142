"""Element-wise operations against PyTorch's own samples."""

import byhand.tensor as bt
import opinfo
import pytest

NAMES = """
    acos acosh addcdiv addcmul allclose asin asinh atan atan2 atanh bitwise_left_shift bitwise_right_shift ceil copysign cosh
    deg2rad digamma div equal exp2 expm1 floor floor_divide fmax fmin fmod frac heaviside hypot isclose isneginf isposinf isreal
    lerp lgamma log10 log1p log2 logaddexp logaddexp2 logit nan_to_num polygamma positive rad2deg reciprocal remainder round
    rsqrt sgn signbit sinc sinh tan true_divide trunc xlogy __rdiv__ __rmod__
"""
INFOS = [info for name in NAMES.split() for info in opinfo.INFOS[name] if not name.startswith("__")]


@pytest.mark.parametrize(("info", "dtype"), opinfo.cases(NAMES))
def test_samples(info, dtype):
    opinfo.agrees(info, dtype)


@pytest.mark.parametrize("info", [info for info in INFOS if info.inplace_variant], ids=lambda info: info.formatted_name)
def test_in_place(info):
    opinfo.agrees_in_place(info)


@pytest.mark.parametrize("info", INFOS, ids=lambda info: info.formatted_name)
def test_forms(info):
    """What PyTorch offers as a method, in place or under a second name is here too."""
    for form in (info.method_variant, info.inplace_variant):
        assert form is None or hasattr(bt.Tensor, form.__name__)
    for alias in info.aliases:
        assert "." in alias.name or hasattr(bt, alias.name), alias.name
