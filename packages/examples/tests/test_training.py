"""The loop: it counts, saves, stops and goes on as it says, wherever it is broken off."""

import io
import json
import signal
from dataclasses import replace
from pathlib import Path

import byhand.tensor as torch
import numpy as np
import pytest
from byhand import nn, optim
from byhand.examples import training
from byhand.examples.checkpoints import CheckpointError, load_checkpoint
from byhand.examples.curves import curves
from byhand.examples.data import Part, Split, outputs
from byhand.examples.display import Display, duration
from byhand.examples.example import Example, Recipe
from byhand.examples.options import Options
from byhand.examples.training import BEST, LAST, METRICS, Run, TrainingError, train
from byhand.nn import functional as F
from rich.console import Console

OPTIONS = Options(epochs=4, batch_size=8, lr=0.02)
STEPS = 4 * 5


class Crash(Exception):
    pass


def data(options):
    """A noisy line through 41 points; the noise of augmentation is drawn while training, from the default generator."""
    rng = np.random.default_rng(options.seed)
    x = rng.standard_normal((60, 3)).astype(np.float32)
    t = (x @ np.array([1, -2, 0.5]) + 0.1 * rng.standard_normal(60)).astype(np.float32)
    return Split(Part(x[:41], t[:41], noisy), Part(x[41:50], t[41:50]), lambda: Part(x[50:], t[50:]))


def noisy(x):
    return x + 0.1 * torch.randn(*x.shape).numpy()


def model():
    return nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 1), nn.Flatten(0))


def loop(run, crash_at=None, how=None):
    optimizer = optim.AdamW(run.model.parameters(), lr=run.options.lr)
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, run.options.lr, run.steps)
    for x, t in run.batches(optimizer=optimizer, schedule=schedule):
        loss = run.loss(run.model(x), t)
        if run.place.step == crash_at:
            how()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        run.note(loss)


def measure(model, part, loss):
    return {"loss": loss(outputs(model, part), part[:].targets).item()}


EXAMPLE = Example(
    "line", "A line.", {"mlp": Recipe(model, F.mse_loss, OPTIONS)}, data, loop, measure,
    report=lambda run: run.measure(run.data.test()), predict=lambda run, file: file,
)  # fmt: skip


def start(folder, options=OPTIONS, resume=False, **changed):
    checkpoint = load_checkpoint(folder / LAST) if resume else None
    example = replace(EXAMPLE, **changed)
    return Run(example, "mlp", options, Path(folder), Console(file=io.StringIO(), width=120), checkpoint=checkpoint)


def contents(folder):
    return {name: (folder / name).read_bytes() for name in (LAST, BEST, METRICS)}


def rows(folder):
    return [json.loads(line) for line in (folder / METRICS).read_text().splitlines()]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    train(start(folder))
    return folder


def crash():
    raise Crash


def test_a_run_counts_and_learns(whole):
    *history, closing = rows(whole)
    assert [(row["epoch"], row["step"]) for row in history] == [(1, 5), (2, 10), (3, 15), (4, 20)]
    assert history[-1]["loss"] < 0.7 * history[0]["loss"]
    best = min(history, key=lambda row: row["validation_loss"])
    assert closing["best_epoch"] == best["epoch"]
    assert closing["test_loss"] == pytest.approx(start(whole).example.report(opened(whole))["loss"])


def opened(folder):
    run = start(folder)
    run.load(load_checkpoint(folder / BEST))
    return run


