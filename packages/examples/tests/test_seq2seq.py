"""Reading one sequence and writing another: dates, searches, and models with attention."""

from datetime import date
from itertools import product

import byhand.tensor as torch
import click
import numpy as np
import pytest
from byhand.examples import seq2seq
from byhand.examples.beam import beam_search, greedy
from byhand.examples.cli import main
from byhand.examples.data import Part
from byhand.examples.datasets import dates
from byhand.examples.encoder_decoder import PADDING
from byhand.examples.seq2seq import END, SYMBOLS, TaskOptions, begun, encoded, texts, trimmed
from byhand.examples.training import Run
from click.testing import CliRunner
from rich.console import Console

# ---- dates ----


@pytest.mark.parametrize(
    ("form", "text"),
    [*zip(
        dates.FORMATS,
        ["5 March 1998", "5. March 1998", "March 5, 1998", "5 Mar 1998", "Mar 5, 1998", "5-Mar-98", "5th March 1998",
         "the 5th of March 1998", "March 5th, 1998", "March the 5th, 1998", "Thursday, 5 March 1998", "Thursday, March 5, 1998",
         "Thu 5 Mar 98", "Thursday the 5th of March, 1998", "3/5/1998", "3/5/98", "5.3.1998", "5.3.98", "1998/03/05"],
        strict=True,
    )],
)  # fmt: skip
def test_a_date_in_every_form(form, text):
    assert dates.written(date(1998, 3, 5), form) == text


def test_ordinals():
    said = [dates.written(date(2000, 1, day), "{nth}") for day in (1, 2, 3, 4, 10, 11, 12, 13, 21, 22, 23, 30, 31)]
    assert said == ["1st", "2nd", "3rd", "4th", "10th", "11th", "12th", "13th", "21st", "22nd", "23rd", "30th", "31st"]


def test_all_days_of_a_hundred_years_in_the_ways_of_people():
    read, iso = dates.load(0)
    assert (iso[0], iso[-1], len(set(iso))) == ("1930-01-01", "2029-12-31", 36525)
    assert read == dates.load(0)[0] != dates.load(1)[0]
    assert max(map(len, read)) < seq2seq.LONGEST
    assert set("".join(read)) <= set(seq2seq.CHARACTERS.alphabet)
    assert {text.isupper() for text in read if text[0].isalpha()} == {True, False}


@pytest.mark.parametrize("task", ["dates", "digits"])
def test_what_is_held_out_is_never_learnt_from(task):
    split = seq2seq.data(TaskOptions(task=task))
    parts = [texts(part.targets) for part in (split.train, split.validation, split.test())]
    assert len({answer for part in parts for answer in part}) == sum(map(len, parts)) > 25_000
    assert len(parts[1]) == len(parts[2]) == sum(map(len, parts)) // 10
    read = texts(split.train.inputs[:50])
    if task == "digits":
        assert [text[::-1] for text in read] == parts[0][:50]
        assert {len(text) for text in texts(split.train.inputs)} >= {*range(2, 21)}


def test_texts_come_back():
    symbols = encoded(["5.3.98", "", "May"])
    assert symbols.shape == (3, 7)
    assert texts(symbols) == ["5.3.98", "", "May"]
    assert symbols[2, 3:].tolist() == [END, PADDING, PADDING, PADDING]
    assert trimmed(symbols[1:]).shape == (2, 4)
    np.testing.assert_array_equal(begun(torch.tensor(symbols)).numpy()[2], [1, *symbols[2, :-1]])


# ---- searches, against all sequences there are ----

C, T = 4, 4


@pytest.fixture(params=range(4))
def table(request):
    """log p of each symbol (0 ends) after each beginning of up to 3, for two models."""
    rng = np.random.default_rng(request.param)
    return {prefix: np.log(rng.dirichlet(np.ones(C), 2)) for n in range(T) for prefix in product(range(C), repeat=n)}


