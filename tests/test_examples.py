"""The examples from end to end, as a user runs them, and their training beside PyTorch's."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import byhand.tensor as bt
import numpy as np
import pytest
from byhand import nn, optim
from byhand.examples import breast_cancer, resnet
from byhand.examples.cli import main
from byhand.examples.compare import compare
from byhand.examples.options import Options
from click.testing import CliRunner

EPOCHS = 30


def command(folder, *options):
    return [sys.executable, "-m", "byhand.examples", "breast-cancer", "--out", str(folder), *options]


def train(folder, *options):
    environment = {**os.environ, "COLUMNS": "100"}
    return subprocess.run(command(folder, *options), capture_output=True, text=True, timeout=120, env=environment)


def here(folder, *options):
    """The same in this process: sooner, for what needs no process of its own."""
    return CliRunner().invoke(main, ["breast-cancer", "--out", str(folder), *options], terminal_width=100)


def rows(folder):
    path = folder / "metrics.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def stop_after(folder, epochs, how):
    """Start training, stop it by a signal once some epochs are done, and return the finished process."""
    started = subprocess.Popen(
        command(folder, "--epochs", str(EPOCHS)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    deadline = time.monotonic() + 60
    while len(rows(folder)) < epochs and started.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    started.send_signal(how)
    output, _ = started.communicate(timeout=60)
    return started.returncode, output


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted run."""
    folder = tmp_path_factory.mktemp("whole")
    finished = train(folder, "--epochs", str(EPOCHS))
    assert finished.returncode == 0, finished.stderr
    return folder, finished.stdout


def same_files(a, b):
    return [name for name in ("last.safetensors", "best.safetensors", "metrics.jsonl")
            if (Path(a) / name).read_bytes() != (Path(b) / name).read_bytes()] == []  # fmt: skip


def test_a_run_learns_and_shows_what_it_learned(whole):
    folder, output = whole
    *history, closing = rows(folder)
    assert [row["epoch"] for row in history] == [*range(1, EPOCHS + 1)]
    assert history[-1]["loss"] < history[0]["loss"] / 3
    assert closing["test_accuracy"] > 0.9
    for shown in ("accuracy", "precision", "recall", "→ malignant", f"{EPOCHS}/{EPOCHS}", str(folder)):
        assert shown in output
    assert sorted(path.name for path in folder.iterdir()) == [
        "best.safetensors", "last.safetensors", "metrics.jsonl", "report.png",
    ]  # fmt: skip


def test_held_out_accuracy_is_96_per_cent_as_the_mean_of_five_seeds(tmp_path):
    accuracies = []
    for seed in range(5):
        folder = tmp_path / str(seed)
        assert here(folder, "--seed", str(seed)).exit_code == 0
        accuracies.append(rows(folder)[-1]["test_accuracy"])
    assert np.mean(accuracies) >= 0.96, accuracies


def test_a_seed_gives_the_same_run_and_another_seed_another(whole, tmp_path):
    folder, _ = whole
    train(tmp_path / "again", "--epochs", str(EPOCHS), "--seed", "0")
    assert same_files(folder, tmp_path / "again")
    here(tmp_path / "other", "--epochs", "1", "--seed", "1")
    assert rows(tmp_path / "other")[0] != rows(folder)[0]


