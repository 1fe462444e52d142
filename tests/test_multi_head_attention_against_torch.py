"""Multi-head attention, function and module, against PyTorch's: its own samples, every option, and masks of all kinds.

PyTorch draws other numbers for dropout, so that samples are compared without it.
"""

import itertools
import pickle
import warnings
from copy import deepcopy
from types import SimpleNamespace

import byhand.nn as bn
import byhand.tensor as bt
import modinfo
import numpy as np
import opinfo
import pytest
import torch
from roundoff import as_near
from torch.nn.attention import SDPBackend, sdpa_kernel

LIBRARIES = [pytest.param((bt, bn), id="byhand"), pytest.param((torch, torch.nn), id="torch")]
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def plain():
    """PyTorch's fused kernels have no second derivatives."""
    with sdpa_kernel(SDPBackend.MATH), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Support for mismatched")
        yield


def still(info):
    """The operation of `op_db`, its samples without dropout."""
    place = 9  # of dropout_p among the arguments after the query

    def samples(*args, **kwargs):
        for sample in info.sample_inputs(*args, **kwargs):
            sample.args = (*sample.args[:place], 0.0, *sample.args[place + 1 :])
            yield sample

    facts = ("name", "formatted_name", "op", "supports_autograd", "supports_gradgrad")
    return SimpleNamespace(sample_inputs=samples, **{fact: getattr(info, fact) for fact in facts})


INFO = still(opinfo.INFOS["nn.functional.multi_head_attention_forward"][0])


def test_samples_of_the_function():
    opinfo.agrees(INFO, torch.float64)


def test_samples_of_the_function_in_single_precision():
    for sample in INFO.sample_inputs("cpu", torch.float32, False):
        function = bn.functional.multi_head_attention_forward
        as_near(function, INFO.op, ((sample.input, *sample.args), sample.kwargs), str(sample.kwargs))


@pytest.mark.parametrize("case", modinfo.cases("MultiheadAttention", (torch.float64,)))
def test_samples_of_the_module(case):
    modinfo.agrees(case)


@pytest.mark.parametrize("case", modinfo.cases("MultiheadAttention", (torch.float32,)))
def test_samples_of_the_module_in_single_precision(case):
    for sample in modinfo.samples(modinfo.INFOS[case.name], case):
        modules = modinfo.built(case, sample.constructor_input, sample.desc)
        as_near(*modules, (sample.forward_input.args, sample.forward_input.kwargs), sample.desc)


# ---------------------------------------------------------------------- our own cases


def both(training=True, **options):
    """The same module in both libraries, with the same numbers, biases included, in it."""
    theirs = torch.nn.MultiheadAttention(6, 3, **options).double().train(training)
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.normal_()
    ours = bn.MultiheadAttention(6, 3, **options).double().train(training)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def agrees(modules, inputs, second=True, **options):
    """Both modules give the same output, weights, gradients and second derivatives. One input stands for all three."""
    theirs = [torch.from_numpy(a).requires_grad_() for a in inputs]
    ours = list(map(opinfo.as_ours, theirs))
    results = []
    for module, given, library in zip(modules, (ours, theirs), (bt, torch), strict=True):
        masks = {name: library.from_numpy(m) if isinstance(m, np.ndarray) else m for name, m in options.items()}
        results.append(module(*(given if len(given) == 3 else given * 3), **masks))
    pairs = opinfo.same(*results, str(options))
    leaves = [[given, list(module.parameters())] for given, module in zip((ours, theirs), modules, strict=True)]
    opinfo.gradients(leaves, pairs, RNG, str(options), second)


def sequences(kind, batch_first=False, key_size=6, value_size=6):
    """Inputs with L ≠ S, or one for all three."""
    lengths = {"self": [5], "one": [1], "cross": [4, 7, 7]}[kind]
    sizes = [6, key_size, value_size][: len(lengths)]
    shapes = [(3, n, size) if batch_first else (n, 3, size) for n, size in zip(lengths, sizes, strict=True)]
    return [RNG.standard_normal(shape) for shape in shapes]


def truths(*shape):
    """A mask that forbids some, but no query everything."""
    mask = RNG.random(shape) > 0.6
    mask[..., 0] = False
    return mask


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("kind", ["self", "one", "cross"])
@pytest.mark.parametrize("options", [{}, {"bias": False}, {"add_bias_kv": True}, {"add_zero_attn": True, "add_bias_kv": True}])
def test_options(options, kind, batch_first):
    for need_weights, training in itertools.product([False, True], [False, True]):
        modules = both(training=training, batch_first=batch_first, **options)
        agrees(modules, sequences(kind, batch_first), need_weights=need_weights)
        agrees(modules, [x[0] for x in sequences(kind, True)], need_weights=need_weights, average_attn_weights=False)


