"""Whole numbers, special functions, parts, histograms, conversions against PyTorch's own samples."""

import byhand.tensor as bt
import opinfo
import pytest

NAMES = """
    erfinv i0 mvlgamma ldexp frexp nextafter gcd lcm unravel_index angle real conj conj_physical resolve_conj resolve_neg
    renorm gradient sum_to_size split_with_sizes unsafe_split unsafe_chunk index_reduce histogram fill contiguous
    bool byte char double float half int long short item broadcast_shapes __getitem__
"""
INFOS = [info for name in f"{NAMES} zero_".split() for info in opinfo.INFOS[name] if not name.startswith("__")]


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
