"""Convolutions and transposed convolutions against PyTorch's: its own samples, and cases that they leave out."""

import tracemalloc
import warnings
from copy import deepcopy
from functools import partial

import byhand.nn as bn
import byhand.nn.functional as F
import byhand.tensor as bt
import modinfo
import numpy as np
import opinfo
import pytest
import torch
import torch.nn.functional as TF
from beside_torch import compare
from byhand.nn.functional import _correlation, _lines, _patches

# PyTorch says so once a process, of its own speed: whichever test comes first.
pytestmark = pytest.mark.filterwarnings("ignore:Using padding=.same.:UserWarning")

NAMES = [f"nn.functional.conv{kind}{rank}d" for kind in ("", "_transpose") for rank in (1, 2, 3)]
CANCELLING = {"conv2d", "conv3d", "conv_transpose3d"}  # in float32 their samples cancel; `test_rounding` judges them
CASES = [
    case
    for case in opinfo.cases(" ".join(NAMES))
    if case.values[1] != torch.float32 or case.values[0].name.split(".")[-1] not in CANCELLING
]
MODULES = "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d"
CANCELLING_MODULES = {modinfo.Case(name, torch.float32, True) for name in ("Conv3d", "ConvTranspose3d")}


@pytest.mark.parametrize(("info", "dtype"), CASES)
def test_samples(info, dtype):
    opinfo.agrees(info, dtype)


@pytest.mark.parametrize("case", [c for c in modinfo.cases(MODULES) if c.values[0] not in CANCELLING_MODULES])
def test_module_samples(case):
    modinfo.agrees(case)


@pytest.mark.parametrize("name", NAMES)
def test_rounding(name):
    """Sums of m terms in float32 are wrong by at most m ε Σ |x||w|, however much they cancel (Higham, 2002, 3.1)."""
    info = opinfo.INFOS[name][0]
    for sample in info.sample_inputs("cpu", torch.float32):
        given = (sample.input, sample.args, sample.kwargs)
        exact = called(info.op, opinfo.mapped(in_double, given))
        size = called(info.op, opinfo.mapped(lambda t: in_double(t).abs(), given))
        found = called(opinfo.ours(info), opinfo.mapped(opinfo.as_ours, given))
        weight = sample.args[0]
        terms = weight.numel() // weight.shape["transpose" in name] + 1
        assert found.dtype == np.float32
        assert found.shape == tuple(exact.shape)
        assert (np.abs(found.numpy() - exact.numpy()) <= (size * terms * 2**-24).numpy()).all()


@pytest.mark.parametrize("case", [c for c in modinfo.cases(MODULES) if c.values[0] in CANCELLING_MODULES])
def test_rounding_of_modules(case):
    """The same bound for results and gradients, for w̄ = Σ_{n,p} x ȳ and x̄ = Σ_{o,k} ȳ w are such sums as well."""
    for sample in modinfo.samples(modinfo.INFOS[case.name], case):
        ours, theirs = modinfo.built(case, sample.constructor_input, case.name)
        x = sample.forward_input.args[0].detach()
        exact, size = deepcopy(theirs).double(), deepcopy(theirs).double()
        for p in size.parameters():
            p.data.abs_()
        found = with_gradients(ours, opinfo.as_ours(x), bt.from_numpy)
        wanted = with_gradients(exact, x.double(), lambda g: torch.from_numpy(g).double())
        sizes = with_gradients(size, x.double().abs(), lambda g: torch.from_numpy(g).double().abs())
        of_first, of_second = theirs.weight[0].numel(), theirs.weight[:, 0].numel()
        if "Transpose" in case.name:
            of_first, of_second = of_second, of_first
        channels = x.numel() // ours.in_channels, wanted[0].size // ours.out_channels
        for a, b, largest, terms in zip(found, wanted, sizes, (of_first + 1, of_second, min(channels), channels[1]), strict=True):
            assert a.dtype == np.float32
            assert (np.abs(a - b) <= terms * 2**-24 * largest).all()


def with_gradients(module, x, tensor):
    """Result, x̄, w̄ and b̄ for one random upstream gradient, as arrays."""
    x.requires_grad_()
    out = module(x)
    out.backward(tensor(numbers(*out.shape, seed=3).astype("f")))
    return [t.detach().numpy() for t in (out, x.grad, module.weight.grad, module.bias.grad)]


