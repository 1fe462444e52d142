"""GPT-2 beside PyTorch: the formulas of the published model, written out, on the same weights. And from end to end."""

import json
import math
import os
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path

import byhand.tensor as bt
import numpy as np
import pytest
import torch
from byhand.examples import gpt2
from byhand.examples.byte_pairs import BytePairs
from byhand.examples.cli import main
from byhand.examples.datasets import gpt2_vocabulary
from byhand.examples.datasets.errors import DataError
from byhand.examples.gpt2_weights import Sizes, read_weights
from byhand.examples.memory import step
from byhand.examples.sampling import generate, looking_back
from click.testing import CliRunner
from safetensors.torch import save_file

DATA = Path(os.environ.get("BYHAND_DATA", "nowhere"))
real = pytest.mark.skipif(not DATA.is_dir(), reason="BYHAND_DATA names no folder with the real files")
SIZES = Sizes(vocabulary=300, context=12, width=24, layers=3, heads=4)


def random_weights(sizes=SIZES, dtype=torch.float64, seed=0):
    """A GPT-2 as on the hub: no number is where a wrong formula would not be noticed."""
    torch.manual_seed(seed)
    d, weights = sizes.width, {}

    def draw(name, *shape, std=0.3, mean=0.0):
        weights[name] = (mean + std * torch.randn(*shape, dtype=torch.float64)).to(dtype)

    draw("wte.weight", sizes.vocabulary, d)
    draw("wpe.weight", sizes.context, d)
    for name in (*(f"h.{i}.{ln}" for i in range(sizes.layers) for ln in ("ln_1", "ln_2")), "ln_f"):
        draw(f"{name}.weight", d, mean=1.0)
        draw(f"{name}.bias", d)
    for i in range(sizes.layers):
        for name, inputs, outputs in (
            ("attn.c_attn", d, 3 * d), ("attn.c_proj", d, d), ("mlp.c_fc", d, 4 * d), ("mlp.c_proj", 4 * d, d),
        ):  # fmt: skip
            draw(f"h.{i}.{name}.weight", inputs, outputs)
            draw(f"h.{i}.{name}.bias", outputs)
    return weights


def reference(w, tokens, heads):
    """Radford et al. (2019), as published with its code: logits in float64."""
    w = {name: one.double() for name, one in w.items()}

    def norm(x, name):
        mean, variance = x.mean(-1, keepdim=True), x.var(-1, keepdim=True, unbiased=False)
        return (x - mean) / torch.sqrt(variance + 1e-5) * w[f"{name}.weight"] + w[f"{name}.bias"]

    def affine(x, name):
        return x @ w[f"{name}.weight"] + w[f"{name}.bias"]

    def gelu(x):
        return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))

    t = tokens.shape[1]
    x = w["wte.weight"][tokens] + w["wpe.weight"][:t]
    for i in range(1 + max(int(name.split(".")[1]) for name in w if name.startswith("h."))):
        h = f"h.{i}"
        q, k, v = affine(norm(x, f"{h}.ln_1"), f"{h}.attn.c_attn").split(x.shape[-1], -1)
        mixed = torch.empty_like(x)
        for head in range(heads):
            d = x.shape[-1] // heads
            part = slice(head * d, (head + 1) * d)
            scores = q[..., part] @ k[..., part].transpose(1, 2) / math.sqrt(d)
            scores = scores.masked_fill(torch.ones(t, t, dtype=torch.bool).triu(1), -math.inf)
            mixed[..., part] = torch.softmax(scores, -1) @ v[..., part]
        x = x + affine(mixed, f"{h}.attn.c_proj")
        x = x + affine(gelu(affine(norm(x, f"{h}.ln_2"), f"{h}.mlp.c_fc")), f"{h}.mlp.c_proj")
    return norm(x, "ln_f") @ w["wte.weight"].T


def written(path, weights, heads=SIZES.heads, **config):
    path.mkdir(exist_ok=True)
    save_file({name: one.contiguous() for name, one in weights.items()}, path / "model.safetensors", {"format": "pt"})
    if heads:
        (path / "config.json").write_text(json.dumps({"n_head": heads, "model_type": "gpt2", **config}))
    return path


def model_of(folder):
    weights = read_weights(folder)
    model = gpt2.GPT2(weights.sizes)
    model.load_state_dict(weights.parameters, assign=True)
    return model.eval()


# ---- numbers ----


