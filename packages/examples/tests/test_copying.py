"""A memory: heads that look where they should, and sequences that are repeated after a pause."""

import io
from itertools import islice

import byhand.tensor as torch
import click
import numpy as np
import pytest
from byhand.examples import copying, training
from byhand.examples.checkpoints import load_checkpoint
from byhand.examples.copying import Sequences, TaskOptions, question
from byhand.examples.ntm import NTM, Addressing, addressed, shifted, written
from byhand.examples.training import BEST, LAST, METRICS, Run
from rich.console import Console

RNG = np.random.default_rng(0)
N, HEADS, ROWS, WIDTH = 3, 2, 7, 5


def softmax(x):
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def to(**given):
    """What the controller says; where nothing is given: look by content alone, do not move, do not sharpen."""
    shape = (N, HEADS)
    said = {
        "key": np.ones((*shape, WIDTH)), "strength": np.ones((*shape, 1)), "gate": np.ones((*shape, 1)),
        "shift": np.tile([0.0, 1, 0], (*shape, 1)), "sharpening": np.ones((*shape, 1)),
    }  # fmt: skip
    return Addressing(**{name: torch.tensor(value) for name, value in (said | given).items()})


def test_a_head_looks_where_the_formulas_say():
    """Number by number, as they stand in the paper."""
    memory, before = RNG.standard_normal((N, ROWS, WIDTH)), RNG.dirichlet(np.ones(ROWS), (N, HEADS))
    key, strength = RNG.standard_normal((N, HEADS, WIDTH)), RNG.uniform(0.5, 5, (N, HEADS, 1))
    gate, shift = RNG.random((N, HEADS, 1)), RNG.dirichlet(np.ones(3), (N, HEADS))
    sharpening = RNG.uniform(1, 4, (N, HEADS, 1))
    found = addressed(torch.tensor(memory), torch.tensor(before), to(
        key=key, strength=strength, gate=gate, shift=shift, sharpening=sharpening
    )).numpy()  # fmt: skip
    for n in range(N):
        for h in range(HEADS):
            cosines = [key[n, h] @ row / np.linalg.norm(key[n, h]) / np.linalg.norm(row) for row in memory[n]]
            content = softmax(strength[n, h] * np.array(cosines))
            gated = gate[n, h] * content + (1 - gate[n, h]) * before[n, h]
            s = dict(zip((-1, 0, 1), shift[n, h]))
            moved = [sum(gated[j] * s.get((i - j + 1) % ROWS - 1, 0) for j in range(ROWS)) for i in range(ROWS)]
            powers = np.array(moved) ** sharpening[n, h]
            np.testing.assert_allclose(found[n, h], powers / powers.sum(), rtol=1e-9)


def test_a_head_finds_what_it_looks_for():
    memory = np.eye(ROWS)[:, :WIDTH] + 0.01
    found = addressed(
        torch.tensor(np.tile(memory, (N, 1, 1))), torch.zeros(N, HEADS, ROWS),
        to(key=np.tile(np.eye(WIDTH)[2], (N, HEADS, 1)), strength=np.full((N, HEADS, 1), 50.0)),
    )  # fmt: skip
    np.testing.assert_allclose(found.numpy()[:, :, 2], 1, atol=1e-6)


@pytest.mark.parametrize(("shift", "goes_to"), [([0, 0, 1], 0), ([1, 0, 0], 5), ([0, 1, 0], 6)])
def test_the_last_row_is_next_to_the_first(shift, goes_to):
    weights = np.zeros((1, 1, ROWS))
    weights[0, 0, 6] = 1
    moved = shifted(torch.tensor(weights), torch.tensor([[shift]], dtype=torch.float64)).numpy()
    np.testing.assert_array_equal(moved[0, 0], np.eye(ROWS)[goes_to])