def called(function, given):
    return function(given[0], *given[1], **given[2])


def in_double(tensor):
    return tensor.detach().double()


# ---------------------------------------------------------------------- cases that PyTorch's samples leave out

# input, weight, options; the weight is as conv1d … conv3d take it
SHAPES = [
    ((2, 3, 11), (4, 3, 3), {"stride": 3, "dilation": 2, "padding": 1}),
    ((2, 3, 12), (4, 3, 2), {"stride": 2, "dilation": 4}),
    ((2, 3, 9), (4, 3, 5), {"stride": 2, "padding": 3}),
    ((2, 2, 7, 9), (3, 2, 3, 2), {"stride": (2, 3), "dilation": (3, 1), "padding": (2, 0)}),
    ((2, 2, 8, 9), (3, 2, 2, 3), {"stride": (4, 6), "dilation": (6, 4), "padding": 3}),
    ((2, 6, 5, 6), (6, 1, 3, 3), {"groups": 6, "padding": 1}),
    ((2, 6, 5, 7), (12, 1, 2, 3), {"groups": 6, "stride": (1, 2), "dilation": 2, "padding": 2}),
    ((2, 6, 5, 6), (4, 3, 3, 1), {"groups": 2, "padding": (1, 0), "stride": 2}),
    ((2, 12, 4, 5), (6, 6, 2, 2), {"groups": 2}),
    ((3, 5, 4, 6), (2, 5, 1, 1), {}),
    ((3, 5, 4, 6), (2, 5, 1, 1), {"stride": (2, 3)}),
    ((3, 5, 4, 6), (2, 5, 1, 1), {"padding": (1, 0)}),
    ((2, 1, 8, 8), (3, 1, 4, 4), {"stride": 4}),
    ((2, 5, 7, 7), (3, 5, 2, 2), {"stride": 3}),  # gaps between the windows
    ((0, 5, 7, 7), (3, 5, 2, 2), {}),
    ((5, 7, 7), (3, 5, 2, 3), {}),
    ((2, 5, 3, 4, 5), (3, 5, 2, 2, 2), {"stride": (2, 1, 2), "padding": (1, 0, 1), "dilation": (1, 2, 1)}),
]
SAME = [
    ((2, 3, 8), (4, 3, 4), {}), ((2, 3, 8), (4, 3, 2), {"dilation": 3}), ((2, 2, 5, 6), (3, 2, 4, 3), {}),
    ((2, 2, 5, 6), (3, 2, 3, 2), {"dilation": (2, 3)}), ((2, 5, 6), (3, 2, 2, 4), {}), ((2, 2, 3, 4, 3), (3, 2, 2, 1, 4), {}),
    ((2, 4, 5, 6), (4, 1, 4, 2), {"groups": 4}),
]  # fmt: skip
SHAPES += [(input, weight, {"padding": "same"} | options) for input, weight, options in SAME]
SHAPES += [((2, 3, 5), (4, 3, 3), {"padding": "valid", "stride": 2})]


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.parametrize("block", [None, 1, 500])
@pytest.mark.parametrize(("input", "weight", "options"), SHAPES)
def test_convolution(input, weight, options, block, monkeypatch):
    """In one block, line by line, and in blocks of unequal length."""
    if block is not None:
        monkeypatch.setattr(_patches, "BLOCK", block)
        monkeypatch.setattr(_correlation, "DEPTHWISE_BLOCK", block)
        monkeypatch.setattr(_lines, "BLOCK", block)
        monkeypatch.setattr(_lines, "FEW_NUMBERS", 1)
    name = f"conv{len(weight) - 2}d"
    arrays = numbers(*input), numbers(*weight, seed=1), numbers(weight[0], seed=2)
    compare(partial(getattr(F, name), **options), partial(getattr(TF, name), **options), *arrays)


