"""What PyTorch refuses is refused here; and the ways in which cdist may compute."""

import byhand.tensor as bt
import numpy as np
import pytest
import torch

CALLS = [
    lambda m: m.maximum(m.ones(2), 1.0), lambda m: m.minimum(1.0, m.ones(2)), lambda m: m.fmax(m.ones(2), 1.0),
    lambda m: m.fmin(m.ones(2), 1), lambda m: m.argmax(m.tensor([True])), lambda m: m.argmin(m.tensor([True])),
    lambda m: m.tensor([[True]]) @ m.tensor([[True]]), lambda m: m.mm(m.tensor([[True]]), m.tensor([[True]])),
    lambda m: m.dot(m.tensor([True]), m.tensor([True])), lambda m: m.bmm(m.tensor([[[True]]]), m.tensor([[[True]]])),
    lambda m: m.mv(m.tensor([[True]]), m.tensor([True])), lambda m: m.cdist(m.ones(2, 2), m.ones(2, 2), compute_mode="fast"),
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_errors_have_torchs_types(call):
    kinds = []
    for library in (torch, bt):
        with pytest.raises(Exception) as caught:
            call(library)
        kinds.append(caught.type)
    assert kinds[0] is kinds[1]


@pytest.mark.parametrize("number", [0, 0.25])
def test_numpys_maximum_takes_numbers(number):
    x = bt.tensor([-1.0, 0.5], requires_grad=True)
    for name in ("maximum", "minimum", "fmax", "fmin"):
        found = getattr(np, name)(x, number)
        assert found.dtype == bt.float32
        np.testing.assert_array_equal(found.detach().numpy(), getattr(np, name)(x.detach().numpy(), number))


MODES = ["use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shapes", [((4, 3), (5, 3)), ((26, 3), (5, 3)), ((2, 1, 6, 4), (3, 30, 4))])
def test_cdist_by_every_mode(mode, shapes):
    rng = np.random.default_rng(8)
    arrays = [rng.standard_normal(shape) for shape in shapes]
    arrays[1][..., :1, :] = 0
    arrays[0][..., :1, :] = 0  # a distance of 0
    upstream = [rng.standard_normal(shape) for shape in (torch.cdist(*map(torch.from_numpy, arrays)).shape, *shapes)]
    results = []
    for library in (bt, torch):
        inputs = [library.from_numpy(a.copy()).requires_grad_() for a in arrays]
        g, *h = map(library.from_numpy, upstream)
        y = library.cdist(*inputs, compute_mode=mode)
        first = library.autograd.grad(y, inputs, g, create_graph=True)
        second = library.autograd.grad(first, inputs, h) if library is bt or mode == MODES[1] else first
        results.append([y.detach(), *[t.detach() for t in first], *(second if mode == MODES[1] else ())])
    for found, expected in zip(*results, strict=True):
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-7, atol=1e-7)


def test_cdist_multiplies_only_when_it_may():
    """Far from the origin the product loses what the differences keep."""
    a = bt.tensor([[1e8, 1e8], [1e8, 1e8 + 0.125]], dtype=bt.float64)
    kept = bt.cdist(a, a, compute_mode="donot_use_mm_for_euclid_dist")
    assert kept.tolist() == [[0, 0.125], [0.125, 0]] == bt.cdist(a, a).tolist()
    many = a.repeat(20, 1)
    for mode in MODES[:2]:
        assert bt.cdist(many, many, compute_mode=mode)[0, 1] != 0.125
    assert bt.cdist(many, many, compute_mode=MODES[2])[0, 1] == 0.125
