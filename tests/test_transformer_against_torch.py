"""Transformers against PyTorch's: its own samples, every option and mask, what is copied and how the first numbers are drawn."""

import pickle
import warnings
from copy import deepcopy

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
NAMES = "TransformerEncoderLayer TransformerEncoder TransformerDecoderLayer Transformer"
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def plain():
    """PyTorch's fused kernels have no second derivatives; it warns where it cannot take its fast path."""
    with sdpa_kernel(SDPBackend.MATH), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "enable_nested_tensor")
        warnings.filterwarnings("ignore", "Support for mismatched")
        yield


@pytest.mark.parametrize("case", modinfo.cases(NAMES, (torch.float64,)))
def test_samples(case):
    modinfo.agrees(case)


@pytest.mark.parametrize("case", modinfo.cases(NAMES, (torch.float32,)))
def test_samples_in_single_precision(case):
    for sample in modinfo.samples(modinfo.INFOS[case.name], case):
        modules = modinfo.built(case, sample.constructor_input, sample.desc)
        as_near(*modules, (sample.forward_input.args, sample.forward_input.kwargs), sample.desc)


# ---------------------------------------------------------------------- our own cases


def stacks(nn, **options):
    """An encoder, a decoder and both, as one module."""
    options = {"dropout": 0.0, **options}
    encoder = nn.TransformerEncoderLayer(6, 3, 5, **options)
    decoder = nn.TransformerDecoderLayer(6, 3, 5, **options)
    return nn.ModuleDict({
        "encoder": nn.TransformerEncoder(encoder, 2, nn.LayerNorm(6)),
        "decoder": nn.TransformerDecoder(decoder, 2),
        "both": nn.Transformer(6, 2, 1, 2, 7, **options),
    })  # fmt: skip


def both(training=True, **options):
    """The same modules in both libraries, all numbers drawn anew, the same in both."""
    theirs = stacks(torch.nn, **options).double().train(training)
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.normal_(0, 0.5)
    ours = stacks(bn, **options).double().train(training)
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def agrees(modules, shapes, second=False, **options):
    """Both modules give the same output, gradients and, if asked, second derivatives."""
    theirs = [torch.from_numpy(RNG.standard_normal(shape)).requires_grad_() for shape in shapes]
    ours = list(map(opinfo.as_ours, theirs))
    masks = [{k: lib.from_numpy(m) if isinstance(m, np.ndarray) else m for k, m in options.items()} for lib in (bt, torch)]
    pairs = opinfo.same(modules[0](*ours, **masks[0]), modules[1](*theirs, **masks[1]), str(options))
    leaves = [[given, list(module.parameters())] for given, module in zip((ours, theirs), modules, strict=True)]
    opinfo.gradients(leaves, pairs, RNG, str(options), second)


def truths(*shape):
    """A mask that forbids some, but no query everything."""
    mask = RNG.random(shape) > 0.6
    mask[..., 0] = False
    return mask


def later(size, kind=bool):
    """The causal mask, of truths or numbers."""
    mask = np.triu(np.ones((size, size), dtype=bool), 1)
    return mask if kind is bool else np.where(mask, -np.inf, 0.0)


def shapes(batch_first, batch):
    """A source of 7, a target of 4."""
    return [(batch, n, 6) if batch_first else (n, batch, 6) for n in (7, 4)] if batch else [(7, 6), (4, 6)]


@pytest.mark.parametrize("batch", [0, 1, 3])
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_options(training, norm_first, batch_first, batch):
    ours, theirs = both(training, norm_first=norm_first, batch_first=batch_first, activation="gelu", layer_norm_eps=1e-3)
    source, target = shapes(batch_first, batch)
    agrees((ours.encoder, theirs.encoder), [source])
    agrees((ours.decoder, theirs.decoder), [target, source])
    agrees((ours.both, theirs.both), [source, target])


MASKS = {
    "causal": {"src_mask": later(7), "tgt_mask": later(4)},
    "causal numbers": {"src_mask": later(7, float), "tgt_mask": later(4, float)},
    "causal and hints": {"src_mask": later(7), "tgt_mask": later(4, float), "src_is_causal": True, "tgt_is_causal": True},
    "causal, denied": {"src_mask": later(7), "tgt_mask": later(4), "src_is_causal": False, "tgt_is_causal": False},
    "causal memory": {"memory_mask": np.triu(np.ones((4, 7)), 1) > 0, "memory_is_causal": True},
    "causal and padding": {
        "src_mask": later(7), "tgt_mask": later(4), "src_key_padding_mask": truths(3, 7), "tgt_key_padding_mask": truths(3, 4),
    },
    "padding": {"src_key_padding_mask": truths(3, 7), "memory_key_padding_mask": truths(3, 7)},
    "each head": {"src_mask": truths(6, 7, 7), "tgt_mask": truths(6, 4, 4), "memory_mask": truths(6, 4, 7)},
    "all": {
        "src_mask": truths(7, 7), "tgt_mask": RNG.standard_normal((4, 4)), "memory_mask": truths(4, 7),
        "src_key_padding_mask": RNG.standard_normal((3, 7)), "tgt_key_padding_mask": truths(3, 4),
        "memory_key_padding_mask": truths(3, 7),
    },
}  # fmt: skip


