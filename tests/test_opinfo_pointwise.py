"""Element-wise operations against PyTorch's own samples."""

import byhand.tensor as bt
import opinfo
import pytest

NAMES = """
    __radd__ __rand__ __rdiv__ __rmod__ __rmul__ __ror__ __rpow__ __rsub__ __rxor__ abs acos acosh add addcdiv addcmul
    allclose asin asinh atan atan2 atanh bitwise_and bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor
    ceil clamp clamp_max clamp_min clone copysign cos cosh deg2rad digamma div eq equal erf erfc exp exp2 expm1 float_power
    floor floor_divide fmax fmin fmod frac ge gt heaviside hypot isclose isfinite isinf isnan isneginf isposinf isreal le lerp
    lgamma log log10 log1p log2 logaddexp logaddexp2 logical_and logical_not logical_or logical_xor logit lt maximum minimum
    mul nan_to_num ne neg polygamma positive pow rad2deg reciprocal remainder round rsqrt rsub sgn sigmoid sign signbit sin
    sinc sinh sqrt square sub tan tanh true_divide trunc where xlogy
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
