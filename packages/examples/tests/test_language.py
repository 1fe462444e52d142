"""What the examples on text share: vocabularies, windows, sampling, and what is read from the command line."""

from itertools import islice

import byhand.tensor as torch
import click
import numpy as np
import pytest
from byhand.examples.characters import Characters
from byhand.examples.inputs import read_words
from byhand.examples.sampling import choose, generate, looking_back
from byhand.examples.windows import Windows

# ---- characters ----


def test_characters_come_back():
    characters = Characters.of("hello, world")
    assert characters.alphabet == " ,dehlorw"
    assert len(characters) == 9
    numbers = characters.encode("world, hello")
    assert numbers.dtype == np.int64
    assert characters.decode(numbers) == "world, hello"
    assert Characters(".ab").encode("b.").tolist() == [2, 0]
    assert characters.encode("").tolist() == []


def test_foreign_characters_are_named():
    with pytest.raises(click.ClickException, match=r"knows no 'é', '😀'; it has seen only these characters: 'abc'"):
        Characters("abc").encode("a😀béc")
    with pytest.raises(ValueError, match="'aba'"):
        Characters("aba")


# ---- windows ----


@pytest.mark.parametrize(("n", "size"), [(103, 10), (101, 10), (11, 10), (12, 10), (25, 10)])
def test_windows_cover_the_text_wherever_they_begin(n, size):
    torch.manual_seed(0)
    windows = Windows(np.arange(n), size)
    begins = set()
    for _ in range(60):
        plan = windows.plan(4)
        assert len(plan) == windows.steps(4)
        assert min(map(len, plan)) >= 1
        inputs, targets = windows[np.concatenate(plan)]
        np.testing.assert_array_equal(targets.numpy(), inputs.numpy() + 1)
        seen = np.sort(inputs.numpy().ravel())
        np.testing.assert_array_equal(seen, np.arange(seen[0], seen[0] + len(seen)))
        assert seen[0] < size
        assert n - 1 - seen[-1] <= size
        begins.add(int(seen[0]))
    assert len(begins) == min(size, n - size)


def test_windows_are_shuffled_anew_and_repeat_with_the_seed():
    windows = Windows(np.arange(500), 5)
    torch.manual_seed(3)
    first, second = (np.concatenate(windows.plan(8)) for _ in range(2))
    torch.manual_seed(3)
    np.testing.assert_array_equal(np.concatenate(windows.plan(8)), first)
    assert not np.array_equal(first, second)
    assert not np.array_equal(np.sort(first), first)


def test_windows_in_order_and_limited():
    windows = Windows(np.arange(38), 5)
    batches = list(windows.in_order(3))
    assert [len(batch.inputs) for batch in batches] == [3, 3, 1]
    np.testing.assert_array_equal(np.concatenate([batch.inputs.numpy() for batch in batches]).ravel(), np.arange(35))
    assert (len(windows), len(windows.limited(2)), len(windows.limited(99))) == (7, 2, 7)
    np.testing.assert_array_equal(windows.limited(2).tokens, np.arange(11))
    with pytest.raises(ValueError, match="longer than a window of 5 tokens; this one has 5"):
        Windows(np.arange(5), 5)


# ---- sampling ----

LOGITS = torch.tensor(np.log([[0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 0.15, 0.05]]))
MANY = LOGITS[:1].expand(20000, 4)


def shares(**how):
    return np.bincount(choose(MANY, **how).numpy(), minlength=4) / len(MANY)


def test_classes_are_drawn_as_often_as_they_are_probable():
    torch.manual_seed(0)
    np.testing.assert_allclose(shares(), [0.1, 0.2, 0.3, 0.4], atol=0.015)
    np.testing.assert_allclose(shares(temperature=0.5), np.array([1, 4, 9, 16]) / 30, atol=0.015)
    np.testing.assert_allclose(shares(top_k=2), [0, 0, 3 / 7, 4 / 7], atol=0.015)
    np.testing.assert_allclose(shares(temperature=2, top_k=3), np.sqrt([0, 2, 3, 4]) / np.sqrt([2, 3, 4]).sum(), atol=0.015)


def test_without_temperature_the_choice_is_greedy():
    for temperature in (0, 1e-3, 1e-30, 1e-320):
        for dtype in (torch.float32, torch.float64):
            assert choose(1e4 * LOGITS.to(dtype), temperature).tolist() == [3, 0]
    assert choose(LOGITS, 5.0, top_k=1).tolist() == [3, 0]


def test_top_k_never_leaves_the_k():
    torch.manual_seed(0)
    logits = torch.randn(50, 30)
    for k in (1, 2, 5, 29):
        least = np.sort(logits.numpy(), axis=1)[:, -k]
        for _ in range(20):
            drawn = choose(logits, 10.0, k)
            assert (logits.numpy()[np.arange(50), drawn.numpy()] >= least).all()
    tied = torch.zeros(200, 6)  # of equals, too, no more than k
    assert len(set(choose(tied, 1.0, 2).tolist())) == 2
    torch.manual_seed(1)
    everything = choose(logits, 1.0, 30).tolist()
    torch.manual_seed(1)
    assert choose(logits, 1.0, 99).tolist() == everything


@pytest.mark.parametrize("how", [{"temperature": -0.1}, {"temperature": float("nan")}, {"top_k": -1}])
def test_what_cannot_be_drawn_by_is_refused(how):
    with pytest.raises(ValueError, match="must be at least 0"):
        choose(LOGITS, **how)


def counting(tokens):
    """Logits of a model that only counts: after n comes n + 1, and now and then n + 2 (of 10)."""
    table = np.full((10, 10), -50.0)
    for n in range(10):
        table[n, [(n + 1) % 10, (n + 2) % 10]] = 1, 0
    return torch.tensor(table)[tokens]


def written(length, **how):
    step = looking_back(counting, 4)
    return np.stack([one.numpy() for one in islice(generate(step, torch.tensor([[3, 4], [8, 9]]), **how), length)], 1)


def test_text_goes_on_after_the_prompt():
    np.testing.assert_array_equal(written(3, temperature=0), [[5, 6, 7], [0, 1, 2]])
    torch.manual_seed(2)
    first = written(60)
    jumps = np.diff(first, axis=1) % 10
    assert set(jumps.ravel()) == {1, 2}
    assert not np.array_equal(first, written(60))
    torch.manual_seed(2)
    np.testing.assert_array_equal(written(60), first)


def test_no_more_than_the_last_tokens_are_looked_at():
    seen = []

    def model(tokens):
        seen.append(tokens.tolist())
        assert not torch.is_grad_enabled()
        return counting(tokens)

    list(islice(generate(looking_back(model, 3), torch.tensor([[0, 1]]), temperature=0), 4))
    assert seen == [[[0, 1]], [[0, 1, 2]], [[1, 2, 3]], [[2, 3, 4]]]
    assert torch.is_grad_enabled()


# ---- what is given on the command line ----


def test_words_are_read_from_a_file_or_taken_as_they_are(tmp_path):
    path = tmp_path / "prompt.txt"
    path.write_text("ROMEO:\n\n", encoding="utf-8")
    assert read_words(str(path)) == "ROMEO:\n"
    for given in ("ROMEO:", "", "no-such-file.txt", "x" * 5000, "a\0b", str(tmp_path)):
        assert read_words(given) == given
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(click.ClickException, match=r"prompt\.txt: not a text in UTF-8"):
        read_words(str(path))