@pytest.mark.parametrize("masks", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize("batch_first", [False, True])
def test_masks(masks, batch_first):
    ours, theirs = both(batch_first=batch_first)
    agrees((ours.both, theirs.both), shapes(batch_first, 3), **masks)


def test_second_derivatives():
    ours, theirs = both(batch_first=True, activation="gelu")
    source, target = shapes(True, 2)
    agrees((ours.both, theirs.both), [source, target], True, src_key_padding_mask=truths(2, 7), tgt_mask=later(4))


@pytest.mark.parametrize("kind", [bool, float])
@pytest.mark.parametrize("padded", [False, True])
def test_a_causal_mask_is_never_ignored(padded, kind):
    """Later inputs change no earlier output, with the causal mask found by itself, hinted at, and beside padding."""
    encoder = both()[0].encoder
    x = bt.from_numpy(RNG.standard_normal((5, 3, 6)))
    changed = x.clone()
    changed[3:] = 10.0
    padding = bt.from_numpy(truths(3, 5)) if padded else None
    mask = bt.from_numpy(later(5, kind))
    results = []
    for hint in (None, True, False):
        before, after = (encoder(y, mask, padding, hint).numpy(force=True) for y in (x, changed))
        opinfo.close(after[:3], before[:3], f"hint {hint}")
        assert not np.allclose(after[3:], before[3:])
        results.append(before)
    opinfo.close(results[1], results[0], "found")
    opinfo.close(results[2], results[0], "denied")
    almost = later(5, kind)
    almost[4, 0] = True if kind is bool else -np.inf
    other = encoder(x, bt.from_numpy(almost), padding).numpy(force=True)
    assert not np.allclose(other[4], results[0][4])  # a mask that is only almost causal is not taken for it


def test_padding_in_evaluation():
    """PyTorch leaves padded positions out of its fast path; the others are the same, whatever the options for that say."""
    padding = np.arange(7) >= np.array([[7], [5], [2]])
    ours, theirs = both(False, batch_first=True)
    twin = bn.TransformerEncoder(ours.encoder.layers[0], 2, bn.LayerNorm(6), enable_nested_tensor=False, mask_check=False)
    twin.double().eval().load_state_dict(ours.encoder.state_dict())
    x = RNG.standard_normal((3, 7, 6))
    with torch.no_grad():
        expected = theirs.encoder(torch.from_numpy(x), src_key_padding_mask=torch.from_numpy(padding)).numpy()
    for encoder in (ours.encoder, twin):
        found = encoder(bt.from_numpy(x), src_key_padding_mask=bt.from_numpy(padding)).numpy(force=True)
        opinfo.close(found[~padding], expected[~padding], "positions that are not padded")


@pytest.mark.parametrize("activation", ["relu", "gelu", "tanh", "GELU", "ReLU6"])
def test_activations(activation):
    modules = []
    for library, nn in ((bt, bn), (torch, torch.nn)):
        given = {"tanh": library.tanh, "GELU": nn.GELU(), "ReLU6": nn.ReLU6()}.get(activation, activation)
        modules.append(nn.TransformerDecoderLayer(6, 2, 5, 0.0, given).double())
    ours, theirs = modules
    assert repr(ours) == repr(theirs)
    ours.load_state_dict(theirs.state_dict())
    agrees(modules, [(4, 2, 6), (7, 2, 6)])


def test_dropout_only_in_training():
    bt.manual_seed(0)
    model = bn.Transformer(6, 2, 1, 1, 5, dropout=0.3).eval()
    source, target = bt.randn(7, 3, 6), bt.randn(4, 3, 6)
    still = bn.Transformer(6, 2, 1, 1, 5, dropout=0.0)
    still.load_state_dict(model.state_dict())
    expected = still(source, target).tolist()
    assert model(source, target).tolist() == expected
    assert model.train()(source, target).tolist() != expected
    layer = bn.TransformerEncoderLayer(6, 2, 5, dropout=1.0)  # all parts are dropped, and what lies beside them remains
    opinfo.close(layer(source).numpy(force=True), layer.norm2(layer.norm1(source)).numpy(force=True), "dropout 1")


# ---------------------------------------------------------------------- what they hold


@pytest.mark.parametrize("options", [{}, {"bias": False, "norm_first": True}, {"batch_first": True, "dropout": 0.2}])
def test_looks_and_state(options):
    ours, theirs = both(**options)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for twin in (deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        assert repr(twin) == repr(ours)
        assert [p.tolist() for p in twin.parameters()] == [p.tolist() for p in ours.parameters()]
    back = {key: torch.from_numpy(np.array(value.numpy())) for key, value in ours.state_dict().items()}
    assert str(theirs.load_state_dict(back)) == "<All keys matched successfully>"


@pytest.mark.parametrize("libraries", LIBRARIES)
def test_layers_are_deep_copies(libraries):
    library, nn = libraries
    layer, norm = nn.TransformerEncoderLayer(4, 2, 3), nn.LayerNorm(4)
    stack = nn.TransformerEncoder(layer, 3, norm)
    assert stack.norm is norm
    assert all(copy is not layer for copy in stack.layers)
    assert len({id(p) for p in [*stack.parameters(), *layer.parameters()]}) == 4 * 12 + 2
    before = stack.layers[1].linear1.weight.tolist()
    assert before == stack.layers[0].linear1.weight.tolist() == layer.linear1.weight.tolist()
    with library.no_grad():
        layer.linear1.weight.zero_()
        stack.layers[0].linear1.weight.zero_()
    assert stack.layers[1].linear1.weight.tolist() == before
    assert len(nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 3), 2).layers) == 2


