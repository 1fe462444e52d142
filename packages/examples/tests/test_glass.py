"""The small trained model: its tokens, logits, loss and text are those that glassllm itself gives (expected_en.json)."""

import json
import os
from itertools import islice
from pathlib import Path
from zipfile import ZipFile

import byhand.tensor as torch
import numpy as np
import pytest
from byhand.examples import glass
from byhand.examples.byte_pairs import merged
from byhand.examples.cli import main
from byhand.examples.datasets import glassllm
from byhand.examples.datasets.errors import DataError
from byhand.examples.memory import step
from byhand.examples.sampling import generate, looking_back
from byhand.examples.writing import Writer
from byhand.nn import functional as F
from click.testing import CliRunner
from hypothesis import given, strategies as st

DATA = Path(os.environ.get("BYHAND_DATA", "nowhere"))
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="BYHAND_DATA names no folder with the real files")
FOLDER = DATA / "glassllm"


@pytest.fixture(scope="module")
def expected():
    return json.loads((FOLDER / "expected_en.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def writer():
    return glass.load(DATA)


def test_its_parameters_are_counted(writer):
    assert sum(one.numel() for one in writer.model.parameters()) == 852_608


@pytest.mark.parametrize(("dtype", "atol"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
def test_numbers_are_those_of_glassllm(writer, expected, dtype, atol):
    model = glass.load(DATA).model.to(dtype)
    tokens = torch.tensor([expected["ids"]])
    with torch.no_grad():
        logits = model(tokens)[0]
    found, (best, values) = logits[-1].numpy(), zip(*expected["last_logits_top10"])
    assert logits.dtype == dtype
    np.testing.assert_array_equal(np.argsort(-found)[:10], best)
    np.testing.assert_allclose(found[list(best)], values, rtol=0, atol=atol)
    np.testing.assert_allclose(found[:8], expected["last_logits_first8"], rtol=0, atol=atol)
    assert found.sum() == pytest.approx(expected["last_logits_sum"], abs=1024 * atol)
    loss = F.cross_entropy(logits[:-1], tokens[0, 1:]).item()
    assert loss == pytest.approx(expected["mean_next_token_loss"], abs=atol)


def test_it_reads_and_writes_as_glassllm_does(writer, expected):
    assert writer.tokens.encode(expected["prompt"]) == expected["ids"]
    assert writer.numbers(expected["prompt"], 40, temperature=0) == expected["greedy_40"]
    assert writer.write(expected["prompt"], 40, temperature=0) == expected["prompt"] + expected["greedy_text"]


def test_with_and_without_memory_it_writes_the_same_also_beyond_its_context(writer):
    prompt = torch.tensor([writer.tokens.encode("“I wish I hadn’t cried so much!” said Alice, as she swam about. " * 5)[:120]])
    texts = []
    for one in (lambda tokens, seen: step(writer.model, tokens, seen), looking_back(writer.model, 128)):
        torch.manual_seed(1)
        texts.append([int(token.item()) for token in islice(generate(one, prompt, 0.9, 20), 24)])
    assert texts[0] == texts[1]


def test_a_text_begins_after_a_line_break_and_ends_where_the_model_ends_it(writer):
    torch.manual_seed(0)
    assert len(writer.numbers("", 5)) == 5

    class Ending:
        context, layers = 128, 1

        def read(self, tokens, _):
            return tokens[:, :, None]

        def logits(self, read):
            return torch.eye(1024)[[{86: 5, 5: writer.tokens.end}.get(int(n), 86) for n in read[:, 0].tolist()]]

    assert Writer(Ending(), writer.tokens).numbers("\n", 9, temperature=0) == [86, 5]


# ---- tokens ----


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("", ""),
        ("The Hatter", "The Hatter"),
        ("  two  \n\n three ", "  two  \n\n three "),
        ("u\u0300 and ù", "ù and ù"),  # NFC
        ("a€b", "a⁇b"),
    ],
)
def test_texts_come_back(writer, text, again):
    assert writer.tokens.decode(writer.tokens.encode(text)) == again


@given(st.text(st.sampled_from("\n !abcdefghtWI“”’—"), max_size=60))
def test_every_text_of_the_alphabet_comes_back(writer, text):
    assert writer.tokens.decode(writer.tokens.encode(text)) == text


def test_special_tokens_are_no_text(writer):
    assert writer.tokens.decode([0, 2, 494, 3]) == writer.tokens.decode([494]) == "Alice"
    assert merged("▁the", {("▁", "t"): 0, ("h", "e"): 1, ("▁t", "he"): 2}) == ["▁the"]


# ---- files ----


def test_it_is_saved_and_read(writer, tmp_path):
    path = tmp_path / "glass.safetensors"
    glass.write(path, writer)
    again = glass.read(path)
    assert again.numbers("Alice", 20, temperature=0) == writer.numbers("Alice", 20, temperature=0)
    assert list(again.model.state_dict()) == list(writer.model.state_dict())
    said = invoke("generate", str(path), "Alice", "--temperature", "0", "--amount", "20")
    assert said.output == invoke("generate", "glassllm", "Alice", "--temperature", "0", "--amount", "20").output
    assert said.output.startswith("Alice")
    refused = invoke("generate", "glassllm", "Alice", "--heads", "4")
    assert "--heads 4: glassllm says itself how many it has" in refused.output
    assert glass.is_one(path)
    assert not glass.is_one(tmp_path / "none")


def test_the_seed_says_what_is_drawn():
    first, again, other = (invoke("generate", "glassllm", "Alice", "--seed", seed, "--amount", "20").output for seed in "001")
    assert first == again != other
    assert invoke("generate", "glassllm", "Alice", "--amount", "20", "--top-k", "1").output == (
        invoke("generate", "glassllm", "Alice", "--amount", "20", "--temperature", "0").output
    )


def test_files_that_are_none_are_refused(writer, tmp_path):
    path = tmp_path / "glass.safetensors"
    with pytest.raises(DataError, match="there is no such file"):
        glass.read(path)
    path.write_bytes(b"none")
    with pytest.raises(DataError, match=r"glass\.safetensors: not a model of this kind"):
        glass.read(path)
    larger = {**writer.model.sizes, "n_layers": 5}
    wrong = Writer(glass.Glass(larger), writer.tokens)
    del wrong.model.blocks[4]
    glass.write(path, wrong)
    with pytest.raises(DataError, match=r"or damaged .*blocks\.4"):
        glass.read(path)


def test_the_package_itself_serves_as_well(tmp_path, monkeypatch):
    with pytest.raises(DataError, match=r"there is no glassllm-0\.1\.0-py3-none-any\.whl .* Get it from https://files\.python"):
        glassllm.load(tmp_path)
    path = tmp_path / glassllm.NAME
    with ZipFile(path, "w") as package:
        for name in glassllm.UNPACKED:
            package.write(FOLDER / name, f"glassllm/weights/{name}")
    with pytest.raises(DataError, match="1611801c031d0fc3"):
        glassllm.load(tmp_path)
    monkeypatch.setattr("byhand.examples.datasets.download._matches", lambda *_: True)
    found, unpacked = glassllm.load(tmp_path), glassllm.load(DATA)
    assert (found.config, found.alphabet, found.merges) == (unpacked.config, unpacked.alphabet, unpacked.merges)
    for name, array in unpacked.parameters.items():
        np.testing.assert_array_equal(found.parameters[name], array)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DataError, match="not the package of the model"):
        glassllm.load(tmp_path)


def invoke(*args):
    return CliRunner().invoke(main, [*args, "--data", str(DATA)], terminal_width=100)