@pytest.mark.parametrize(
    ("dtype", "atol"), [(torch.float64, 1e-10), (torch.float32, 1e-4), (torch.float16, 1e-4), (torch.bfloat16, 1e-4)]
)
def test_the_logits_are_those_of_the_reference(tmp_path, dtype, atol):
    weights = random_weights(dtype=dtype)
    model, tokens = model_of(written(tmp_path, weights)), np.random.default_rng(0).integers(0, 300, (3, 12))
    expected = reference(weights, torch.tensor(tokens), SIZES.heads).numpy()
    with bt.no_grad():
        found = model(bt.tensor(tokens))
    assert found.dtype == (bt.float64 if dtype == torch.float64 else bt.float32)
    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=atol)
    assert np.abs(expected).max() > 3


def test_its_gradients_are_those_of_the_reference(tmp_path):
    weights = random_weights()
    model, tokens = model_of(written(tmp_path, weights)), np.random.default_rng(0).integers(0, 300, (2, 9))
    upstream = np.random.default_rng(1).standard_normal((2, 9, 300))
    (model(bt.tensor(tokens)) * bt.tensor(upstream)).sum().backward()
    leaves = {name: one.requires_grad_() for name, one in weights.items()}
    (reference(leaves, torch.tensor(tokens), SIZES.heads) * torch.tensor(upstream)).sum().backward()
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(parameter.grad.numpy(), leaves[name].grad.numpy(), rtol=1e-8, atol=1e-8, err_msg=name)


@pytest.mark.parametrize("cuts", [[1] * 12, [5, 1, 4, 2], [11, 1], [12]])
def test_read_in_pieces_it_says_the_same(tmp_path, cuts):
    weights = random_weights()
    model, tokens = model_of(written(tmp_path, weights)), np.random.default_rng(2).integers(0, 300, (2, 12))
    expected = reference(weights, torch.tensor(tokens), SIZES.heads).numpy()
    seen, end = None, 0
    with bt.no_grad():
        for size in cuts:
            logits, seen = step(model, bt.tensor(tokens[:, end : end + size]), seen)
            end += size
            np.testing.assert_allclose(logits.numpy(), expected[:, end - 1], rtol=0, atol=1e-10)
    assert [len(past) for past in seen.memory] == [12] * SIZES.layers


@pytest.mark.parametrize("how", [{"temperature": 0}, {"temperature": 1.5, "top_k": 20}, {}])
def test_with_and_without_memory_it_writes_the_same_also_beyond_its_context(tmp_path, how):
    weights, prompt = random_weights(), bt.tensor([[7, 8, 9], [3, 4, 5]])
    model = model_of(written(tmp_path, weights))
    texts = []
    for one in (lambda tokens, seen: step(model, tokens, seen), looking_back(model, SIZES.context)):
        bt.manual_seed(0)
        texts.append([token.tolist() for token in islice(generate(one, prompt, **how), 30)])
    assert texts[0] == texts[1]
    if how == {"temperature": 0}:
        tokens = torch.tensor([[7, 8, 9], [3, 4, 5]])
        for token in texts[0]:
            greedy = reference(weights, tokens[:, -SIZES.context :], SIZES.heads)[:, -1].argmax(-1)
            assert token == greedy.tolist()
            tokens = torch.cat([tokens, greedy[:, None]], 1)
    else:
        assert len({token[0] for token in texts[0]}) > 5


def test_a_long_text_is_read_from_its_end(tmp_path):
    model = model_of(written(tmp_path, random_weights()))
    tokens = bt.tensor(np.arange(40)[None])
    with bt.no_grad():
        logits, _ = step(model, tokens, None)
        np.testing.assert_allclose(logits.numpy(), model(tokens[:, -12:])[:, -1].numpy(), rtol=0, atol=1e-12)
    with pytest.raises(ValueError, match="sees 12 tokens at once, not 40"):
        model(tokens)


# ---- files ----


def test_names_as_they_have_come_about(tmp_path):
    weights = random_weights()
    expected = model_of(written(tmp_path / "plain", weights)).state_dict()
    older = {f"transformer.{name}": one for name, one in weights.items()} | {"lm_head.weight": weights["wte.weight"].clone()}
    for i in range(SIZES.layers):
        older[f"transformer.h.{i}.attn.bias"] = torch.ones(1, 1, 12, 12).tril()
        older[f"transformer.h.{i}.attn.masked_bias"] = torch.tensor(-1e4)
    found = model_of(written(tmp_path / "older", older)).state_dict()
    assert list(found) == list(expected)
    assert all(np.array_equal(found[name].numpy(), weights[name].numpy()) for name in weights)
    assert set(expected) == set(weights)


