"""Scaled dot-product attention against PyTorch's: its own samples, masks of every kind, and what a mask must never do.

PyTorch's plain kernel is the oracle, since its fused ones have no second derivatives; it takes no mask beside `is_causal`, so
there the mask of both stands in. PyTorch draws other numbers for dropout, so that samples are compared without it.
"""

from types import SimpleNamespace

import byhand.tensor as bt
import numpy as np
import opinfo
import pytest
import torch
from byhand.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

LIBRARIES = [pytest.param((bt, F), id="byhand"), pytest.param((torch, torch.nn.functional), id="torch")]
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def plain():
    with sdpa_kernel(SDPBackend.MATH):
        yield


def still(info):
    """The operation of `op_db`, its samples without dropout."""

    def samples(*args, **kwargs):
        for sample in info.sample_inputs(*args, **kwargs):
            sample.kwargs["dropout_p"] = 0.0
            yield sample

    facts = ("name", "formatted_name", "op", "supports_autograd", "supports_gradgrad")
    return SimpleNamespace(sample_inputs=samples, **{fact: getattr(info, fact) for fact in facts})


INFO = still(opinfo.INFOS["nn.functional.scaled_dot_product_attention"][0])


def test_samples():
    opinfo.agrees(INFO, torch.float64)


def test_rounding():
    """The samples' scores reach 200, so that their rounding in float32 alone changes the weights by more than the tolerance.

    A score, a sum of E products, is wrong by at most Δ = (E + 2) ε c Σ |q| |k|, and so a weight by a factor e^{2Δ}; the sums
    over S keys, exponential and quotient add (2 S + 8) ε (Higham, 2002, 3.1). All is weighed by Σ P |v|.
    """
    for sample in INFO.sample_inputs("cpu", torch.float32):
        tensors = [sample.input, *sample.args]
        mask = sample.kwargs.pop("attn_mask", None)
        q, k, v = (t.double() for t in tensors)
        exact = INFO.op(q, k, v, mask if mask is None else mask.double(), **sample.kwargs)
        sizes = q.abs() @ k.abs().mT / np.sqrt(q.shape[-1]) + (0 if mask is None else mask.double().abs())
        delta = (q.shape[-1] + 2) * 2**-24 * sizes.amax(-1, keepdim=True)
        mean = INFO.op(q, k, v.abs(), mask if mask is None else mask.double(), **sample.kwargs)
        bound = mean * (torch.expm1(2 * delta) + (2 * k.shape[-2] + 8) * 2**-24)
        given = None if mask is None else opinfo.as_ours(mask)
        found = F.scaled_dot_product_attention(*map(opinfo.as_ours, tensors), given, **sample.kwargs)
        assert found.dtype == np.float32
        assert found.shape == tuple(exact.shape)
        assert (np.abs(found.numpy() - exact.numpy()) <= bound.numpy()).all()


# ---------------------------------------------------------------------- our own cases


def attend(library, query, key, value, attn_mask=None, **options):
    """Attention in one library. In PyTorch, a mask and causality become one mask."""
    function = F.scaled_dot_product_attention
    if library is torch:
        function = torch.nn.functional.scaled_dot_product_attention
        if attn_mask is not None and options.get("is_causal"):
            before = torch.ones(query.shape[-2], key.shape[-2], dtype=torch.bool).tril()
            options["is_causal"] = False
            attn_mask = attn_mask & before if attn_mask.dtype == torch.bool else attn_mask.masked_fill(~before, -torch.inf)
    return function(query, key, value, attn_mask, **options)


def agrees(dtype, shapes, attn_mask=None, amplitude=1.0, **options):
    """Both libraries give the same value, gradients and second derivatives."""
    arrays = [(amplitude * RNG.standard_normal(shape)).astype(dtype) for shape in shapes]
    if attn_mask is not None:
        arrays.append(attn_mask if attn_mask.dtype == bool else attn_mask.astype(dtype))
    theirs = [torch.from_numpy(a).requires_grad_(a.dtype != bool) for a in arrays]
    ours = list(map(opinfo.as_ours, theirs))
    pairs = opinfo.same(attend(bt, *ours, **options), attend(torch, *theirs, **options), str(options))
    opinfo.gradients((ours, theirs), pairs, RNG, str(options), dtype == "float64")


def some(*shape):
    """A mask of truths, in which some queries may attend to nothing."""
    mask = RNG.random(shape) > 0.5
    mask[..., 0, :] = False
    return mask