@pytest.mark.parametrize(("input", "weight", "options"), [row for row in SHAPES if not isinstance(row[2].get("padding"), str)])
def test_transposed_convolution(input, weight, options):
    rank = len(weight) - 2
    name, groups = f"conv_transpose{rank}d", options.get("groups", 1)
    channels = input[1] if len(input) > rank + 1 else input[0]
    strides = np.broadcast_to(options.get("stride", 1), rank)
    options = {"output_padding": tuple(int(s) - 1 for s in strides)} | options
    arrays = numbers(*input), numbers(channels, weight[0] // groups, *weight[2:], seed=1), numbers(weight[0], seed=2)
    compare(partial(getattr(F, name), **options), partial(getattr(TF, name), **options), *arrays)


@pytest.mark.parametrize("channels", [2, 9])
def test_layouts(channels):
    """Channels may lie anywhere in memory, and rows apart or backwards."""
    x, w = numbers(8, channels, 3, 7), numbers(5, channels, 3, 3, seed=1)
    for change in (lambda t: t.permute(3, 1, 2, 0), lambda t: t[:, :, :, ::2].permute(2, 1, 0, 3), lambda t: t.flip(0)):
        compare(
            lambda x, w, change=change: F.conv2d(change(x), w, padding=1),
            lambda x, w, change=change: TF.conv2d(change(x), w, padding=1),
            x, w,
        )  # fmt: skip


@pytest.mark.parametrize("small", [0, 1 << 18])
@pytest.mark.parametrize("options", [{}, {"stride": (2, 1), "padding": 2}, {"dilation": (2, 3)}, {"groups": 3, "padding": 1}])
def test_line_by_line_and_at_once(options, small, monkeypatch):
    """Whether products are small or large, and whether threads share them, is nothing that anyone sees."""
    monkeypatch.setattr(_lines, "SMALL", small)
    monkeypatch.setattr(_lines, "WORTH", 0)
    monkeypatch.setattr(_lines, "FEW_NUMBERS", 0)
    arrays = numbers(7, 6, 9, 11), numbers(12, 6 // options.get("groups", 1), 3, 2, seed=1), numbers(12, seed=2)
    before = bt.get_num_threads()
    bt.set_num_threads(3)
    try:
        compare(partial(F.conv2d, **options), partial(TF.conv2d, **options), *arrays)
    finally:
        bt.set_num_threads(before)


def test_results_lie_channels_last():
    out = F.conv2d(bt.zeros(2, 3, 5, 6), bt.zeros(4, 3, 2, 2))
    assert out.permute(0, 2, 3, 1).is_contiguous()
    assert out.numpy().base is None  # gradients may be added into it


def test_a_large_image_is_not_gathered_at_once():
    """Beside the result and the padded image there is one block of windows; all of them would be three images."""
    x, w, before = bt.zeros(1, 16, 256, 256), bt.zeros(16, 16, 3, 3), bt.get_num_threads()
    bt.set_num_threads(1)
    tracemalloc.start()
    try:
        F.conv2d(x, w, padding=1)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        bt.set_num_threads(before)
    assert peak < 2.1 * x.nbytes + 2 * _lines.BLOCK, peak


def test_third_derivative():
    arrays = numbers(2, 4, 6, 5), numbers(4, 2, 3, 2, seed=1)
    compare(
        lambda x, w: bt.autograd.grad(F.conv2d(x, w * w, stride=2, groups=2).pow(3).sum(), x, create_graph=True)[0],
        lambda x, w: torch.autograd.grad(TF.conv2d(x, w * w, stride=2, groups=2).pow(3).sum(), x, create_graph=True)[0],
        *arrays,
    )


def test_only_what_is_needed_is_kept():
    x, w, b = bt.zeros(2, 3, 5, 5), bt.zeros(4, 3, 3, 3, requires_grad=True), bt.zeros(4, requires_grad=True)
    assert [saved is x.numpy() for saved in F.conv2d(x, w, b).grad_fn.saved] == [True]
    assert [saved is w.detach().numpy() for saved in F.conv2d(x.requires_grad_(), w.detach(), b).grad_fn.saved] == [True]


# ---------------------------------------------------------------------- modules


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("padding", [(2, 1), "same", "valid"])
def test_padding_modes(mode, padding):
    options = {"padding": padding, "padding_mode": mode, "dilation": (2, 1), "bias": False}
    ours, theirs = bn.Conv2d(3, 4, (2, 4), **options).double(), torch.nn.Conv2d(3, 4, (2, 4), **options).double()
    assert repr(ours) == repr(theirs)
    ours.load_state_dict(theirs.state_dict())
    compare(ours, theirs, numbers(2, 3, 5, 6))


@pytest.mark.parametrize("size", [(11, 7), (12, 9), [2, 3, 11, 9]])
def test_output_size(size):
    ours, theirs = [nn.ConvTranspose2d(2, 3, 3, stride=(2, 3), padding=(0, 1), dilation=1) for nn in (bn, torch.nn)]
    ours.load_state_dict(theirs.state_dict())
    arrays = numbers(2, 2, 5, 3).astype("float32")
    compare(partial(ours, output_size=size), partial(theirs, output_size=size), arrays, second=False)


@pytest.mark.parametrize(
    "build",
    [
        lambda nn: nn.Conv1d(4, 6, 3), lambda nn: nn.Conv2d(4, 6, (3, 2), groups=2, bias=False),
        lambda nn: nn.Conv3d(2, 4, 2, 2, 1),
        lambda nn: nn.ConvTranspose1d(4, 6, 3, stride=2, output_padding=1), lambda nn: nn.Conv2d(1, 1, 3, padding="same"),
        lambda nn: nn.ConvTranspose3d(4, 6, 3, 1, 0, 0, 2, True, 2),
    ],
)  # fmt: skip
def test_looks_and_bounds(build):
    """`weight` and `bias` fill the interval that PyTorch's do."""
    ours, theirs = build(bn), build(torch.nn)
    assert repr(ours) == repr(theirs)
    ours.load_state_dict(theirs.state_dict())
    bound = 1 / np.sqrt(np.prod(theirs.weight.shape[1:]))
    for nn in (bn, torch.nn):
        drawn = [np.abs(build(nn).weight.detach().numpy()).max() for _ in range(20)]
        assert 0.9 * bound < max(drawn) <= bound
        if ours.bias is not None:
            drawn = [np.abs(build(nn).bias.detach().numpy()).max() for _ in range(20)]
            assert 0.8 * bound < max(drawn) <= bound


def test_nothing_to_draw():
    for nn in (bn, torch.nn):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert nn.Conv2d(0, 4, 3).bias.tolist() == [0] * 4
            assert nn.Conv2d(3, 4, 0).weight.shape == (4, 3, 0, 0)


# ---------------------------------------------------------------------- errors

BAD_CALLS = [
    ("conv2d", (1, 3, 5, 5), (4, 2, 3, 3), None, {}), ("conv2d", (1, 4, 5, 5), (3, 2, 3, 3), None, {"groups": 2}),
    ("conv2d", (1, 4, 5, 5), (3, 2, 3, 3), None, {"groups": 0}), ("conv2d", (1, 4, 5, 5), (2, 1, 3, 3), None, {"groups": 4}),
    ("conv2d", (1, 2, 2, 5), (4, 2, 3, 3), None, {}), ("conv2d", (1, 2, 5, 5), (4, 2, 3, 3), None, {"dilation": 3}),
    ("conv2d", (1, 2, 5, 5), (4, 2, 3, 3), None, {"stride": 0}), ("conv2d", (1, 2, 5, 5), (4, 2, 3, 3), None, {"stride": -1}),
    ("conv2d", (1, 2, 5, 5), (4, 2, 3, 3), None, {"padding": -1}), ("conv2d", (1, 2, 5, 5), (4, 2, 3, 3), None, {"dilation": 0}),
    ("conv2d", (1, 1, 2, 5, 5), (4, 2, 3, 3), None, {}), ("conv2d", (5, 5), (4, 2, 3, 3), None, {}),
    ("conv2d", (1, 2, 5, 5), (4, 2, 3), None, {}), ("conv2d", (1, 2, 5, 5), (4, 2, 3, 3), (3,), {}),
    ("conv2d", (1, 2, 5, 5), (4, 2, 3, 3), (4, 1), {}), ("conv2d", (1, 2, 5, 5), (4, 2, 3, 3), None, {"stride": (1, 1, 1)}),
    ("conv2d", (1, 2, 5, 5), (4, 2, 3, 3), None, {"stride": 1.5}), ("conv2d", (1, 2, 5, 5), (4, 2, 3, 3), None, {"stride": True}),
    ("conv2d", (1, 2, 5, 5), (4, 2, 3, 3), None, {"padding": "full"}),
    ("conv2d", (1, 2, 5, 5), (4, 2, 3, 3), None, {"padding": "same", "stride": 2}),
    ("conv2d", (2, 2, 0, 5), (3, 2, 1, 1), None, {"padding": 1}), ("conv2d", (2, 2, 5, 5), (3, 2, 0, 1), None, {}),
    ("conv1d", (1, 2, 2), (4, 2, 3), None, {}), ("conv3d", (1, 2, 5, 5), (4, 2, 3, 3), None, {}),
    ("conv_transpose2d", (1, 3, 5, 5), (2, 4, 3, 3), None, {}),
    ("conv_transpose2d", (1, 3, 5, 5), (3, 2, 3, 3), None, {"groups": 2}),
    ("conv_transpose2d", (1, 2, 5, 5), (2, 4, 3, 3), None, {"output_padding": 1}),
    ("conv_transpose2d", (1, 2, 5, 5), (2, 4, 3, 3), None, {"output_padding": -1}),
    ("conv_transpose2d", (1, 2, 1, 1), (2, 4, 3, 3), None, {"padding": 2}),
    ("conv_transpose2d", (1, 2, 1, 2), (2, 4, 2, 3), None, {"padding": 1}),
    ("conv_transpose2d", (1, 2, 5, 5), (2, 4, 3, 3), (2,), {}), ("conv_transpose2d", (5, 5), (2, 4, 3, 3), None, {}),
    ("conv_transpose2d", (1, 2, 5, 5), (2, 4, 3, 3), None, {"padding": "same"}),
    ("conv_transpose2d", (1, 2, 5, 5), (2, 4, 3, 3), None, {"stride": 0}),
    ("conv_transpose2d", (1, 2, 0, 5), (2, 4, 3, 3), None, {}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "input", "weight", "bias", "options"), BAD_CALLS)
def test_errors(name, input, weight, bias, options):
    kinds = []
    for library, functional in ((torch, TF), (bt, F)):
        given = [None if shape is None else library.zeros(*shape) for shape in (input, weight, bias)]
        with pytest.raises((RuntimeError, TypeError)) as caught:
            getattr(functional, name)(*given, **options)
        kinds.append(caught.type)
    assert kinds[0] is kinds[1]


@pytest.mark.parametrize("name", ["conv2d", "conv_transpose2d"])
def test_dtypes_that_do_not_meet(name):
    for library, functional in ((torch, TF), (bt, F)):
        x, w, b = library.zeros(1, 2, 5, 5), library.zeros(2, 2, 3, 3), library.zeros(2)
        given_bias = () if library is torch and "transpose" in name else ((x, w, b.double()),)  # there PyTorch adds any bias
        for given in ((x.double(), w), (x, w.double()), (x.long(), w), *given_bias):
            with pytest.raises(RuntimeError):
                getattr(functional, name)(*given)
        with pytest.raises(NotImplementedError):
            getattr(functional, name)(x.bool(), w.bool())
        with pytest.raises(TypeError):
            getattr(functional, name)([1.0], w)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("Conv2d", {"groups": 3}), ("Conv2d", {"groups": 4}), ("Conv2d", {"groups": 0}), ("Conv2d", {"padding": "full"}),
        ("Conv2d", {"padding": "same", "stride": 2}), ("Conv2d", {"padding_mode": "mirror"}),
        ("ConvTranspose2d", {"groups": 4}), ("ConvTranspose2d", {"padding_mode": "reflect"}),
    ],
)  # fmt: skip
def test_module_errors(name, options):
    for nn in (torch.nn, bn):
        with pytest.raises(ValueError, match=r"groups|padding"):
            getattr(nn, name)(4, 6, 3, **options)


@pytest.mark.parametrize("size", [(13, 12), (10, 12), (12,), (1, 1, 3, 12, 12)])
def test_output_sizes_that_cannot_be(size):
    for library, nn in ((torch, torch.nn), (bt, bn)):
        with pytest.raises(ValueError, match=r"output.size"):
            nn.ConvTranspose2d(2, 3, 3, stride=2)(library.zeros(1, 2, 5, 5), output_size=size)