def test_sizes_are_read_from_the_shapes(tmp_path):
    folder = written(tmp_path, random_weights(), heads=0)
    assert read_weights(folder / "model.safetensors", 4).sizes == read_weights(folder, 4).sizes == SIZES
    with pytest.raises(DataError, match=r"there is no config\.json beside it; say with --heads"):
        read_weights(folder)
    written(tmp_path, random_weights())
    assert read_weights(folder).sizes == read_weights(folder, 4).sizes == SIZES
    with pytest.raises(DataError, match="has 4 heads, not 2"):
        read_weights(folder, 2)


def changed(**changes):
    """The weights, some of them replaced, some (None) left out."""
    weights = random_weights() | {name.replace("_dot_", "."): one for name, one in changes.items()}
    return {name: one for name, one in weights.items() if one is not None}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"h_dot_1.ln_2.bias": None}, r"missing: h\.1\.ln_2\.bias$"),
        ({"h_dot_1.ln_2.bias": None, "ln_f.bias": None}, r"missing: h\.1\.ln_2\.bias, ln_f\.bias$"),
        ({"score.weight": torch.ones(2)}, r"none of a GPT-2: score\.weight$"),
        ({"h_dot_7.ln_1.bias": torch.ones(24)}, r"missing: h\.3\.attn\.c_attn\.bias, .* and 54 more"),
        ({"h_dot_0.attn.c_attn.weight": torch.ones(72, 24)}, r"has the shape \(72, 24\), and should have \(24, 72\); it lies"),
        ({"ln_f.weight": torch.ones(23)}, r"ln_f\.weight has the shape \(23,\), and should have \(24,\)$"),
        ({"ln_f.weight": torch.ones(24, dtype=torch.int64)}, r"ln_f\.weight holds int64"),
        ({"wte.weight": None}, r"no wte\.weight and wpe\.weight"),
        ({"lm_head.weight": torch.ones(300, 24)}, r"lm_head\.weight is not its wte\.weight"),
    ],
)
def test_weights_that_do_not_fit_are_refused(tmp_path, changes, message):
    with pytest.raises(DataError, match=message) as refused:
        read_weights(written(tmp_path, changed(**changes)))
    assert str(tmp_path / "model.safetensors") in refused.value.message


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"n_head": 5}, "width 24 cannot be shared out between 5 heads"),
        ({"n_head": None}, "no configuration of a GPT-2"),
        ({"activation_function": "relu"}, "activation_function is 'relu'; of GPT-2 it is 'gelu_new' or"),
        ({"scale_attn_by_inverse_layer_idx": True}, "scale_attn_by_inverse_layer_idx is True"),
        ({"model_type": "llama"}, "model_type is 'llama'"),
        ({"layer_norm_epsilon": 1e-6}, "layer_norm_epsilon is 1e-06"),
    ],
)
def test_a_model_that_is_no_gpt2_is_refused(tmp_path, config, message):
    with pytest.raises(DataError, match=message):
        read_weights(written(tmp_path, random_weights(), **config))


def test_files_that_are_missing_or_damaged_are_named(tmp_path):
    with pytest.raises(DataError, match=r"model\.safetensors: there is no such file"):
        read_weights(tmp_path)
    path = written(tmp_path, random_weights()) / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(DataError, match=r"model\.safetensors: cut short"):
        read_weights(tmp_path)
    (written(tmp_path, random_weights()) / "config.json").write_text("{")
    with pytest.raises(DataError, match=r"config\.json: this is no configuration"):
        read_weights(tmp_path)


# ---- from end to end ----


def invoke(*args):
    return CliRunner().invoke(main, [*map(str, args), "--data", str(DATA)], terminal_width=100)


