"""Examples on sequences, from end to end on a small part of their data: they learn, show, and can be asked."""

import json
import os
from pathlib import Path

import pytest
from byhand.examples.cli import main
from click.testing import CliRunner

DATA = Path(os.environ.get("BYHAND_DATA", "nowhere"))
real = pytest.mark.skipif(not DATA.is_dir(), reason="BYHAND_DATA names no folder with the real files")


def invoke(*args):
    finished = CliRunner().invoke(main, [*map(str, args)], terminal_width=120)
    assert finished.exit_code == 0, finished.output
    return finished.output


def learns(folder, args, factor):
    """Train; the loss of training must fall by a factor. Returns the figures of the held-out part."""
    invoke(*args.split(), "--out", folder)
    *history, closing = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert history[-1]["loss"] < history[0]["loss"] / factor
    assert len(list(folder.glob("*.png"))) >= 2
    return closing


@real
@pytest.mark.parametrize(
    ("args", "least"),  # 160 sentences are learnt by heart; they say nothing about others
    [
        ("--limit 300 --batch-size 16 --epochs 7", 0.55),
        ("--model cnn --limit 160 --batch-size 8 --epochs 4 --lr 0.01", 0),
        ("--model lstm --limit 160 --batch-size 8 --epochs 5 --lr 0.01", 0),
    ],
)
def test_sentiment(tmp_path, args, least):
    assert learns(tmp_path, f"sentiment {args}", 2)["test_accuracy"] > least
    answer = invoke("predict", tmp_path / "best.safetensors", "a moving, beautiful film")
    assert "for" in answer.split() or "against" in answer.split()


@pytest.mark.parametrize(("model", "lr"), [("gru", 0.01), ("transformer", 0.004)])
def test_seq2seq(tmp_path, model, lr):
    """It soon knows which symbols there are and where; to get all right takes longer."""
    args = f"seq2seq --model {model} --lr {lr} --limit 200 --batch-size 8 --epochs 2 --beam 2"
    assert {"test_exact", "test_exact_by_beam"} <= learns(tmp_path, args, 1.8).keys()
    answer = invoke("predict", tmp_path / "best.safetensors", "May 5th, 1998")
    assert "-0" in answer
    assert "%" in answer


@pytest.mark.parametrize(("model", "lr"), [("ntm", 0.002), ("lstm", 0.004)])
def test_copy(tmp_path, model, lr):
    args = f"copy --model {model} --lr {lr} --longest 2 --limit 600 --batch-size 8 --epochs 2"
    wrong = learns(tmp_path, args, 2)
    assert wrong["test_wrong_bits_of_10"] < 0.6
    assert "of the bits are wrong" in invoke("predict", tmp_path / "best.safetensors", "hi")