def test_writing_is_erasing_and_adding():
    memory, weights = RNG.standard_normal((N, ROWS, WIDTH)), RNG.dirichlet(np.ones(ROWS), N)
    erase, add = RNG.random((N, WIDTH)), RNG.standard_normal((N, WIDTH))
    found = written(*map(torch.tensor, (memory, weights, erase, add))).numpy()
    expected = memory * (1 - np.einsum("nr,nw->nrw", weights, erase)) + np.einsum("nr,nw->nrw", weights, add)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_machine_is_made_of_these():
    torch.manual_seed(0)
    machine = NTM(9, 8, hidden=10, rows=ROWS, width=WIDTH)
    assert {name: tuple(p.shape) for name, p in machine.named_parameters() if "weight" in name} == {
        "controller.weight_ih": (40, 14), "controller.weight_hh": (40, 10), "where.weight": (22, 10),
        "what.weight": (10, 10), "output.weight": (8, 15),
    }  # fmt: skip
    seen = torch.rand(N, 6, 9)
    logits, looked = machine.traced(seen)
    assert (logits.shape, looked.shape) == ((N, 6, 8), (N, 6, 2, ROWS))
    np.testing.assert_allclose(looked.detach().numpy().sum(3), 1, rtol=1e-5)
    state = machine.start(N)
    for x, heads, said in zip(seen.unbind(1), looked.unbind(1), logits.unbind(1)):
        before, state = state, machine.step(x, state)
        np.testing.assert_allclose(state.weights.detach().numpy(), heads.detach().numpy())
        read = np.einsum("nr,nrw->nw", heads.detach().numpy()[:, 0], before.memory.detach().numpy())
        np.testing.assert_allclose(state.read.detach().numpy(), read, rtol=1e-4, atol=1e-7)
        spoken = machine.output(torch.cat([state.hidden, state.read], dim=1)).detach().numpy()
        np.testing.assert_allclose(spoken, said.detach().numpy(), rtol=1e-4, atol=1e-6)
    logits[:, -1].sum().backward()  # what is said last depends on all that was ever decided
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in machine.parameters())


# ---- the task ----


@pytest.mark.parametrize("delay", [0, 4])
def test_what_is_asked_for_is_what_was_seen(delay):
    bits = torch.tensor(RNG.integers(2, size=(2, 3, 8))).float()
    seen, asked = (x.numpy() for x in question(bits, delay))
    assert seen.shape == (2, 3 + delay + 1 + 3, 9)
    np.testing.assert_array_equal(seen[:, :3, :8], asked)
    assert (seen[:, 3 + delay] == np.eye(9)[8]).all()
    assert seen.sum() == asked.sum() + 2  # and nothing else


def test_sequences_are_new_each_time_and_the_same_in_order():
    torch.manual_seed(0)
    source = Sequences((2, 5), 3, 64, 7)
    plan = source.plan(4)
    assert len(plan) == source.steps(4) == 16
    assert {length for _, length, _ in plan} == {2, 5}
    assert {delay for _, _, delay in plan} == {0, 1, 2, 3}
    first, second = source[plan[0]], source[plan[0]]
    assert len(first.inputs) == 4
    assert not np.array_equal(first.targets.numpy(), second.targets.numpy())
    for one, other in zip(source.in_order(), source.in_order(), strict=True):
        np.testing.assert_array_equal(one.inputs.numpy(), other.inputs.numpy())
    assert [batch.targets.shape for batch in source.in_order()] == [(32, 2, 8), (32, 5, 8)]
    assert [batch.inputs.shape[1] for batch in source.in_order()] == [2 + 3 + 1 + 2, 5 + 3 + 1 + 5]
    assert len(source.limited(6)) == 6


def test_only_what_is_said_after_the_mark_counts():
    bits = torch.tensor(RNG.integers(2, size=(2, 3, 8))).float()
    logits = torch.cat([torch.randn(2, 4, 8), 20 * bits - 10], dim=1)
    assert copying.errors(logits, bits) == 0
    assert copying.loss(logits, bits).item() < 1e-3
    logits = torch.cat([logits[:, :-1], -logits[:, -1:]], dim=1)
    assert copying.errors(logits, bits) == pytest.approx(1 / 3)


def test_broken_off_in_an_epoch_a_run_goes_on_with_the_sequences_that_would_have_come(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "SAVE_EVERY", 0)
    options = TaskOptions(epochs=2, batch_size=8, limit=64, longest=3, delay=2)

    def start(folder, checkpoint=None):
        return Run(copying.EXAMPLE, "lstm", options, folder, Console(file=io.StringIO()), checkpoint=checkpoint)

    copying.train(start(tmp_path / "whole"))
    copying.train(broken_off(start(tmp_path / "broken"), 13))
    torch.manual_seed(99)
    copying.train(start(tmp_path / "broken", load_checkpoint(tmp_path / "broken" / LAST)))
    for name in (LAST, BEST, METRICS):
        assert (tmp_path / "broken" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def broken_off(run, steps):
    """The run, whose minibatches end as if it were killed before the step after so many."""
    batches = run.batches
    run.batches = lambda **stateful: islice(batches(**stateful), steps)
    return run


def test_a_text_is_repeated(tmp_path):
    run = Run(copying.EXAMPLE, "ntm", TaskOptions(delay=2), tmp_path, Console(file=io.StringIO()))
    text = "Löwe 🦁"

    def parrot(seen):
        length = len(text.encode())
        assert seen.shape == (1, length + 2 + 1 + length, 9)
        return torch.cat([torch.zeros(1, length + 3, 8), seen[:, :length, :8] - 0.5], dim=1)

    run.model = parrot
    assert run.example.predict(run, text) == f"{text}\n0.00% of the bits are wrong"
    with pytest.raises(click.ClickException, match="nothing to repeat"):
        run.example.predict(run, "")
