"""GPT-2's byte-pair encoder: any text as whole numbers below 50,257, and back.

    "Hi, world"  →  Hi | , | ␣world       cut into words, a blank before each
                 →  H i  ,  Ġ w o r l d   their bytes in UTF-8, each written as a visible character
                 →  Hi  ,  Ġworld         neighbours merged, again and again, the pair that was learnt first before all others
                 →  17250 11 995          the number of each piece

Every byte has a number, so nothing is unknown. Sennrich et al., 2016, arXiv:1508.07909; Radford et al., 2019.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from heapq import heapify, heappop, heappush
from itertools import chain, pairwise
from unicodedata import category

from byhand.examples.datasets.gpt2_vocabulary import Vocabulary

__all__ = ["BytePairs", "END", "merged", "words"]

END = "<|endoftext|>"
BYTES, KNOWN_WORDS = 256, 1 << 16

# The bytes that have no visible character of their own in Latin-1 are written as the characters from 256 on.
HIDDEN = [*range(33), *range(127, 161), 173]
VISIBLE = {byte: BYTES + n for n, byte in enumerate(HIDDEN)}
FROM_VISIBLE = {character: byte for byte, character in VISIBLE.items()}


class BytePairs:
    r"""The encoder of a vocabulary: 256 bytes, as many more tokens as there are merges, and at last "<|endoftext|>".

    With a `size` less than 50,257 only the earliest merges are made: the same numbers, for small models, but longer texts.
    Raises ValueError for a size below 257 (which has no merges) or above the vocabulary's.
    """

    def __init__(self, vocabulary: Vocabulary, size: int | None = None) -> None:
        whole = len(vocabulary.numbers)
        self.size = whole if size is None else size
        if not BYTES < self.size <= whole:
            raise ValueError(f"a vocabulary of GPT-2's has {BYTES + 1} to {whole:,} tokens, not {self.size:,}")
        self.begin = self.end = self.size - 1
        self._numbers = {piece: number for piece, number in vocabulary.numbers.items() if number < self.end}
        self._pieces = {number: piece for piece, number in self._numbers.items()} | {self.end: END}
        self._ranks = {pair: rank for rank, pair in enumerate(vocabulary.merges[: self.size - BYTES - 1])}
        self._word = lru_cache(KNOWN_WORDS)(self._encoded)

    def encode(self, text: str, special: bool = False) -> list[int]:
        """The numbers of a text. "<|endoftext|>" is text as any other, unless `special`: then it is the token.

        Raises UnicodeEncodeError for halves of surrogate pairs, which are no text.
        """
        if special:
            first, *rest = (self.encode(part) for part in text.split(END))
            return [*first, *chain.from_iterable([self.end, *part] for part in rest)]
        return list(chain.from_iterable(map(self._word, words(text))))

    def decode(self, numbers: Iterable[int]) -> str:
        """The text of some numbers; bytes that are no UTF-8, as when a character is cut in two, become "�".

        Raises ValueError for a number that has no token.
        """
        try:
            text = "".join([self._pieces[number] for number in numbers])
        except KeyError as error:
            raise ValueError(f"there is no token {error}; this vocabulary has 0 to {self.end:,}") from None
        return text.translate(FROM_VISIBLE).encode("latin-1").decode("utf-8", errors="replace")

    def _encoded(self, word: str) -> tuple[int, ...]:
        characters = word.encode().decode("latin-1").translate(VISIBLE)
        return tuple([self._numbers[piece] for piece in merged(characters, self._ranks)])


def merged(pieces: Iterable[str], ranks: Mapping[tuple[str, str], int]) -> list[str]:
    """Merge neighbours as long as any pair has a rank: of all pairs that of the lowest rank, of its places the leftmost.

    A heap gives the next pair. The row is a linked list, in which a piece that was merged into its left neighbour is "".
    What the heap says of pieces that have changed since no longer has that rank, and is passed over. n pieces take
    O(n log n), so that a "word" of a million letters is no trap.
    """
    row = list(pieces)
    before, after = list(range(-1, len(row) - 1)), list(range(1, len(row) + 1))
    heap = [(ranks[pair], i) for i, pair in enumerate(pairwise(row)) if pair in ranks]
    heapify(heap)

    def rank_at(i: int) -> int | None:
        return ranks.get((row[i], row[after[i]])) if i >= 0 and after[i] < len(row) else None

    while heap:
        rank, i = heappop(heap)
        if rank_at(i) != rank:
            continue
        gone = after[i]
        row[i], row[gone] = row[i] + row[gone], ""
        after[i] = after[gone]
        if after[i] < len(row):
            before[after[i]] = i
        for place in (before[i], i):
            found = rank_at(place)
            if found is not None:
                heappush(heap, (found, place))
    return [piece for piece in row if piece]


def words(text: str) -> list[str]:
    r"""Cut a text into what is encoded piece by piece; together the words are the text.

    GPT-2's pattern is '(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+, in the language of the
    package `regex`. Python's `re` knows no \p{…}; so each character beyond ASCII is replaced by one of its kind within, and
    the words are cut where the pattern cuts those.
    """
    return [text[found.start() : found.end()] for found in WORDS.finditer(text.translate(STAND_INS))]


class _StandIns(dict[int, str]):
    """A letter, number, blank or mark of ASCII for each character of that kind."""

    def __missing__(self, code: int) -> str:
        character, kind = chr(code), category(chr(code))[0]
        beyond = "A" if kind == "L" else "0" if kind == "N" else "\t" if character.isspace() else "!"
        self[code] = character if character.isascii() else beyond
        return self[code]


STAND_INS = _StandIns()
WORDS = re.compile(r"'(?:[sdmt]|ll|ve|re)| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+", re.ASCII)