@pytest.mark.parametrize("libraries", LIBRARIES)
def test_first_numbers(libraries):
    """The transformer draws all matrices by Xavier's rule, so that its layers differ; a lone encoder's layers are alike."""
    library, nn = libraries
    library.manual_seed(0)
    model = nn.Transformer(32, 2, 2, 2, 64)
    first, second = model.encoder.layers
    assert first.linear1.weight.tolist() != second.linear1.weight.tolist()
    for weight in (first.linear1.weight, model.decoder.layers[1].multihead_attn.in_proj_weight, first.self_attn.out_proj.weight):
        bound = (6 / sum(weight.shape)) ** 0.5
        assert 0.97 * bound < weight.abs().max().item() <= bound
    assert model.decoder.norm is not model.encoder.norm


@pytest.mark.parametrize("libraries", LIBRARIES)
def test_own_stacks(libraries):
    _, nn = libraries
    encoder, decoder = nn.Identity(), nn.Identity()
    model = nn.Transformer(4, 2, 1, 1, 3, custom_encoder=encoder, custom_decoder=decoder)
    assert model.encoder is encoder
    assert model.decoder is decoder
    assert (model.d_model, model.nhead, model.batch_first) == (4, 2, False)


@pytest.mark.parametrize("libraries", LIBRARIES)
def test_causal_masks(libraries):
    library, nn = libraries
    infinite = float("-inf")
    mask = nn.Transformer.generate_square_subsequent_mask(3)
    assert mask.tolist() == [[0, infinite, infinite], [0, 0, infinite], [0, 0, 0]]
    assert mask.dtype == library.float32
    assert nn.Transformer.generate_square_subsequent_mask(2, dtype=library.float64).dtype == library.float64
    assert nn.Transformer.generate_square_subsequent_mask(0).shape == (0, 0)


@pytest.mark.parametrize("libraries", LIBRARIES)
def test_errors(libraries):
    library, nn = libraries
    model, x = nn.Transformer(4, 2, 1, 1, 3), library.ones(3, 2, 4)
    layer = nn.TransformerEncoderLayer(4, 2, 3)
    for error, action in [
        (RuntimeError, lambda: nn.TransformerEncoderLayer(4, 2, activation="tanh")),
        (RuntimeError, lambda: nn.TransformerDecoderLayer(4, 2, activation="tanh")),
        (AssertionError, lambda: nn.TransformerEncoderLayer(4, 3)),
        (ValueError, lambda: nn.TransformerEncoderLayer(4, 2, dropout=1.5)),
        (RuntimeError, lambda: model(x, x[:, :1])),
        (RuntimeError, lambda: model(x, x[..., :3])),
        (RuntimeError, lambda: model(x, x, src_mask=library.zeros(2, 2))),
        (RuntimeError, lambda: model(x, x, memory_is_causal=True)),
        (AssertionError, lambda: model(x, x, src_key_padding_mask=library.zeros(3, 2) > 0)),
        (AssertionError, lambda: layer(x, library.zeros(3, 3).long())),
        (RuntimeError, lambda: layer(x, is_causal=True)),
        (AssertionError, lambda: layer(x[..., :3])),
    ]:
        with pytest.raises(error):
            action()
