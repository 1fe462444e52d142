"""Reductions, scans, order and statistics against PyTorch's own samples."""

import byhand.tensor as bt
import opinfo
import pytest

NAMES = """
    all amax amin aminmax any argmax argmin argsort bincount bucketize cdist corrcoef count_nonzero cov cummax cummin cumprod
    cumsum cumulative_trapezoid diff dist histc isin kthvalue log_softmax logcumsumexp logsumexp max mean median min mode msort
    nanmean nanmedian nanquantile nansum norm prod quantile searchsorted softmax sort std std_mean sum topk trapezoid trapz unique
    unique_consecutive var var_mean
"""
INFOS = [info for name in NAMES.split() for info in opinfo.INFOS[name]]


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
