"""GPT-2's encoder: its numbers are tiktoken's (golden.json), its words those of the pattern, and every text comes back."""

import hashlib
import json
import os
import sys
import time
import unicodedata
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from byhand.examples.byte_pairs import STAND_INS, BytePairs, merged, words
from byhand.examples.datasets import gpt2_vocabulary, shakespeare
from byhand.examples.datasets.gpt2_vocabulary import Vocabulary
from hypothesis import given, strategies as st

DATA = Path(os.environ.get("BYHAND_DATA", "nowhere"))
real = pytest.mark.skipif(not DATA.is_dir(), reason="BYHAND_DATA names no folder with the real files")
GOLDEN = json.loads((DATA / "gpt2-bpe" / "golden.json").read_text("utf-8")) if DATA.is_dir() else {"cases": []}
BLANKS = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))  # White_Space
PIECES = st.sampled_from([*" \n\t'\x1c\x85\xa0aZstS09_!-²½Ⅻ一éж\u0301😀\u200d\0", "'ll", "'ve", "'re", "'LL", "  ", "\r\n"])
TEXTS = st.lists(PIECES | st.characters(codec="utf-8"), max_size=20).map("".join)


@pytest.fixture(scope="module")
def vocabulary():
    return gpt2_vocabulary.load(DATA)


@pytest.fixture(scope="module")
def pairs(vocabulary):
    return BytePairs(vocabulary)


@real
@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: ascii(case["text"][:20]))
def test_the_numbers_are_those_of_gpt2(pairs, case):
    assert pairs.encode(case["text"]) == case["ids"]
    assert pairs.decode(case["ids"]) == case["text"]


@real
def test_all_of_tiny_shakespeare(pairs):
    text, golden = shakespeare.load(DATA), GOLDEN["tinyshakespeare"]
    numbers = pairs.encode(text)
    assert (len(numbers), numbers[:32], numbers[-16:]) == (golden["n_tokens"], golden["first_32"], golden["last_16"])
    assert hashlib.sha256(np.array(numbers, "<u2").tobytes()).hexdigest() == golden["sha256_of_little_endian_uint16_ids"]
    assert pairs.decode(numbers) == text


@real
def test_the_end_of_a_text_is_a_token_if_asked_for(pairs):
    assert pairs.encode("a<|endoftext|>a<|endoftext|>", special=True) == [64, 50256, 64, 50256]
    assert pairs.encode("<|endoftext|>", special=True) == [50256]
    assert pairs.encode("a", special=True) == [64]
    assert pairs.decode([64, 50256]) == "a<|endoftext|>"


@real
@pytest.mark.parametrize("size", [257, 1000, 50257])
def test_a_smaller_vocabulary_has_the_earliest_tokens(pairs, vocabulary, size):
    few = BytePairs(vocabulary, size)
    numbers = few.encode("Hello, the wörld<|endoftext|>", special=True)
    assert few.decode(numbers) == "Hello, the wörld<|endoftext|>"
    assert (few.size, few.end, numbers[-1], max(numbers)) == (size, size - 1, size - 1, size - 1)
    assert pairs.decode(numbers[:-1]) == "Hello, the wörld"
    assert (len(numbers) < 18) == (size > 257)
    with pytest.raises(ValueError, match=f"there is no token {size}"):
        few.decode([size])


@real
def test_what_cannot_be_encoded_is_refused(pairs, vocabulary):
    for size in (0, 256, 50258):
        with pytest.raises(ValueError, match="has 257 to 50,257 tokens"):
            BytePairs(vocabulary, size)
    with pytest.raises(UnicodeEncodeError):
        pairs.encode("\ud800")
    assert pairs.decode([pairs.encode("😀")[0]]).endswith("�")


@real
@given(TEXTS)
def test_every_text_comes_back(pairs, text):
    numbers = pairs.encode(text)
    assert pairs.decode(numbers) == text
    assert all(0 <= number < pairs.end for number in numbers)


# ---- words ----


@given(TEXTS)
def test_words_are_cut_where_the_pattern_says(text):
    assert words(text) == list(cut(text))


def test_every_character_is_of_its_kind():
    every = "".join([chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000])
    kinds = {"A": "letter", "0": "number", "\t": "blank", "!": "mark"}
    stand_ins = every.translate(type(STAND_INS)())
    assert stand_ins[:128] == every[:128]
    assert [kinds[c] for c in stand_ins[128:]] == [kind(c) for c in every[128:]]


def cut(text):
    """'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+, read character by character."""
    kinds = [kind(c) for c in text] + [None]
    i = 0
    while i < len(text):
        start = i
        contraction = next((c for c in ("'s", "'d", "'m", "'t", "'ll", "'ve", "'re") if text.startswith(c, i)), None)
        if contraction:
            i += len(contraction)
        else:
            i += text[i] == " " and kinds[i + 1] not in ("blank", None)
            first = kinds[i]
            while kinds[i] == first:
                i += 1
            if first == "blank" and i < len(text) and i - start > 1:
                i -= 1  # the last one is left to the word that follows
        yield text[start:i]


def kind(character):
    if character in BLANKS:
        return "blank"
    return {"L": "letter", "N": "number"}.get(unicodedata.category(character)[0], "mark")


# ---- merging ----


def merged_simply(pieces, ranks):
    """As it is usually written: all places of the best pair, from left to right, again and again."""
    while found := [pair for pair in pairwise(pieces) if pair in ranks]:
        best, row, i = min(found, key=ranks.get), [], 0
        while i < len(pieces):
            joined = tuple(pieces[i : i + 2]) == best
            row.append("".join(best) if joined else pieces[i])
            i += 1 + joined
        pieces = row
    return pieces


@given(st.text("abc", max_size=40), st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=25))
def test_merging_is_what_it_is_usually_written_as(text, choices):
    vocabulary, merges = list("abc"), []
    for pair in [(vocabulary[i % len(vocabulary)], vocabulary[j % len(vocabulary)]) for i, j in choices]:
        if "".join(pair) not in vocabulary:  # as it is learnt: each merge makes a new token
            merges.append(pair)
            vocabulary.append("".join(pair))
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    assert merged(text, ranks) == merged_simply(list(text), ranks)


def test_long_words_take_no_square_of_their_length():
    ranks = {("a", "b"): 0, ("ab", "ab"): 1, ("b", "a"): 2}
    pairs = BytePairs(Vocabulary({**{chr(i): i for i in range(256)}, "ab": 256, "abab": 257, "ba": 258, "end": 259}, list(ranks)))
    start = time.perf_counter()
    assert pairs.encode("ab" * 30_000 + "b") == [257] * 15_000 + [98]
    assert time.perf_counter() - start < 5
