"""From words to whole numbers."""

import re
from collections import Counter
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

__all__ = ["PADDING", "UNKNOWN", "Words", "frequent", "words_of"]

PADDING, UNKNOWN = 0, 1
WORD = re.compile(r"\w+(?:[-'/]\w+)*|--|[^\w\s]")


def words_of(text: str) -> list[str]:
    """Words in small letters ("it's", "well-made" as one each) and marks, one by one."""
    return WORD.findall(text.lower())


def frequent(sentences: Iterable[str], least: int = 1) -> list[str]:
    """The words that are there at least so many times, the most frequent first."""
    counts = Counter(word for sentence in sentences for word in words_of(sentence))
    return [word for word, count in counts.most_common() if count >= least]


class Words:
    """A vocabulary: words numbered from 2, in their order. 0 stands for no word (padding), 1 for any other."""

    def __init__(self, words: Iterable[str]) -> None:
        self._numbers = {word: number for number, word in enumerate(words, UNKNOWN + 1)}

    def encode(self, sentences: Iterable[str]) -> npt.NDArray[np.int64]:
        """Numbers, N × as many as the longest sentence has words (at least 1), what is left of the others padding."""
        rows = [[self._numbers.get(word, UNKNOWN) for word in words_of(sentence)] for sentence in sentences]
        numbers = np.full((len(rows), max([1, *map(len, rows)])), PADDING)
        for row, found in zip(numbers, rows):
            row[: len(found)] = found
        return numbers
