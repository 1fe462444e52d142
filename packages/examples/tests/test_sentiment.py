"""Sentences: words and their numbers, and models that see no more of a sentence for the company that it is in."""

import byhand.tensor as torch
import click
import numpy as np
import pytest
from byhand.examples import plots, sentiment
from byhand.examples.data import Part, Split, outputs
from byhand.examples.metrics import binary_accuracy
from byhand.examples.options import Options
from byhand.examples.sentiment import PAIRS, WORDS, pairs
from byhand.examples.training import Run
from byhand.examples.words import Words, frequent, words_of
from rich.console import Console

SENTENCES = np.array(["a good film", "a bad , bad film", "good", "", "unheard-of words only"] * 3, dtype=object)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It's a well-made film/play -- really!", ["it's", "a", "well-made", "film/play", "--", "really", "!"]),
        ("'so , so'", ["'", "so", ",", "so", "'"]),
        ("Ah… café 2½", ["ah", "…", "café", "2½"]),
        (" \n", []),
    ],
)
def test_words_and_marks(text, words):
    assert words_of(text) == words


def test_words_are_counted_and_numbered():
    assert frequent(["b a b", "c b a"]) == ["b", "a", "c"]
    assert frequent(["b a b", "c b a"], least=2) == ["b", "a"]
    words = Words(["b", "a"])
    np.testing.assert_array_equal(words.encode(["a B x", "", "b"]), [[3, 2, 1], [0, 0, 0], [2, 0, 0]])
    assert words.encode([""]).shape == (1, 1)
    assert words.encode(["a"]).dtype == np.int64


def test_a_pair_has_a_number_and_the_same_everywhere():
    tokens = np.array([[5, 9, 5, 9, 7, 0], [9, 7, 0, 0, 0, 0], [4, 0, 0, 0, 0, 0]])
    found = pairs(torch.tensor(tokens)).numpy()
    assert (found > 0).tolist() == [[True] * 4 + [False], [True] + [False] * 4, [False] * 5]
    assert found[0, 0] == found[0, 2]
    assert found[0, 3] == found[1, 0]
    assert len(set(found[0, :4])) == 3  # 9 5 is not 5 9
    everything = pairs(torch.tensor(np.random.default_rng(0).integers(1, WORDS, (4, 20000)))).numpy()
    assert everything.min() >= WORDS
    assert everything.max() < WORDS + PAIRS
    assert np.bincount(everything.ravel() - WORDS, minlength=PAIRS).max() < 12  # 1.2 in the mean


@pytest.fixture(params=sentiment.EXAMPLE.recipes)
def model(request):
    torch.manual_seed(0)
    return sentiment.EXAMPLE.recipes[request.param].model().eval()


def part(sentences):
    return Part(sentences, np.zeros(len(sentences), np.float32), Words(frequent(SENTENCES[:3])).encode)


def test_a_sentence_is_answered_the_same_whatever_else_is_asked(model):
    together = outputs(model, part(SENTENCES[:5])).numpy()
    alone = [outputs(model, part(SENTENCES[i : i + 1])).item() for i in range(5)]
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-6)
    assert len(set(np.round(together, 6))) == 5


def test_what_was_asked_is_answered_line_by_line(tmp_path):
    path = tmp_path / "sentences.txt"
    path.write_text("a good film\n\n  a bad film\n", encoding="utf-8")
    split = Split(part(SENTENCES), part(SENTENCES), lambda: part(SENTENCES))
    run = Run(sentiment.EXAMPLE, "bag", Options(), tmp_path, Console())
    run.__dict__["data"] = split
    with torch.no_grad():
        run.model.out.bias.fill_(3.0)
    for given, lines in ((str(path), ["a good film", "a bad film"]), ("good !", ["good !"])):
        answers, _, sentences = ([*column.cells] for column in run.example.predict(run, given).columns)
        assert sentences == lines
        assert answers == ["for"] * len(lines)
    with pytest.raises(click.ClickException, match="no sentence"):
        run.example.predict(run, " \n")


def test_words_weigh_what_they_change(tmp_path):
    run = Run(sentiment.EXAMPLE, "bag", Options(), tmp_path, Console())
    run.__dict__["data"] = Split(part(SENTENCES), part(SENTENCES), lambda: part(SENTENCES))
    weights = sentiment.weights(run, 4)
    assert set(weights) == {"a", "bad", "film", "good"}
    table, out = run.model.bag.weight.detach().numpy(), run.model.out.weight.detach().numpy()[0]
    for word, weight in weights.items():
        number = run.data.train.prepare([word])[0, 0]
        assert weight == pytest.approx(float(table[number] @ out), abs=1e-6)
    plots.save_bars(tmp_path / "words.png", "Title", weights, 2)
    assert (tmp_path / "words.png").stat().st_size > 1000


def test_mistakes_are_the_surest_wrong_answers():
    asked = Part(np.array(list("abcd"), dtype=object), np.array([0, 1, 1, 0], np.float32))
    logits = torch.tensor([0.5, -3.0, 2.0, 1.5])
    table = sentiment.mistakes(asked, logits)
    assert [*table.columns[2].cells] == ["b", "d", "a"]
    assert [*table.columns[0].cells] == ["against", "for", "for"]
    assert table.columns[1]._cells[0] == "95.3%"
    assert binary_accuracy(logits, torch.tensor(asked.targets)) == 0.25
