"""A small trained model of the kind that followed GPT-2, with what has changed since: it reads and writes children's books.

Norms without a mean (RMSNorm), places as rotations of queries and keys (RoPE) instead of a table, two heads of queries for each
of keys and values (GQA), a gate in the MLP (SwiGLU), and no biases. Its parameters, and their names, are those of glassllm 0.1.0;
its tokens are merged as GPT-2's are, but from characters.
"""

import json
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import repeat
from pathlib import Path
from typing import Any, cast

import byhand.tensor as torch
from byhand import nn
from byhand.examples.byte_pairs import merged
from byhand.examples.datasets import glassllm
from byhand.examples.datasets.errors import DataError
from byhand.examples.files import write_atomically
from byhand.examples.memory import Past, attend
from byhand.examples.writing import Writer
from byhand.nn import functional as F
from byhand.tensor import Tensor
from byhand.tensor.utils import safetensors

__all__ = ["Attention", "Block", "CharacterPairs", "Glass", "MLP", "Norm", "is_one", "load", "read", "rotated", "write"]

Sizes = dict[str, Any]


# ---- tokens ----


class CharacterPairs:
    """Pieces of words: four special tokens, the characters of an alphabet, and as many merged pairs as there are merges."""

    SPECIAL, UNKNOWN, SPACE = ("<pad>", "<unk>", "<bos>", "<eos>"), 1, "▁"
    CHUNKS = re.compile(r"\n|▁*[^▁\n]+|▁+")  # line breaks, words with the blanks before them, blanks before line breaks

    def __init__(self, alphabet: list[str], merges: list[tuple[str, str]]) -> None:
        self.alphabet, self.merges = alphabet, merges
        self._pieces = [*self.SPECIAL, *alphabet, *map("".join, merges)]
        self._numbers = {piece: number for number, piece in enumerate(self._pieces)}
        self._ranks = {pair: rank for rank, pair in enumerate(merges)}
        self.begin, self.end = self._numbers["\n"], self._numbers["<eos>"]

    def encode(self, text: str) -> list[int]:
        """The numbers of a text, after its accents have been joined to their letters (NFC); 1 for what is not in the alphabet."""
        chunks = self.CHUNKS.findall(unicodedata.normalize("NFC", text).replace(" ", self.SPACE))
        pieces = (piece for chunk in chunks for piece in merged(chunk, self._ranks))
        return [self._numbers.get(piece, self.UNKNOWN) for piece in pieces]

    def decode(self, numbers: Iterable[int]) -> str:
        """The text of some numbers; special tokens are no text, but what is unknown is seen: "⁇"."""
        pieces = ("⁇" if number == self.UNKNOWN else self._pieces[number] for number in numbers)
        return "".join(piece for piece in pieces if piece not in self.SPECIAL).replace(self.SPACE, " ")


# ---- the model ----


class Norm(nn.Module):
    """y = γ x / √(⟨x²⟩ + ε)."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.gamma, self.eps = nn.Parameter(torch.ones(width)), eps

    def forward(self, x: Tensor) -> Tensor:
        """… × width → … × width."""
        return F.rms_norm(x, self.gamma.shape, self.gamma, self.eps)


def rotated(x: Tensor, start: int, base: float) -> Tensor:
    """Turn each pair of neighbouring numbers (2i, 2i + 1) of the token at place m by the angle m base^(−2i/d).

    … × T × d → the same; the first token is at place `start`. The product of a question and a key then depends on how far they
    are apart, not on where they are (Su et al., 2021, arXiv:2104.09864).
    """
    t, d = x.shape[-2:]
    cos, sin = (one.to(x.dtype) for one in turns(start, start + t, d, base))
    even, odd = x[..., 0::2], x[..., 1::2]
    turned: Tensor = torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1).flatten(-2)
    return turned


@lru_cache(maxsize=4)
def turns(start: int, end: int, d: int, base: float) -> tuple[Tensor, Tensor]:
    """The cosines and sines of `rotated`, the same for all heads and layers: (end − start) × d/2."""
    angles = torch.arange(start, end, dtype=torch.float64)[:, None] * base ** (-torch.arange(0, d, 2, dtype=torch.float64) / d)
    return angles.cos(), angles.sin()


class Attention(nn.Module):
    """Questions of all heads, but keys and values of fewer, each of which serve several of them (Ainslie et al., 2023)."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        width, self.base = sizes["d_model"], sizes["rope_base"]
        self.size = width // sizes["n_heads"]
        self.W_Q = matrix(width, width)
        self.W_K, self.W_V = (matrix(width, sizes["n_kv_heads"] * self.size) for _ in range(2))
        self.W_O = matrix(width, width)

    def forward(self, x: Tensor, past: Past | None = None) -> Tensor:
        """N × T × width → N × T × width."""
        n, t, width = x.shape
        q, k, v = ((x @ w).view(n, t, -1, self.size).transpose(1, 2) for w in (self.W_Q, self.W_K, self.W_V))
        start = len(past) if past is not None else 0
        mixed = attend(rotated(q, start, self.base), rotated(k, start, self.base), v, past)
        out: Tensor = mixed.transpose(1, 2).reshape(n, t, width) @ self.W_O
        return out