@pytest.mark.parametrize("every", [0, 1000])  # a checkpoint after every step, or only after every epoch
def test_broken_off_anywhere_it_goes_on_to_the_same_bits(whole, tmp_path, monkeypatch, every):
    monkeypatch.setattr(training, "SAVE_EVERY", every)
    for step in (0, 1, 4, 5, 12, 19):
        folder = tmp_path / str(step)
        with pytest.raises(Crash):
            train(start(folder, train=lambda run, at=step: loop(run, at, crash)))
        torch.manual_seed(step)  # what other work may leave behind
        place = load_checkpoint(folder / LAST)["place"]
        assert place["step"] == (step if every == 0 else step // 5 * 5)
        train(start(folder, resume=True))
        assert contents(folder) == contents(whole)


def test_ctrl_c_waits_for_the_step_and_saves_it(whole, tmp_path):
    def interrupted(run):
        loop(run, 7, lambda: signal.raise_signal(signal.SIGINT))

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(start(tmp_path, train=interrupted))
    assert signal.getsignal(signal.SIGINT) is before
    place = load_checkpoint(tmp_path / LAST)["place"]
    assert (place["epoch"], place["position"], place["step"]) == (1, 3, 8)
    train(start(tmp_path, resume=True))
    assert contents(tmp_path) == contents(whole)


def test_a_second_ctrl_c_stops_at_once(tmp_path):
    def twice():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(start(tmp_path, train=lambda run: loop(run, 7, twice)))
    assert load_checkpoint(tmp_path / LAST)["place"]["step"] == 5


def test_killed_between_its_files_it_goes_on_to_the_same_bits(whole, tmp_path, monkeypatch):
    """After `best` and the metrics were written, but not `last`: the epoch is done again."""
    original = Run._save

    def save(run):
        if run.place.epoch == 3:
            raise Crash
        original(run)

    monkeypatch.setattr(Run, "_save", save)
    with pytest.raises(Crash):
        train(start(tmp_path))
    monkeypatch.undo()
    train(start(tmp_path, resume=True))
    assert contents(tmp_path) == contents(whole)


def test_resuming_what_is_finished_only_reports_again(whole, tmp_path):
    train(start(tmp_path))
    trained = []
    train(start(tmp_path, resume=True, train=lambda run: trained.extend(run.batches(**parts(run)))))
    assert trained == []
    assert contents(tmp_path) == contents(whole)


def parts(run):
    optimizer = optim.AdamW(run.model.parameters(), lr=run.options.lr)
    return {"optimizer": optimizer, "schedule": optim.lr_scheduler.OneCycleLR(optimizer, run.options.lr, run.steps)}


def test_a_schedule_cannot_be_prolonged_but_a_run_without_one_can(tmp_path):
    train(start(tmp_path))
    before = contents(tmp_path)
    with pytest.raises(CheckpointError, match="laid out for 4 epochs; it cannot go on for 6"):
        train(start(tmp_path, replace(OPTIONS, epochs=6), resume=True))
    with pytest.raises(CheckpointError, match="4 epochs behind it already"):
        train(start(tmp_path, replace(OPTIONS, epochs=3), resume=True))
    assert contents(tmp_path) == before

    def without(run):
        optimizer = optim.SGD(run.model.parameters(), lr=0.01, momentum=0.9)
        for x, t in run.batches(optimizer=optimizer):
            loss = run.loss(run.model(x), t)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            run.note(loss)

    train(start(tmp_path / "short", replace(OPTIONS, epochs=2), train=without))
    train(start(tmp_path / "short", replace(OPTIONS, epochs=4), resume=True, train=without))
    train(start(tmp_path / "long", train=without))
    assert rows(tmp_path / "short") == rows(tmp_path / "long")


def test_what_is_saved_must_be_what_is_trained(tmp_path):
    train(start(tmp_path))
    with pytest.raises(CheckpointError, match="holds optimizer, schedule, and this run has adam"):
        train(start(tmp_path, resume=True, train=lambda run: list(run.batches(adam=parts(run)["optimizer"]))))
    other = {"mlp": Recipe(lambda: nn.Linear(3, 1), F.mse_loss, OPTIONS)}
    with pytest.raises(CheckpointError, match="another model"):
        train(start(tmp_path, resume=True, recipes=other))


def test_steps_may_end_within_an_epoch(tmp_path):
    train(start(tmp_path, replace(OPTIONS, steps=7)))
    *history, _ = rows(tmp_path)
    assert [(row["epoch"], row["step"]) for row in history] == [(1, 5), (2, 7)]


def test_patience_ends_a_run_that_gets_no_better(whole, tmp_path):
    losses = iter([3.0, 1.0, 2.0, 1.5, 0.5, 9.0])
    judged = {"measure": lambda *_: {"loss": next(losses)}, "report": lambda run: {}}
    run = start(tmp_path, replace(OPTIONS, epochs=6, patience=2), **judged)
    train(run)
    assert [row["validation_loss"] for row in run.history] == [3, 1, 2, 1.5]
    assert rows(tmp_path)[-1] == {"best_epoch": 2}
    assert [len(load_checkpoint(tmp_path / name)["history"]) for name in (BEST, LAST)] == [2, 4]


def test_the_model_is_judged_without_gradients_and_dropout(tmp_path):
    states = []

    def watched(model, part, loss):
        states.append((model.training, torch.is_grad_enabled()))
        return measure(model, part, loss)

    run = start(tmp_path, measure=watched)
    train(run)
    assert states == [(False, False)] * (OPTIONS.epochs + 1)


def test_the_held_out_part_is_opened_after_training_and_once(tmp_path):
    opened = []

    def watched(options):
        split = data(options)
        return Split(split.train, split.validation, lambda: opened.append(run.place.step) or split.test())

    run = start(tmp_path, data=watched)
    train(run)
    assert opened == [STEPS]


def test_a_loss_that_is_no_number_ends_the_run_and_the_last_checkpoint_stays(tmp_path):
    def spoiled(run):
        loop(run, 12, lambda: run.model[0].weight.data.fill_(np.nan))

    with pytest.raises(TrainingError, match=r"loss is nan in step 14; try a smaller --lr than 0\.02"):
        train(start(tmp_path, train=spoiled))
    place = load_checkpoint(tmp_path / LAST)["place"]
    assert (place["step"], len(load_checkpoint(tmp_path / LAST)["history"])) == (10, 2)


def test_a_loop_must_note_its_losses(tmp_path):
    with pytest.raises(TrainingError, match="did not call"):
        train(start(tmp_path, train=lambda run: list(run.batches())))


def test_a_limit_holds_for_every_part(tmp_path):
    run = start(tmp_path, replace(OPTIONS, limit=8))
    assert (len(run.data.train), len(run.data.validation), len(run.data.test())) == (8, 8, 8)


@pytest.mark.parametrize(("pace", "said"), [(1.0, "about 85 s: 85 steps of 1 s"), (0.05, "")])
def test_how_long_it_will_take_is_said_once_where_that_is_worth_knowing(monkeypatch, pace, said):
    """The first step (here of 20 paces) is left out; a run that is nearly over says nothing."""
    clock = iter([0.0, *(20 * pace + pace * i for i in range(200))])
    monkeypatch.setattr("byhand.examples.display.time.monotonic", lambda: next(clock))
    console = Console(file=io.StringIO(), width=120)
    display = Display(console, epochs=10, steps=100, done=11, history=[], live=False)
    for _ in range(89):
        display.stepped(0.5, 8)
    output = console.file.getvalue()
    assert said in output
    assert output.count("This will take") == bool(said)


def test_durations():
    assert [duration(s) for s in (7.4, 89, 100, 3600, 3 * 3600)] == ["7 s", "89 s", "2 min", "60 min", "3.0 h"]


def test_curves_in_the_terminal_show_both_losses():
    history = [{"epoch": i, "loss": 1 / i, "validation_loss": 0.2 + 1 / i} for i in range(1, 9)]
    drawn = curves(history, width=20, height=5).plain
    assert "training" in drawn
    assert "1.2000" in drawn
    assert "0.1250" in drawn
    assert sum(0x2800 < ord(one) <= 0x28FF for one in drawn) >= 30
    assert curves([history[0]] * 2).plain  # a flat line