@pytest.mark.parametrize("sizes", [(4, 6), (6, 5), (4, 5)])
@pytest.mark.parametrize("options", [{}, {"bias": False, "add_bias_kv": True, "batch_first": True}])
def test_keys_and_values_of_other_sizes(sizes, options):
    modules = both(kdim=sizes[0], vdim=sizes[1], **options)
    assert list(modules[0].state_dict()) == list(modules[1].state_dict())
    inputs = sequences("cross", "batch_first" in options, key_size=sizes[0], value_size=sizes[1])
    agrees(modules, inputs, need_weights=False)
    agrees(modules, inputs)


MASKS = {
    "square": {"attn_mask": truths(4, 7)},
    "numbers": {"attn_mask": RNG.standard_normal((4, 7))},
    "each head": {"attn_mask": truths(9, 4, 7)},
    "padding": {"key_padding_mask": truths(3, 7)},
    "both": {"attn_mask": truths(9, 4, 7), "key_padding_mask": truths(3, 7)},
    "truths and numbers": {"attn_mask": truths(4, 7), "key_padding_mask": RNG.standard_normal((3, 7))},
    "numbers and truths": {"attn_mask": RNG.standard_normal((9, 4, 7)), "key_padding_mask": truths(3, 7)},
}


@pytest.mark.parametrize("masks", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize("need_weights", [False, True])
@pytest.mark.parametrize("average", [False, True])
def test_masks(masks, need_weights, average):
    for further in (False, True):
        modules = both(add_bias_kv=further, add_zero_attn=further)
        agrees(modules, sequences("cross"), need_weights=need_weights, average_attn_weights=average, **masks)


@pytest.mark.parametrize("need_weights", [False, True])
@pytest.mark.parametrize("padded", [False, True])
def test_the_causal_hint(padded, need_weights):
    """Causality holds with the hint, with padding beside it, and whether or not the weights are asked for."""
    later = np.triu(np.full((5, 5), -np.inf), 1)
    for causal in (later, later < 0):
        masks = {"attn_mask": causal, "is_causal": True}
        if padded:
            padding = truths(3, 5)
            masks["key_padding_mask"] = padding if causal.dtype == bool else np.where(padding, -np.inf, 0)
        modules = both()
        agrees(modules, sequences("self"), need_weights=need_weights, **masks)
        x = bt.from_numpy(sequences("self")[0])
        changed = x.clone()
        changed[3:] = 10.0
        given = {k: bt.from_numpy(m) if isinstance(m, np.ndarray) else m for k, m in masks.items()}
        before, after = (modules[0](y, y, y, need_weights=need_weights, **given)[0] for y in (x, changed))
        opinfo.close(after[:3].numpy(force=True), before[:3].numpy(force=True), "earlier outputs")


@pytest.mark.parametrize("need_weights", [False, True])
def test_queries_that_may_attend_to_nothing(need_weights):
    mask = truths(4, 7)
    mask[1] = True
    agrees(both(), sequences("cross"), second=False, need_weights=need_weights, attn_mask=mask)


@pytest.mark.parametrize("libraries", LIBRARIES)
def test_true_means_may_not_attend(libraries):
    library, nn = libraries
    module, x = nn.MultiheadAttention(2, 1), library.ones(2, 1, 2)
    mask = library.tensor([[False, True], [True, False]])
    assert module(x, x, x, attn_mask=mask)[1].tolist() == [[[1.0, 0.0], [0.0, 1.0]]]
    padding = library.tensor([[True, False]])
    assert module(x, x, x, key_padding_mask=padding)[1].tolist() == [[[0.0, 1.0], [0.0, 1.0]]]


@pytest.mark.parametrize("need_weights", [False, True])
def test_dropout_only_in_training(need_weights):
    bt.manual_seed(0)
    module = bn.MultiheadAttention(6, 3, dropout=0.5)
    module.eval()
    twin = bn.MultiheadAttention(6, 3)
    twin.load_state_dict(module.state_dict())
    x = bt.randn(5, 3, 6)
    still, _ = module(x, x, x, need_weights=need_weights)
    assert still.tolist() == twin(x, x, x, need_weights=need_weights)[0].tolist()
    dropped, some = module.train()(x, x, x, need_weights=need_weights, average_attn_weights=False)
    assert dropped.tolist() != still.tolist()
    if need_weights:
        whole = module.eval()(x, x, x, average_attn_weights=False)[1].numpy(force=True)
        kept = some.numpy(force=True) != 0
        assert 0.3 < kept.mean() < 0.7
        opinfo.close(some.numpy(force=True), np.where(kept, 2 * whole, 0).astype("float32"), "kept weights")


def test_the_average_is_over_heads():
    module, x = bn.MultiheadAttention(6, 3), bt.randn(5, 2, 6)
    each = module(x, x, x, average_attn_weights=False)[1]
    assert each.shape == (2, 3, 5, 5)
    opinfo.close(module(x, x, x)[1].numpy(force=True), each.numpy(force=True).mean(1), "mean")
    opinfo.close(each.sum(-1).numpy(force=True), np.ones((2, 3, 5), "float32"), "sums")


def test_static_keys_and_values():
    shapes = (4, 2, 6), (5, 2, 6), (5, 2, 6), (18, 6), (18,), (6, 6), (6,), (6, 7, 2), (6, 7, 2)
    arrays = list(map(RNG.standard_normal, shapes))
    theirs = [torch.from_numpy(a).requires_grad_() for a in arrays]
    ours = list(map(opinfo.as_ours, theirs))

    def call(nn, q, k, v, w, b, ow, ob, sk, sv):
        function = nn.functional.multi_head_attention_forward
        return function(q, k, v, 6, 3, w, b, None, None, True, 0.0, ow, ob, static_k=sk, static_v=sv)

    pairs = opinfo.same(call(bn, *ours), call(torch.nn, *theirs), "static")
    opinfo.gradients((ours, theirs), pairs, RNG, "static", True)


# ---------------------------------------------------------------------- what it holds, errors


@pytest.mark.parametrize("options", [{}, {"bias": False}, {"kdim": 3}, {"vdim": 5, "add_bias_kv": True}, {"kdim": 6, "vdim": 6}])
def test_state(options):
    ours, theirs = both(**options)
    assert repr(ours) == repr(theirs)
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for twin in (deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        assert repr(twin) == repr(ours)
        assert [p.tolist() for p in twin.parameters()] == [p.tolist() for p in ours.parameters()]


@pytest.mark.parametrize("libraries", LIBRARIES)
def test_first_numbers(libraries):
    """Xavier's bounds and variances; zero biases; an output projection as in Linear."""
    library, nn = libraries
    library.manual_seed(0)
    joint, separate = nn.MultiheadAttention(64, 4, add_bias_kv=True), nn.MultiheadAttention(64, 4, kdim=32)
    for weight, bound in (
        (joint.in_proj_weight, (6 / (4 * 64)) ** 0.5), (separate.q_proj_weight, (6 / 128) ** 0.5),
        (separate.k_proj_weight, (6 / 96) ** 0.5), (joint.out_proj.weight, 1 / 8),
    ):  # fmt: skip
        assert 0.98 * bound < weight.abs().max().item() <= bound
        assert abs(weight.std().item() * 3**0.5 / bound - 1) < 0.05
    assert not joint.in_proj_bias.any()
    assert not joint.out_proj.bias.any()
    assert joint.bias_k.shape == (1, 1, 64)
    assert 0.6 < joint.bias_k.std().item() / (2 / 128) ** 0.5 < 1.4


@pytest.mark.parametrize("libraries", LIBRARIES)
@pytest.mark.parametrize("need_weights", [False, True])
def test_errors(need_weights, libraries):
    library, nn = libraries
    module, x = nn.MultiheadAttention(4, 2), library.ones(3, 2, 4)
    call = lambda *given, **masks: module(*given, need_weights=need_weights, **masks)  # noqa: E731
    for error, action in [
        (ValueError, lambda: nn.MultiheadAttention(0, 1)),
        (ValueError, lambda: nn.MultiheadAttention(4, -1)),
        (AssertionError, lambda: nn.MultiheadAttention(4, 3)),
        (RuntimeError, lambda: call(x, x, x, is_causal=True)),
        (RuntimeError, lambda: call(x, x, x, attn_mask=library.ones(2, 2))),
        (RuntimeError, lambda: call(x, x, x, attn_mask=library.ones(2, 3, 3))),
        (RuntimeError, lambda: call(x, x, x, attn_mask=library.zeros(3, 3).double())),
        (AssertionError, lambda: call(x, x, x, attn_mask=library.ones(3, 3).long())),
        (AssertionError, lambda: call(x, x, x, attn_mask=library.ones(3))),
        (AssertionError, lambda: call(x[0], x[0], x[0], attn_mask=library.ones(1, 2, 2))),
        (AssertionError, lambda: call(x, x, x, key_padding_mask=library.ones(3, 2))),
        (AssertionError, lambda: call(x, x, x, key_padding_mask=library.ones(3))),
        (AssertionError, lambda: call(x[..., :3], x, x)),
        (RuntimeError, lambda: call(x, x[..., :3], x[..., :3])),
        (AssertionError, lambda: call(x, x, x[:2])),
        (AssertionError, lambda: call(x, x[0], x[0])),
        (AssertionError, lambda: call(x[0, 0], x, x)),
        (RuntimeError, lambda: call(x, x[:, :1], x[:, :1])),
        (RuntimeError, lambda: call(x.double(), x.double(), x.double())),
        (AssertionError, lambda: nn.MultiheadAttention(4, 2, kdim=3)(x, x, x)),
    ]:
        with pytest.raises(error):
            action()
