"""From characters to whole numbers and back."""

from collections.abc import Iterable

import click
import numpy as np
import numpy.typing as npt

__all__ = ["Characters"]


class Characters:
    """A vocabulary of characters; the place of each in `alphabet` is its number."""

    def __init__(self, alphabet: str) -> None:
        if len(set(alphabet)) != len(alphabet):
            raise ValueError(f"each character of an alphabet must be there once; given {alphabet!r}")
        self.alphabet = alphabet
        self._numbers = {character: number for number, character in enumerate(alphabet)}

    @classmethod
    def of(cls, text: str) -> "Characters":
        """All characters of a text, in the order of Unicode."""
        return cls("".join(sorted(set(text))))

    def __len__(self) -> int:
        return len(self.alphabet)

    def encode(self, text: str) -> npt.NDArray[np.int64]:
        """The number of each character. Raises a click error that names those which are not in the alphabet."""
        foreign = sorted(set(text) - self._numbers.keys())
        if foreign:
            shown = ", ".join(map(repr, foreign))
            raise click.ClickException(f"the model knows no {shown}; it has seen only these characters: {self.alphabet!r}")
        return np.array([self._numbers[character] for character in text], dtype=np.int64)

    def decode(self, numbers: Iterable[int]) -> str:
        """The text whose characters have these numbers."""
        return "".join(self.alphabet[number] for number in numbers)
