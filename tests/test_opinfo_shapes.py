"""Rearranging, diagonals, windows, scattering and masks against PyTorch's own samples."""

import byhand.tensor as bt
import opinfo
import pytest

NAMES = """
    movedim adjoint flip fliplr flipud roll rot90 repeat tile broadcast_tensors meshgrid atleast_1d atleast_2d atleast_3d
    hstack vstack dstack column_stack ravel unflatten unbind chunk tensor_split hsplit vsplit dsplit
    broadcast_to cat expand expand_as flatten permute reshape reshape_as view view_as split squeeze stack transpose t
    unsqueeze narrow select
    tril triu diag diagonal diag_embed diagflat trace block_diag tril_indices triu_indices
    unfold narrow_copy
    index_select index_add index_copy index_fill repeat_interleave
    gather scatter scatter_add scatter_reduce take_along_dim take put
    index_put masked_fill masked_select masked_scatter nonzero argwhere cartesian_prod combinations
"""
INFOS = [info for name in NAMES.split() for info in opinfo.INFOS[name]]


@pytest.mark.parametrize(("info", "dtype"), opinfo.cases(NAMES))
def test_samples(info, dtype):
    opinfo.agrees(info, dtype)


@pytest.mark.parametrize(
    "info", [info for info in INFOS if info.inplace_variant and hasattr(bt.Tensor, info.inplace_variant.__name__)],
    ids=lambda info: info.formatted_name,
)  # fmt: skip
def test_in_place(info):
    opinfo.agrees_in_place(info)


@pytest.mark.parametrize("info", INFOS, ids=lambda info: info.formatted_name)
def test_forms(info):
    """What PyTorch offers as a method or under a second name is here too."""
    assert info.method_variant is None or hasattr(bt.Tensor, info.method_variant.__name__)
    for alias in info.aliases:
        assert "." in alias.name or hasattr(bt, alias.name), alias.name
