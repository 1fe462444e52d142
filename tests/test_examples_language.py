"""The examples that write, on a small part of their data: they learn, go on where they were, and are PyTorch's models."""

import ast
import json
import math
import os
from pathlib import Path

import byhand.tensor as bt
import numpy as np
import pytest
from byhand import nn
from byhand.examples import names, shakespeare
from byhand.examples.cli import main
from byhand.examples.data import Part
from byhand.examples.options import Options
from byhand.examples.sampling import looking_back
from byhand.examples.training import Run
from byhand.nn import functional as F
from click.testing import CliRunner

DATA = Path(os.environ.get("BYHAND_DATA", "nowhere"))
real = pytest.mark.skipif(not DATA.is_dir(), reason="BYHAND_DATA names no folder with the real files")


def here(args, folder=None):
    out = ["--out", str(folder)] if folder else []
    return CliRunner().invoke(main, [*args.split(), *out], terminal_width=100)


def rows(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


# ---- from end to end ----

UNIFORM = {"names": math.log(27), "shakespeare": math.log(65)}


@real
@pytest.mark.parametrize(
    ("args", "factor", "pictures"),
    [
        ("names --model bigram --limit 2000 --epochs 3", 1.25, {"curves.png", "table.png"}),
        ("names --model mlp --limit 2000 --epochs 3", 1.3, {"curves.png", "characters.png"}),
        ("names --model rnn --limit 800 --epochs 3 --batch-size 32", 1.25, {"curves.png", "characters.png"}),
        ("names --limit 500 --epochs 3 --batch-size 16", 1.25, {"curves.png", "attention.png"}),
        ("shakespeare --limit 32 --epochs 4 --batch-size 4 --amount 20", 1.3, {"curves.png", "attention.png"}),
        ("shakespeare --model lstm --limit 32 --epochs 4 --batch-size 4 --lr 0.01 --amount 20", 1.2, {"curves.png", "cells.png"}),
    ],
)
def test_every_model_learns_and_shows_what_it_learned(tmp_path, args, factor, pictures):
    finished = here(args, tmp_path)
    assert finished.exit_code == 0, finished.output
    *history, closing = rows(tmp_path)
    assert history[-1]["loss"] < UNIFORM[args.split()[0]] / factor
    assert history[-1]["loss"] < history[0]["loss"]
    assert closing["test_loss"] < UNIFORM[args.split()[0]] / factor
    assert {path.name for path in tmp_path.glob("*.png")} == pictures


@real
def test_a_run_of_gpt_goes_on_to_the_same_bits(tmp_path, monkeypatch):
    args = "shakespeare --limit 12 --batch-size 4 --epochs 2 --amount 5"
    assert here(args, tmp_path / "whole").exit_code == 0
    original = Run.note

    def note(run, loss):
        if run.place.step == 4:
            raise RuntimeError("killed")
        original(run, loss)

    monkeypatch.setattr(Run, "note", note)
    here(args, tmp_path / "killed")
    monkeypatch.undo()
    assert here("shakespeare --resume --amount 5", tmp_path / "killed").exit_code == 0
    for name in ("last.safetensors", "best.safetensors", "metrics.jsonl", "written.txt"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@real
def test_names_are_written_as_asked(tmp_path):
    assert here("names --model bigram --limit 2000 --epochs 1", tmp_path).exit_code == 0
    best = tmp_path / "best.safetensors"

    def asked(beginning, *options):
        result = CliRunner().invoke(main, ["predict", str(best), beginning, *options])
        return result.output.split() if result.exit_code == 0 else result.output

    drawn = asked("Mar", "--amount", "30")
    assert (len(drawn), len(set(drawn)) > 10) == (30, True)
    assert all(name.startswith("mar") and len(name) <= 15 and name.isalpha() for name in drawn)
    assert asked("Mar", "--amount", "30") == drawn
    assert asked("Mar", "--amount", "30", "--seed", "1") != drawn
    assert len(set(asked("mar", "--temperature", "0"))) == 1
    assert asked("mar", "--top-k", "1") == asked("mar", "--temperature", "0")
    assert len(asked("abcdefghijklmno", "--amount", "3")) == 3
    (tmp_path / "beginning.txt").write_text("jo\n")
    assert asked(str(tmp_path / "beginning.txt"), "--amount", "1")[0].startswith("jo")
    assert "give at most 15 letters" in asked("abcdefghijklmnop")
    assert "knows no 'é'" in asked("Zoé")
    assert here("digits --epochs 1 --limit 40", tmp_path / "digits").exit_code == 0
    refused = here(f"predict {tmp_path / 'digits' / 'best.safetensors'} a.png --top-k 3")
    assert (refused.exit_code, "digits does not write, and has no use for --top-k" in refused.output) == (2, True)


@real
@pytest.mark.parametrize("model", ["gpt", "lstm"])
def test_a_text_goes_on(tmp_path, model):
    args = f"shakespeare --model {model} --limit 8 --epochs 1 --batch-size 2 --amount 1"
    assert here(args, tmp_path).exit_code == 0
    ask = ["predict", str(tmp_path / "best.safetensors"), "ROMEO:", "--amount", "30"]
    first, again, other = (CliRunner().invoke(main, [*ask, *more]).output for more in ([], [], ["--seed", "5"]))
    assert first.startswith("ROMEO:")
    assert len(first.rstrip("\n")) >= 30
    assert first == again != other


# ---- data ----


@real
def test_no_name_is_both_learnt_and_held_out():
    split = names.data(Options(seed=4))
    parts = [split.train, split.validation, split.test()]
    assert [len(part) for part in parts] == [23596, 2949, 2949]
    spelled = [{names.CHARACTERS.decode(row).strip(".") for row in part.inputs} for part in parts]
    assert len(set.union(*spelled)) == sum(map(len, parts)) == 29494
    assert not spelled[0] & (spelled[1] | spelled[2])
    assert max(map(len, set.union(*spelled))) == 15


def test_targets_are_one_character_on():
    inputs, targets = names.padded(["ab", "c"])
    assert inputs[:, :4].tolist() == [[0, 1, 2, 0], [0, 3, 0, 0]]
    assert targets[:, :4].tolist() == [[1, 2, 0, -100], [3, 0, -100, -100]]
    logits = np.zeros((2, 16, 27), np.float32)
    logits[0, 0, 1] = 50  # the first of five targets is foreseen; what stands on no target does not count
    logits[:, 4:, 9] = 50
    assert names.loss(bt.tensor(logits), bt.tensor(targets)).item() == pytest.approx(4 / 5 * math.log(27))


def test_counts_are_the_best_table():
    """What gradients find in the end, ∂loss/∂table = 0, is the table of counts (but for the one that is added)."""
    inputs, targets = names.padded(["anna", "ann", "nan"] * 4000)
    model = names.counted(Part(inputs, targets))
    names.loss(model(bt.tensor(inputs)), bt.tensor(targets)).backward()
    assert abs(model.table.grad.numpy()).max() < 1e-3
    chances = model.table.detach().softmax(dim=1).numpy()
    np.testing.assert_allclose(chances[1, [0, 1, 14]], [1 / 4, 0, 3 / 4], atol=2e-3)


@real
def test_shakespeare_is_cut_in_order():
    split = shakespeare.data(Options())
    parts = [split.train.tokens, split.validation.tokens, split.test().tokens]
    text = shakespeare.CHARACTERS.decode(np.concatenate(parts))
    assert text.startswith("First Citizen:\nBefore we proceed")
    assert [len(part) for part in parts] == [1003854, 55770, 55770]
    assert set(text) == set(shakespeare.CHARACTERS.alphabet)


# ---- models ----


def test_the_step_size_rises_and_falls():
    shares = [shakespeare.warm_up_and_cosine(step, 1000) for step in range(1000)]
    assert np.argmax(shares) == 100
    assert (np.diff(shares[:101]) > 0).all()
    assert (np.diff(shares[100:]) < 0).all()
    assert (shares[100], shares[-1]) == (1, pytest.approx(0.02, abs=1e-4))
    assert shares[550] == pytest.approx(0.51)
    assert shakespeare.warm_up_and_cosine(0, 1) == 1


def test_gpt_begins_as_gpt_2_does():
    bt.manual_seed(0)
    parameters = dict(shakespeare.GPT().named_parameters())
    for name, expected in (("characters.weight", 0.02), ("blocks.3.rise.weight", 0.02), ("blocks.0.fall.weight", 0.02 / 8**0.5),
                           ("blocks.2.attention.out.weight", 0.02 / 8**0.5), ("out.weight", 0.02)):  # fmt: skip
        assert parameters[name].detach().numpy().std() == pytest.approx(expected, rel=0.05), name
    for name, parameter in parameters.items():
        if parameter.dim() == 1:
            assert set(parameter.detach().numpy()) == {1.0 if name.endswith("weight") else 0.0}, name


def at_random(model):
    """A model all of whose parameters are drawn: none is 0, as some are at first."""
    bt.manual_seed(0)
    made = model().eval()
    for parameter in made.parameters():
        nn.init.normal_(parameter, std=0.2)
    return made


@pytest.mark.parametrize("model", [names.Bigram, names.MLP, names.RNN, names.Transformer, shakespeare.GPT, shakespeare.LSTM])
def test_no_model_sees_what_comes(model):
    """On as many places as it is trained on, with and without a graph: kernels may go other ways than for a few."""
    made = at_random(model)
    places = names.PLACES if model.__module__ == names.__name__ else shakespeare.SIZE
    tokens = np.random.default_rng(0).integers(0, 27, (12, places))
    for at, graph in ((7, True), (7, False), (places - 1, True)):
        changed = tokens.copy()
        changed[:, at:] = (changed[:, at:] + 1) % 27
        with bt.set_grad_enabled(graph):
            a, b = (made(bt.tensor(x)).detach().numpy() for x in (tokens, changed))
        np.testing.assert_allclose(a[:, :at], b[:, :at], rtol=1e-3, atol=1e-4)
        assert (np.abs(a[:, at] - b[:, at]).max(1) > 1e-3).all()


def test_the_lstm_writes_from_its_memory_as_it_would_from_the_whole_text():
    bt.manual_seed(0)
    model = shakespeare.LSTM().eval()
    tokens = bt.tensor(np.random.default_rng(0).integers(0, 65, (2, 9)))
    with bt.no_grad():
        logits, memory = model.step(tokens[:, :5], None)
        np.testing.assert_allclose(logits.numpy(), model(tokens)[:, 4].numpy(), rtol=1e-5, atol=1e-6)
        for t in range(5, 9):
            logits, memory = model.step(tokens[:, t : t + 1], memory)
            expected = looking_back(model, 99)(tokens[:, : t + 1], None)[0]
            np.testing.assert_allclose(logits.numpy(), expected.numpy(), rtol=1e-5, atol=1e-6)


def test_the_weights_shown_are_those_of_attention():
    bt.manual_seed(0)
    attention, x = shakespeare.Attention(12, 3), bt.randn(2, 5, 12)
    weights = attention.weights(x)
    mixed = (weights @ attention.heads_of(x)[2]).transpose(1, 2).reshape(2, 5, 12)
    np.testing.assert_allclose(attention.out(mixed).detach().numpy(), attention(x).detach().numpy(), rtol=1e-4, atol=1e-5)
    assert weights.shape == (2, 3, 5, 5)
    assert bt.equal(weights.triu(1), bt.zeros(2, 3, 5, 5))


def test_a_block_of_gpt_is_a_layer_of_the_library():
    ours, theirs = shakespeare.Block(12, 3), nn.TransformerEncoderLayer(12, 3, 48, 0.0, F.gelu, batch_first=True, norm_first=True)
    bt.manual_seed(0)
    for parameter in ours.parameters():
        nn.init.normal_(parameter, std=0.3)
    names_of_ours = {
        "attention.questions_keys_values.": "self_attn.in_proj_", "attention.out": "self_attn.out_proj",
        "rise": "linear1", "fall": "linear2",
    }  # fmt: skip
    state = {}
    for name, value in ours.state_dict().items():
        for mine, other in names_of_ours.items():
            name = name.replace(mine, other)
        state[name] = value
    theirs.load_state_dict(state)
    x = bt.randn(2, 7, 12)
    expected = theirs(x, nn.Transformer.generate_square_subsequent_mask(7)).detach().numpy()
    np.testing.assert_allclose(ours(x).detach().numpy(), expected, rtol=1e-4, atol=1e-5)


def test_where_a_transformer_looks_is_where_it_looks():
    model = at_random(names.Transformer)
    maps = names.looks(model, "anna")
    assert maps.shape == (4, 5, 5)
    np.testing.assert_allclose(maps.sum(2), 1, rtol=1e-5)
    assert not np.triu(maps, 1).any()
    assert maps[:, 4].std(1).min() > 1e-3


def with_pytorch(page, torch):
    """The models of a page, from its own source, with PyTorch's modules."""
    tree = ast.parse(Path(page.__file__).read_text("utf-8"))
    tree.body = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    known = {**vars(page), "torch": torch, "nn": torch.nn, "F": torch.nn.functional, "Tensor": torch.Tensor}
    exec(compile(tree, page.__file__, "exec"), known)
    return known


@pytest.mark.parametrize(
    ("page", "model"),
    [(names, "Bigram"), (names, "MLP"), (names, "RNN"), (names, "Transformer"), (shakespeare, "GPT"), (shakespeare, "LSTM")],
    ids=lambda one: getattr(one, "__name__", one),
)
def test_every_model_is_that_of_pytorch(page, model):
    """The page's own source, run with PyTorch's modules: the same logits and gradients from the same parameters."""
    torch = pytest.importorskip("torch")
    ours, theirs = at_random(getattr(page, model)), with_pytorch(page, torch)[model]().eval()
    theirs.load_state_dict({name: torch.tensor(p.detach().numpy()) for name, p in ours.state_dict().items()})
    tokens, targets = np.random.default_rng(0).integers(0, 27, (2, 5, 13))
    mine, other = ours(bt.tensor(tokens)), theirs(torch.tensor(tokens))
    np.testing.assert_allclose(mine.detach().numpy(), other.detach().numpy(), rtol=1e-4, atol=1e-5)
    page.loss(mine, bt.tensor(targets)).backward()
    torch.nn.functional.cross_entropy(other.flatten(0, 1), torch.tensor(targets).flatten()).backward()
    for (name, p), q in zip(ours.named_parameters(), theirs.parameters()):
        scale = float(q.grad.abs().max())
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-3, atol=1e-4 * scale, err_msg=name)