def stepper(table):
    """Beginnings of the first model come before those of the second."""

    def step(written):
        rows = written.tolist()
        return torch.tensor(np.array([table[tuple(row[1:])][i * 2 // len(rows)] for i, row in enumerate(rows)]))

    return step


def everything(table, model):
    """All sequences that end or are as long as may be, and their log p."""
    found = {}
    for sequence in product(range(C), repeat=T):
        ended = sequence.index(0) + 1 if 0 in sequence else T
        found[sequence[:ended]] = sum(table[sequence[:t]][model][sequence[t]] for t in range(ended))
    return found


def whole(row):
    row = tuple(row)
    return row[: row.index(0) + 1] if 0 in row else row


def test_a_beam_that_is_wide_enough_finds_the_likeliest_of_all(table):
    written, scores = beam_search(stepper(table), 2, 9, 0, T, C**T)
    for model in range(2):
        every = everything(table, model)
        assert sum(np.exp(list(every.values()))) == pytest.approx(1)
        best = sorted(every.values(), reverse=True)
        np.testing.assert_allclose(scores.numpy()[model, : len(best)], best, rtol=1e-6)
        for row, score in zip(written.tolist()[model], best):
            assert every[whole(row)] == pytest.approx(score)
        assert np.isneginf(scores.numpy()[model, len(best) :]).all()  # places for which there was no other sequence


@pytest.mark.parametrize("width", [1, 2, 3, 7])
def test_a_narrow_beam_keeps_the_likeliest_beginnings(table, width):
    written, scores = beam_search(stepper(table), 2, 9, 0, T, width)
    for model in range(2):
        kept = {(): 0.0}
        for _ in range(T):
            longer = {}
            for beginning, score in kept.items():
                if beginning[-1:] == (0,):
                    longer[beginning] = score
                    continue
                for symbol in range(C):
                    longer[*beginning, symbol] = score + table[beginning][model][symbol]
            kept = dict(sorted(longer.items(), key=lambda item: -item[1])[:width])
        assert [whole(row) for row in written.tolist()[model]] == [*kept]
        np.testing.assert_allclose(scores.numpy()[model], [*kept.values()], rtol=1e-6)


def test_greedy_is_a_beam_of_one(table):
    chosen = greedy(stepper(table), 2, 9, 0, T).tolist()
    found, _ = beam_search(stepper(table), 2, 9, 0, T, 1)
    assert [whole(row) for row in chosen] == [whole(row[0]) for row in found.tolist()]


def test_searches_stop_when_all_have_ended():
    asked = []

    def step(written):
        asked.append(written.shape)
        return torch.tensor(np.log(np.tile([0.1, 0.2, 0.7] if written.shape[1] < 3 else [0.9, 0.04, 0.06], (len(written), 1))))

    assert greedy(step, 3, 1, 0, 50).tolist() == [[2, 2, 0]] * 3
    assert asked == [(3, 1), (3, 2), (3, 3)]


# ---- models ----


@pytest.fixture(params=["gru", "transformer"])
def model(request):
    torch.manual_seed(0)
    return seq2seq.EXAMPLE.recipes[request.param].model().eval()


READ = torch.tensor(encoded(["5 March 1998", "4.5.98", "the 21st of December, 2021"]))
WRITTEN = begun(torch.tensor(encoded(["1998-03-05", "1998-05-04", "2021-12-21"])))


def test_an_answer_does_not_depend_on_what_else_is_asked(model):
    together = model(READ, WRITTEN).detach().numpy()
    assert together.shape == (3, 11, SYMBOLS)
    for i in range(3):
        alone = model(torch.tensor(trimmed(READ.numpy()[i : i + 1])), WRITTEN[i : i + 1]).detach().numpy()
        np.testing.assert_allclose(alone[0], together[i], rtol=1e-3, atol=1e-5)


def test_nothing_is_known_of_what_comes_later(model):
    changed = WRITTEN.numpy().copy()
    changed[:, 6:] = 5
    before, after = (model(READ, torch.tensor(written)).detach().numpy() for written in (WRITTEN.numpy(), changed))
    np.testing.assert_allclose(after[:, :6], before[:, :6], rtol=1e-3, atol=1e-5)
    assert not np.allclose(after[:, 6:], before[:, 6:], atol=1e-3)


def test_where_it_looks(model):
    weights = model.looked(model.encode(READ), WRITTEN).detach().numpy()
    assert weights.shape == (3, 11, READ.shape[1])
    np.testing.assert_allclose(weights.sum(2), 1, rtol=1e-5)
    assert (weights.transpose(0, 2, 1)[READ.eq(PADDING).numpy()] == 0).all()


def test_what_is_asked_is_answered_line_by_line(model, tmp_path):
    name = "gru" if isinstance(model, seq2seq.GRU) else "transformer"
    run = Run(seq2seq.EXAMPLE, name, TaskOptions(beam=3), tmp_path, Console())
    run.model = model
    table = run.example.predict(run, "5 May 98\n6 May 98")
    assert table.columns[0]._cells == ["5 May 98", "6 May 98"]
    assert [text.count("\n") for text in table.columns[2]._cells] == [2, 2]
    for given in ("", "5" * 40):
        with pytest.raises(click.ClickException, match="1 to 39 characters"):
            run.example.predict(run, given)
    with pytest.raises(click.ClickException, match="knows no 'é'"):
        run.example.predict(run, "5 février")


def test_answers_are_right_only_as_a_whole(model):
    read, answers = (encoded(["4.5.98", "5.5.98"]), encoded(["", ""]))
    with torch.no_grad():
        model.out.weight.fill_(0)
        model.out.bias.copy_(torch.arange(SYMBOLS).eq(END) * 9.0)
        assert seq2seq.measure(model, Part(read, answers, trimmed), seq2seq.loss)["exact"] == 1
        wrong = Part(read, encoded(["", "1998"]), trimmed)
        assert seq2seq.measure(model, wrong, seq2seq.loss)["exact"] == 0.5


def test_a_task_must_be_one_that_there_is():
    refused = CliRunner().invoke(main, ["seq2seq", "--task", "words"])
    assert refused.exit_code == 2
    assert "'dates', 'digits'" in refused.output