@real
def test_weights_go_on_with_a_prompt_and_are_fine_tuned(tmp_path):
    weights = random_weights(dtype=torch.float32)
    folder, text = written(tmp_path / "hub", weights), tmp_path / "text.txt"
    text.write_text("In the beginning was the word, and the word was at the end. " * 60)
    greedy = invoke("generate", folder, "word", "--temperature", "0", "--amount", "8").output
    pairs = BytePairs(gpt2_vocabulary.load(DATA), 300)
    tokens = torch.tensor([pairs.encode("word")])
    for _ in range(8):
        following = reference(weights, tokens[:, -SIZES.context :], SIZES.heads)[:, -1:].argmax(-1)
        if following.item() == pairs.end:
            break
        tokens = torch.cat([tokens, following], 1)
    assert "".join(greedy.split()) == "".join(pairs.decode(tokens[0].tolist()).split())

    out = tmp_path / "run"
    options = ("--weights", folder, "--text", text, "--out", out, "--batch-size", 4, "--amount", 5)
    trained = invoke("gpt2", *options, "--steps", 12, "--lr", 0.01)
    assert trained.exit_code == 0, trained.output
    rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert rows[-1]["test_perplexity"] == pytest.approx(math.exp(rows[-1]["test_loss"]))
    before = loss_of(folder, pairs.encode(text.read_text()))
    assert rows[-1]["test_loss"] < 0.8 * before
    assert loss_of(out, pairs.encode(text.read_text())) == pytest.approx(rows[-1]["test_loss"], rel=0.1)
    assert f"{rows[-1]['test_loss']:.4f}" in invoke("evaluate", out / "best.safetensors").output
    said = invoke("predict", out / "best.safetensors", "In the", "--temperature", "0", "--amount", "6").output
    assert said == invoke("generate", out, "In the", "--temperature", "0", "--amount", "6").output
    assert said.startswith("In the")
    refused = invoke("gpt2", "--resume", "--out", out, "--weights", "others")
    assert f"began with --weights {folder}" in " ".join(refused.output.split()).replace("\n", "")
    (folder / "model.safetensors").unlink()  # what was trained stands without what it began with
    assert invoke("gpt2", "--resume", "--out", out).exit_code == 0


def loss_of(folder, tokens):
    """The reference's mean loss on the first windows."""
    weights = read_weights(folder)
    parameters = {name: torch.tensor(one.numpy()) for name, one in weights.parameters.items()}
    windows = torch.tensor(tokens[: 20 * 12 + 1])
    logits = reference(parameters, windows[:-1].view(20, 12), weights.sizes.heads)
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), windows[1:]).item()


@real
def test_a_small_one_learns_from_the_beginning(tmp_path):
    sizes = ("--vocabulary", 300, "--context", 16, "--width", 16, "--layers", 1, "--heads", 2)
    out = tmp_path / "run"
    trained = invoke("gpt2", *sizes, "--out", out, "--limit", 400, "--epochs", 1, "--amount", 5, "--lr", 0.02)
    assert trained.exit_code == 0, trained.output
    rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert rows[0]["validation_loss"] < 0.85 * math.log(300)
    assert sorted(path.name for path in out.iterdir()) == [
        "best.safetensors", "config.json", "curves.png", "last.safetensors", "metrics.jsonl", "model.safetensors", "written.txt",
    ]  # fmt: skip
    assert read_weights(out).sizes == Sizes(300, 16, 16, 1, 2)


@real
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--vocabulary", 256), "GPT-2's has 257"),
        (("--width", 30, "--heads", 4), "--width 30 cannot be shared out between --heads 4"),
        (("--text", "none.txt"), "none.txt: there is no such file"),
        (("--weights", "none"), "none: there is no such file"),
        (("--context", 60000), "its 523,945 tokens are too few"),
    ],
)
def test_what_does_not_go_together_is_refused(tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    refused = invoke("gpt2", *options)
    assert refused.exit_code in (1, 2)
    assert message in " ".join(refused.output.split())
    assert not (tmp_path / "runs").exists()


@real
def test_sizes_that_contradict_the_weights_are_refused(tmp_path):
    refused = invoke("gpt2", "--weights", written(tmp_path, random_weights()), "--layers", 2)
    assert "--layers 2: the weights have 3" in refused.output


def test_the_first_weights_are_as_published():
    bt.manual_seed(0)
    model = gpt2.GPT2(replace(gpt2.SMALL, layers=8))
    spread = {name: float(one.detach().numpy().std()) for name, one in model.named_parameters() if one.dim() == 2}
    for name, found in spread.items():
        assert found == pytest.approx(0.02 / 4 if "c_proj" in name else 0.02, rel=0.05)
    assert asdict(gpt2.SMALL) == {"vocabulary": 1024, "context": 128, "width": 128, "layers": 4, "heads": 4}
