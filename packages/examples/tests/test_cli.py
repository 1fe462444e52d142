"""The command line: what it prints, and how it refuses."""

import json
import sys
from dataclasses import fields

import numpy as np
import pytest
from byhand.examples.checkpoints import save_checkpoint
from byhand.examples.cifar import CifarOptions
from byhand.examples.cli import main
from byhand.examples.registry import EXAMPLES, find
from click.testing import CliRunner
from PIL import Image
from rich.console import Console
from sklearn.datasets import load_diabetes, load_digits


def invoke(*args):
    return CliRunner().invoke(main, args, prog_name="byhand")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_list_names_the_examples():
    result = invoke("list")
    assert result.exit_code == 0
    for name in EXAMPLES:
        assert name in result.output


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_what_the_list_says(name):
    example = find(name)
    assert example.name == name
    assert EXAMPLES[name].models == ", ".join(example.recipes)
    text = " ".join(invoke("train", name, "--help").output.split())
    assert text == " ".join(invoke(name, "--help").output.split()).replace(f"byhand {name}", f"byhand train {name}", 1)
    for field in fields(next(iter(example.recipes.values())).options):
        assert f"--{field.name.replace('_', '-')}" in text
        default = getattr(next(iter(example.recipes.values())).options, field.name)
        assert f"[default: {default or field.metadata['hint'] or default}" in text


def test_help_is_there():
    for args in (["--help"], ["train", "--help"]):
        for name, entry in EXAMPLES.items():
            assert name in invoke(*args).output
            assert entry.about.split()[0] in invoke(*args).output
    assert "metrics.jsonl" in invoke("breast-cancer", "--help").output
    assert "maximum minimum" in invoke("compare", "--help").output