SHAPES = {
    "L<S": [(2, 3, 4, 5), (2, 3, 7, 5), (2, 3, 7, 6)],
    "L>S": [(2, 3, 9, 5), (2, 3, 7, 5), (2, 3, 7, 5)],
    "one": [(1, 1, 1, 5), (1, 1, 1, 5), (1, 1, 1, 2)],
    "matrices": [(4, 5), (7, 5), (7, 3)],
    "broadcast": [(3, 4, 5), (2, 3, 7, 5), (2, 1, 7, 5)],
    "empty batch": [(0, 3, 4, 5), (0, 3, 7, 5), (0, 3, 7, 5)],
    "no queries": [(2, 0, 5), (2, 7, 5), (2, 7, 5)],
    "no keys": [(2, 4, 5), (2, 0, 5), (2, 0, 5)],
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("is_causal", [False, True])
@pytest.mark.parametrize("kind", ["none", "bool", "float"])
@pytest.mark.parametrize("shapes", SHAPES.values(), ids=SHAPES)
def test_masks_and_shapes(shapes, kind, is_causal, dtype):
    size = shapes[0][-2], shapes[1][-2]
    if kind != "none" and size[0]:
        mask = some(*size) if kind == "bool" else np.where(some(*size), RNG.standard_normal(size), -np.inf)
        agrees(dtype, shapes, mask, is_causal=is_causal)
    else:
        agrees(dtype, shapes, is_causal=is_causal)


@pytest.mark.parametrize("shape", [(7,), (4, 1), (1, 7), (3, 1, 1), (2, 1, 4, 7), (2, 3, 4, 7), ()])
@pytest.mark.parametrize("is_causal", [False, True])
def test_broadcast_masks(shape, is_causal):
    shapes = SHAPES["L<S"]
    agrees("float64", shapes, RNG.standard_normal(shape), is_causal=is_causal)
    agrees("float64", shapes, np.asarray(RNG.random(shape) > 0.4), is_causal=is_causal)


@pytest.mark.parametrize("heads", [(6, 3, 3), (6, 1, 1), (6, 2, 3), (6, 6, 2), (1, 1, 1)])
@pytest.mark.parametrize("is_causal", [False, True])
def test_shared_heads(heads, is_causal):
    shapes = [(2, heads[0], 4, 5), (2, heads[1], 7, 5), (2, heads[2], 7, 3)]
    agrees("float64", shapes, is_causal=is_causal, enable_gqa=True)
    agrees("float64", [shape[1:] for shape in shapes], some(heads[0], 4, 7), is_causal=is_causal, enable_gqa=True)


@pytest.mark.parametrize("scale", [0.3, -0.5, 0.0, 2])
def test_scale(scale):
    agrees("float64", SHAPES["L<S"], some(4, 7), scale=scale)


@pytest.mark.parametrize("amplitude", [30.0, 1000.0])
def test_large_scores_do_not_overflow(amplitude):
    agrees("float64", SHAPES["L<S"], some(4, 7), amplitude=amplitude, is_causal=True)
    large = bt.full((1, 3, 4), amplitude), bt.full((1, 3, 4), amplitude), bt.ones(1, 3, 2)
    np.testing.assert_allclose(F.scaled_dot_product_attention(*large).numpy(), 1, rtol=1e-6)


@pytest.mark.parametrize("libraries", LIBRARIES)
def test_true_means_may_attend(libraries):
    library, functional = libraries
    value = library.tensor([[[1.0], [2.0], [4.0]]])
    query = key = library.ones(1, 3, 1)
    mask = library.tensor([[True, False, False], [False, True, True], [False, False, False]])
    assert functional.scaled_dot_product_attention(query, key, value, mask).tolist() == [[[1.0], [3.0], [0.0]]]


@pytest.mark.parametrize("mask", ["bool", "float"])
@pytest.mark.parametrize("size", [(5, 5), (3, 5), (5, 3)])
def test_causality_holds_beside_any_mask(size, mask):
    """No query sees a later key, whatever the mask allows: changing later keys and values changes nothing."""
    query, key, value = (bt.from_numpy(RNG.standard_normal((2, n, 4))) for n in (size[0], size[1], size[1]))
    attn_mask = bt.ones(*size, dtype=bt.bool_) if mask == "bool" else bt.zeros(*size, dtype=bt.float64)
    found = F.scaled_dot_product_attention(query, key, value, attn_mask, is_causal=True)
    opinfo.close(found.numpy(), F.scaled_dot_product_attention(query, key, value, is_causal=True).numpy(), "allows all")
    for i in range(size[0]):
        later_key, later_value = key.clone(), value.clone()
        later_key[:, i + 1 :] = 100.0
        later_value[:, i + 1 :] = -100.0
        again = F.scaled_dot_product_attention(query, later_key, later_value, attn_mask, is_causal=True)
        opinfo.close(again[:, : i + 1].numpy(), found[:, : i + 1].numpy(), f"query {i}")


def test_both_together_as_in_the_fused_kernel():
    arrays = [RNG.standard_normal((2, 3, 5, 8)).astype("float32") for _ in range(3)]
    mask = some(5, 5)
    with sdpa_kernel(SDPBackend.FLASH_ATTENTION):
        theirs = torch.nn.functional.scaled_dot_product_attention(
            *map(torch.from_numpy, arrays), torch.from_numpy(mask), is_causal=True
        )
    ours = F.scaled_dot_product_attention(*map(bt.from_numpy, arrays), bt.from_numpy(mask), is_causal=True)
    opinfo.close(ours.numpy(), theirs.numpy(), "both")


def test_dropout():
    """With the identity for values the output is the weights: each dropped or divided by 1 − p, and the gradient follows."""
    bt.manual_seed(0)
    query, key = bt.randn(4, 40, 8, dtype=bt.float64), bt.randn(4, 30, 8, dtype=bt.float64)
    value = bt.eye(30, dtype=bt.float64).expand(4, 30, 30).clone().requires_grad_()
    weights = F.scaled_dot_product_attention(query, key, value.detach())
    dropped = F.scaled_dot_product_attention(query, key, value, dropout_p=0.25)
    kept = dropped.numpy(force=True) != 0
    assert abs(kept.mean() - 0.75) < 0.02
    opinfo.close(dropped.numpy(force=True), np.where(kept, weights.numpy() / 0.75, 0), "kept weights")
    upstream = bt.randn(4, 40, 30, dtype=bt.float64)
    (gradient,) = bt.autograd.grad(dropped, value, upstream)
    opinfo.close(gradient.numpy(), np.swapaxes(dropped.numpy(force=True), 1, 2) @ upstream.numpy(), "gradient of the values")
    assert not F.scaled_dot_product_attention(query, key, value, dropout_p=1.0).any()


def test_dropout_has_derivatives_of_both_orders():
    inputs = [bt.randn(2, n, 3, dtype=bt.float64, requires_grad=True) for n in (2, 4, 4)]
    mask = bt.randn(2, 4, dtype=bt.float64, requires_grad=True)

    def function(*given):
        bt.manual_seed(0)
        return F.scaled_dot_product_attention(*given, dropout_p=0.4, is_causal=True)

    assert bt.autograd.gradcheck(function, (*inputs, mask))
    assert bt.autograd.gradgradcheck(function, (*inputs, mask))


def test_layout_follows_the_queries():
    """Heads that are a view of one matrix become one matrix again without a copy, forwards and backwards."""
    query, key, value = (bt.randn(2, 5, 3, 4).transpose(1, 2).requires_grad_() for _ in range(3))
    out = F.scaled_dot_product_attention(query, key, value)
    assert out.transpose(1, 2).is_contiguous()
    for gradient in bt.autograd.grad(out, (query, key, value), bt.ones_like(out)):
        assert gradient.transpose(1, 2).is_contiguous()


# ---------------------------------------------------------------------- errors


@pytest.mark.parametrize("libraries", LIBRARIES)
def test_errors(libraries):
    library, functional = libraries
    attend = functional.scaled_dot_product_attention
    q, k, v = library.ones(2, 6, 4, 5), library.ones(2, 6, 7, 5), library.ones(2, 6, 7, 5)
    truths = lambda *shape: library.ones(*shape) > 0  # noqa: E731
    for error, action in [
        (TypeError, lambda: attend(q, [1], v)),
        (TypeError, lambda: attend(q, k, v, 3)),
        (TypeError, lambda: attend(q, k, v, scale="a")),
        (TypeError, lambda: attend(q, k, v, None, 0.0, False, 0.5)),
        (RuntimeError, lambda: attend(q.double(), k, v)),
        (RuntimeError, lambda: attend(q.long(), k.long(), v.long())),
        (RuntimeError, lambda: attend(q[0, 0, 0], k, v)),
        (RuntimeError, lambda: attend(q, k[..., :3], v)),
        (RuntimeError, lambda: attend(q, k, v[..., :3, :])),
        (RuntimeError, lambda: attend(q, k[:, :2], v[:, :2])),
        (RuntimeError, lambda: attend(q, k, v, truths(4, 3))),
        (RuntimeError, lambda: attend(q, k, v, truths(7, 4))),
        (RuntimeError, lambda: attend(q, k, v, truths(1, 2, 6, 4, 7))),
        (RuntimeError, lambda: attend(q[:1], k[:1], v[:1], truths(2, 1, 4, 7))),
        (RuntimeError, lambda: attend(q, k, v, truths(4, 7).long())),
        (RuntimeError, lambda: attend(q, k, v, truths(4, 7).double())),
        (RuntimeError, lambda: attend(q, k, v, dropout_p=1.5)),
        (RuntimeError, lambda: attend(q, k[:, :4], v[:, :4], enable_gqa=True)),
        (IndexError, lambda: attend(q[0, 0], k[0, 0], v[0, 0], enable_gqa=True)),
    ]:
        with pytest.raises(error):
            action()