def test_a_run_that_was_killed_goes_on_as_if_nothing_had_been(whole, tmp_path):
    stop_after(tmp_path, 9, signal.SIGKILL)
    assert 9 <= len(rows(tmp_path)) < EPOCHS
    resumed = train(tmp_path, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert same_files(whole[0], tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to send")
def test_ctrl_c_says_how_to_go_on(whole, tmp_path):
    code, output = stop_after(tmp_path, 3, signal.SIGINT)
    assert code == 130
    assert f"--out {tmp_path} --resume" in output
    assert "Traceback" not in output
    assert train(tmp_path, "--resume").returncode == 0
    assert same_files(whole[0], tmp_path)


def test_a_run_can_be_prolonged(whole, tmp_path):
    here(tmp_path, "--epochs", "3")
    here(tmp_path, "--epochs", str(EPOCHS), "--resume")
    assert rows(tmp_path) == rows(whole[0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--seed", "1"), "began with --seed 0"),
        (("--lr", "0.5"), "began with --lr"),
        (("--batch-size", "8"), "began with --batch-size 32"),
        (("--epochs", "2"), "3 epochs behind it already"),
    ],
)
def test_what_cannot_be_resumed_is_refused_and_nothing_changes(tmp_path, options, message):
    here(tmp_path, "--epochs", "3")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    refused = here(tmp_path, "--resume", *options)
    assert refused.exit_code == 1
    assert message in " ".join(refused.output.split())
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("damage", ["missing", "cut", "flipped", "foreign"])
def test_a_damaged_checkpoint_is_named_and_nothing_changes(whole, tmp_path, damage):
    content = (whole[0] / "last.safetensors").read_bytes()
    path = tmp_path / "last.safetensors"
    if damage != "missing":
        middle = len(content) // 2
        flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        path.write_bytes({"cut": content[:middle], "flipped": flipped, "foreign": b"PK\x03\x04" * 100}[damage])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    refused = here(tmp_path, "--resume")
    assert refused.exit_code == 1
    assert refused.output.startswith("Error: ")
    assert "last.safetensors" in refused.output
    assert "Traceback" not in refused.output
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_an_unwritable_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    refused = here(tmp_path / "file" / "run", "--epochs", "1")
    assert refused.exit_code == 1
    assert "file" in refused.output
    assert "Traceback" not in refused.output


def test_training_goes_as_with_pytorch():
    torch = pytest.importorskip("torch")
    bt.manual_seed(1)
    ours = breast_cancer.mlp()
    widths = [(m.in_features, m.out_features) for m in ours if hasattr(m, "in_features")]
    layers = []
    for n, m in widths[:-1]:
        layers += [torch.nn.Linear(n, m), torch.nn.BatchNorm1d(m), torch.nn.ReLU(), torch.nn.Dropout(0)]
    theirs = torch.nn.Sequential(*layers, torch.nn.Linear(*widths[-1]), torch.nn.Flatten(0))
    theirs.load_state_dict({name: torch.tensor(p.detach().numpy()) for name, p in ours.state_dict().items()})
    for module in ours:
        if hasattr(module, "p"):
            module.p = 0.0
    data = breast_cancer.data(Options()).train
    steps = [optim.AdamW(ours.parameters(), lr=0.003), torch.optim.AdamW(theirs.parameters(), lr=0.003)]
    for chosen in data.plan(32):
        batch = data[chosen]
        mine = breast_cancer.loss(ours(batch.inputs), batch.targets)
        inputs, targets = (torch.tensor(x.numpy()) for x in (batch.inputs, batch.targets))
        other = torch.nn.functional.binary_cross_entropy_with_logits(theirs(inputs), targets)
        for loss, step in zip((mine, other), steps):
            step.zero_grad()
            loss.backward()
            step.step()
        assert mine.item() == pytest.approx(other.item(), rel=1e-4)


def test_compare_has_a_column_for_pytorch():
    pytest.importorskip("torch")
    comparison = compare("(tanh(x @ w + b) ** 2).mean(0).max()", shapes={"x": (4, 3), "w": (3, 2), "b": (2,)})
    assert list(comparison.gradients) == ["scalar", "tensor", "differences", "PyTorch"]
    assert comparison.disagreement("scalar", "tensor", "PyTorch").size < 1e-14
    assert comparison.disagreement().size < 1e-9


# ---- the other examples, on a small part of their data ----

DATA = Path(os.environ.get("BYHAND_DATA", "nowhere"))
SUBSETS = {  # the official pixels of some of the images
    "cifar10": "cifar-10/cifar-10-python-subset.tar.gz",
    "cifar100": "cifar-100/cifar-100-python-subset.tar.gz",
}
real = pytest.mark.skipif(not DATA.is_dir(), reason="BYHAND_DATA names no folder with the real files")


@pytest.mark.parametrize(
    ("args", "factor", "figure", "least"),
    [
        ("diabetes --epochs 20", 1.5, "test_r2", 0.3),
        ("diabetes --model mlp --epochs 20", 1.2, "test_r2", 0.3),
        ("digits --model cnn --epochs 4", 5, "test_accuracy", 0.95),
        pytest.param("mnist --model cnn --limit 600 --epochs 3 --batch-size 32", 2, "test_accuracy", 0.7, marks=real),
        pytest.param("mnist --model resnet --limit 200 --epochs 4 --batch-size 20", 1.5, "test_accuracy", 0.4, marks=real),
        pytest.param("mnist --limit 1500 --epochs 4", 3, "test_accuracy", 0.85, marks=real),
        pytest.param("mnist --model one-vs-rest --limit 1500 --epochs 4", 1.5, "test_accuracy", 0.7, marks=real),
        pytest.param("mnist --model one-vs-rest-hinge --limit 1500 --epochs 4", 1.5, "test_accuracy", 0.65, marks=real),
        pytest.param("fashion-mnist --limit 1500 --epochs 4 --mirror", 1.5, "test_accuracy", 0.7, marks=real),
        pytest.param("cifar10 --model cnn --limit 160 --epochs 4 --batch-size 20", 1.1, "test_accuracy", 0.1, marks=real),
        pytest.param("cifar100 --model mlp --limit 500 --epochs 6 --batch-size 20", 1.1, "test_accuracy", 0.015, marks=real),
    ],
)
def test_every_example_learns(tmp_path, args, factor, figure, least):
    name, *more = args.split()
    archive = ["--archive", str(DATA / SUBSETS[name])] if name in SUBSETS else []
    finished = CliRunner().invoke(main, [name, *more, *archive, "--out", str(tmp_path)], terminal_width=100)
    assert finished.exit_code == 0, finished.output
    assert (archive == []) == ("not the official archive: " not in " ".join(finished.output.split()))
    *history, closing = rows(tmp_path)
    assert history[-1]["loss"] < history[0]["loss"] / factor
    assert closing[figure] > least
    assert len(list(tmp_path.glob("*.png"))) >= 2


def test_digits_reach_97_5_per_cent(tmp_path):
    """Of one seed; the mean of five, 98.2 %, is in docs/results.md."""
    assert CliRunner().invoke(main, ["digits", "--out", str(tmp_path)]).exit_code == 0
    history = rows(tmp_path)
    assert history[-2]["loss"] < history[0]["loss"] / 20
    assert history[-1]["test_accuracy"] >= 0.975


def test_a_residual_network_is_that_of_pytorch():
    """The page's own source, run with PyTorch's modules: the same answers and gradients from the same parameters."""
    torch = pytest.importorskip("torch")
    source = "".join(line for line in Path(resnet.__file__).read_text("utf-8").splitlines(True) if not line.startswith("from "))
    theirs_too = {"nn": torch.nn, "F": torch.nn.functional, "Tensor": torch.Tensor}
    exec(compile(source, resnet.__file__, "exec"), theirs_too)
    bt.manual_seed(0)
    ours, theirs = resnet.resnet(3, 7, 2, 4), theirs_too["resnet"](3, 7, 2, 4)
    theirs.load_state_dict({name: torch.tensor(p.detach().numpy()) for name, p in ours.state_dict().items()})
    images = np.random.default_rng(0).standard_normal((5, 3, 12, 10)).astype(np.float32)
    targets = np.array([0, 6, 2, 2, 5])
    mine, other = ours(bt.tensor(images)), theirs(torch.tensor(images))
    np.testing.assert_allclose(mine.detach().numpy(), other.detach().numpy(), rtol=1e-4, atol=1e-5)
    nn.functional.cross_entropy(mine, bt.tensor(targets)).backward()
    torch.nn.functional.cross_entropy(other, torch.tensor(targets)).backward()
    assert sum(1 for m in theirs.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))) == 14 + 2  # two shortcuts
    for (name, p), q in zip(ours.named_parameters(), theirs.parameters()):
        scale = float(q.grad.abs().max())
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-3, atol=1e-4 * scale, err_msg=name)