@pytest.mark.parametrize(
    ("args", "nearest"),
    [
        (["brest-cancer"], "breast-cancer"),
        (["train", "brest-cancer"], "breast-cancer"),
        (["fashon-mnist"], "fashion-mnist"),
        (["evalute"], "evaluate"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(args, nearest):
    result = invoke(*args)
    assert result.exit_code == 2
    assert f"'{nearest}'" in result.output.replace("Did you mean one of", "Did you mean").split("Did you mean")[1]


QUICK = ("--epochs", "1", "--limit", "40")


def test_every_run_has_a_folder_of_its_own_and_resume_means_the_latest(elsewhere):
    runs = elsewhere / "runs" / "diabetes"
    assert "runs/diabetes: no run to go on with" in invoke("diabetes", "--resume").output
    for number in ("001", "002"):
        assert f"runs/diabetes/{number}" in invoke("diabetes", *QUICK).output
    before = (runs / "001" / "metrics.jsonl").read_bytes()
    assert "runs/diabetes/002" in invoke("train", "diabetes", "--resume").output
    assert sorted(path.name for path in runs.iterdir()) == ["001", "002"]
    assert (runs / "001" / "metrics.jsonl").read_bytes() == before


def test_a_folder_with_a_run_is_written_over_only_if_asked_to(elsewhere):
    folder = elsewhere / "here"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    assert invoke("diabetes", *QUICK, "--out", "here").exit_code == 0
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    refused = invoke("diabetes", *QUICK, "--out", "here", "--seed", "1")
    assert (refused.exit_code, "there is a run in this folder already" in " ".join(refused.output.split())) == (1, True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert invoke("diabetes", "--out", "here", "--resume", "--overwrite").exit_code == 2
    assert invoke("diabetes", *QUICK, "--out", "here", "--seed", "1", "--overwrite").exit_code == 0
    assert (folder / "metrics.jsonl").read_bytes() != before["metrics.jsonl"]
    assert (folder / "notes.txt").read_text() == "mine"


def test_a_checkpoint_is_evaluated_and_asked(elsewhere):
    assert invoke("digits", "--epochs", "12", "--out", "here").exit_code == 0
    said = json.loads((elsewhere / "here" / "metrics.jsonl").read_text().splitlines()[-1])
    found = invoke("evaluate", "here/best.safetensors")
    assert "test: 360" in found.output
    assert f"{said['test_accuracy']:.2%}" in found.output
    assert "validation: 287" in invoke("evaluate", "here/last.safetensors", "--part", "validation").output
    images, digits = load_digits(return_X_y=True)
    answers = []
    for image, dark in zip(images[:8].reshape(-1, 8, 8) * 15.9, (True, False) * 4):
        pixels = image.astype(np.uint8).repeat(5, 0).repeat(5, 1)
        Image.fromarray(np.pad(255 - pixels if dark else pixels, 2, constant_values=255 if dark else 0)).save("a.png")
        answers.append(invoke("predict", "here/best.safetensors", "a.png").output.split("─")[-1].split()[0])
    assert np.mean([answer == str(digit) for answer, digit in zip(answers, digits)]) >= 0.75


def test_rows_of_numbers_are_asked(elsewhere):
    assert invoke("diabetes", *QUICK, "--out", "here").exit_code == 0
    rows = load_diabetes(scaled=False).data[:2]
    (elsewhere / "a.csv").write_text("\n".join(",".join(map(str, row)) for row in rows))
    assert invoke("predict", "here/best.safetensors", "a.csv").output.count("progression: ") == 2
    (elsewhere / "a.csv").write_text("1, 2\n")
    assert "expected 10 numbers a line, in this order: age, sex" in invoke("predict", "here/best.safetensors", "a.csv").output


def test_what_cannot_be_asked_is_named(elsewhere):
    assert invoke("digits", *QUICK, "--out", "here").exit_code == 0
    (elsewhere / "a.txt").write_text("no image")
    assert "a.txt: not an image" in invoke("predict", "here/best.safetensors", "a.txt").output
    assert "none.png: there is no such file" in invoke("predict", "here/best.safetensors", "none.png").output
    for content, message in (({"a": 1}, "no checkpoint of a run"), (None, "no safetensors file")):
        if content:
            save_checkpoint(elsewhere / "foreign", content)
        else:
            (elsewhere / "foreign").write_text("foreign")
        refused = invoke("evaluate", "foreign")
        assert (refused.exit_code, message in refused.output) == (1, True)
    refused = invoke("breast-cancer", "--resume", "--out", "here")
    assert "a checkpoint of 'digits', not of 'breast-cancer'" in " ".join(refused.output.split())


def test_missing_files_of_a_data_set_are_named(elsewhere):
    refused = invoke("mnist", "--data", str(elsewhere))
    assert refused.exit_code == 1
    assert "there is no train-images-idx3-ubyte.gz" in refused.output
    assert not (elsewhere / "runs").exists()


def test_live_curves_are_drawn_in_a_terminal(monkeypatch):
    monkeypatch.setattr("byhand.examples.commands.Console", lambda: Console(force_terminal=True, width=120, file=sys.stdout))
    result = invoke("diabetes", "--epochs", "3", "--limit", "40", "--live")
    assert result.exit_code == 0, result.output
    assert "loss: " in result.output
    assert any(0x2800 < ord(one) <= 0x28FF for one in result.output)


def test_the_path_of_an_archive_is_kept_whole(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert CifarOptions(archive="mine").completed().archive == str(tmp_path / "mine")
    assert CifarOptions().completed().archive == ""


def test_compare_prints_a_row_for_each_number():
    result = invoke("compare", "tanh(x @ w + b)", "--shape", "x=2,3", "--shape", "w=3,2", "--value", "b=1,2")
    assert result.exit_code == 0, result.output
    for place in ("x[1, 2]", "w[2, 1]", "b[1]", "Largest disagreement"):
        assert place in result.output


def test_compare_takes_numbers_rows_and_single_values():
    result = invoke("compare", "(x * y).sum()", "--value", "x=1,2;3,4", "--value", "y=0.5")
    assert "x[1, 1]" in result.output
    assert "10.0000000" in result.output


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("compare", "tahn(x)"), "did you mean 'tanh'"),
        (("compare", "x", "--shape", "x=two"), "'x=two' is no shape"),
        (("compare", "x", "--shape", "x"), "'x' is no shape"),
        (("compare", "x", "--shape", "x=0"), "'x=0' is no shape"),
        (("compare", "x", "--value", "x=1;2,3"), "'x=1;2,3' gives no numbers"),
        (("compare", "x", "--value", "=1"), "'=1' gives no numbers"),
        (("breast-cancer", "--epochs", "0"), "--epochs"),
        (("breast-cancer", "--lr", "-1"), "--lr"),
        (("breast-cancer", "--seed", "-1"), "--seed"),
        (("breast-cancer", "--batch-size", "1"), "--batch-size"),
    ],
)
def test_refusals(args, message):
    result = invoke(*args)
    assert result.exit_code in (1, 2)
    assert message in result.output