class MLP(nn.Module):
    """(silu(x W₁) ⊙ x W₃) W₂: the first half says how much of the second passes (Shazeer, 2020, arXiv:2002.05202)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        inner = 8 * width // 3
        self.W1, self.W3, self.W2 = matrix(width, inner), matrix(width, inner), matrix(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        """… × width → … × width."""
        return (F.silu(x @ self.W1) * (x @ self.W3)) @ self.W2


class Block(nn.Module):
    """x + attention(norm(x)), then x + MLP(norm(x))."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.norm1, self.attn = Norm(sizes["d_model"], sizes["eps"]), Attention(sizes)
        self.norm2, self.ffn = Norm(sizes["d_model"], sizes["eps"]), MLP(sizes["d_model"])

    def forward(self, x: Tensor, past: Past | None = None) -> Tensor:
        """N × T × width → N × T × width."""
        x = x + self.attn(self.norm1(x), past)
        return cast(Tensor, x + self.ffn(self.norm2(x)))


class Glass(nn.Module):
    """What each token is → blocks → norm → logits of the next, with the table of tokens once more."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes, self.context, self.layers = sizes, sizes["max_len"], sizes["n_layers"]
        self.E = matrix(sizes["vocab_size"], sizes["d_model"])
        self.blocks = nn.ModuleList(Block(sizes) for _ in range(sizes["n_layers"]))
        self.norm_f = Norm(sizes["d_model"], sizes["eps"])

    def forward(self, tokens: Tensor) -> Tensor:
        """N × T whole numbers → N × T × vocabulary logits."""
        return self.logits(self.read(tokens))

    def read(self, tokens: Tensor, memory: list[Past] | None = None) -> Tensor:
        """N × T whole numbers, after those in memory → N × T × width."""
        x = self.E[tokens]
        for block, past in zip(self.blocks, memory or repeat(None)):
            x = block(x, past)
        return cast(Tensor, self.norm_f(x))

    def logits(self, read: Tensor) -> Tensor:
        """… × width → … × vocabulary."""
        return F.linear(read, self.E)


def matrix(inputs: int, outputs: int) -> nn.Parameter:
    """y = x W, with W inputs × outputs."""
    return nn.Parameter(0.02 * torch.randn(inputs, outputs))


# ---- files ----


def load(data: str = "") -> Writer:
    """The trained model and its tokens, from the package glassllm. Raises DataError."""
    found = glassllm.load(data)
    model = Glass(found.config)
    model.load_state_dict({name: torch.tensor(array) for name, array in found.parameters.items()})
    return Writer(model.eval(), CharacterPairs(found.alphabet, found.merges))


def write(path: Path, writer: Writer) -> None:
    """Write a model and its tokens into one .safetensors file: the parameters under their names, beside them the rest."""
    model, tokens = cast(Glass, writer.model), cast(CharacterPairs, writer.tokens)
    parts = {"config": model.sizes, "alphabet": tokens.alphabet, "merges": tokens.merges}
    description = {name: json.dumps(part, ensure_ascii=False) for name, part in parts.items()}
    parameters = {name: parameter.detach() for name, parameter in model.state_dict().items()}
    write_atomically(path, safetensors.save(parameters, description))


def is_one(path: Path) -> bool:
    """Is there a file that `write` wrote?"""
    try:
        return {"config", "alphabet", "merges"} <= safetensors.load_metadata(path).keys()
    except (OSError, safetensors.SafetensorError):
        return False


def read(path: Path) -> Writer:
    """Read what `write` wrote. Raises DataError, which names the file, if it is missing, damaged or foreign."""
    try:
        parameters, description = safetensors.load_file(path), safetensors.load_metadata(path)
        model = Glass(json.loads(description["config"]))
        model.load_state_dict(parameters)
        merges = [(first, second) for first, second in json.loads(description["merges"])]
        return Writer(model.eval(), CharacterPairs(json.loads(description["alphabet"]), merges))
    except FileNotFoundError:
        raise DataError(path, "there is no such file") from None
    except (ValueError, KeyError, TypeError, RuntimeError) as error:
        raise DataError(path, f"not a model of this kind, or damaged ({' '.join(str(error).split())})") from None
