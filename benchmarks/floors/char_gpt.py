"""W6 by hand: each part of a layer with its forward and its backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..workloads.transformer import BATCH, BLOCK, HEADS, LAYERS, VOCABULARY, WIDTH
from ..workloads.weights import drawn, generator
from .gelu import gelu_and_slope
from .linear import Linear, Pair
from .losses import CrossEntropy
from .optimisers import Adam

Array = np.ndarray[Any, Any]
ROWS, DEPTH = BATCH * BLOCK, WIDTH // HEADS
ONES = np.ones(ROWS, np.float32)
NAMES = ("ln1", "ln2", "qkv", "out", "up", "down")
SHAPES = {"qkv": (3 * WIDTH, WIDTH), "out": (WIDTH, WIDTH), "up": (4 * WIDTH, WIDTH), "down": (WIDTH, 4 * WIDTH)}


def char_gpt() -> Callable[[], float]:
    """Embeddings, layers, a norm, a head; gradients clipped, AdamW."""
    rng = generator()
    drawings = [drawn(rng, (VOCABULARY, WIDTH)), drawn(rng, (BLOCK, WIDTH))]
    for name in NAMES * LAYERS:
        drawings += [drawn(rng, SHAPES[name]), np.zeros(SHAPES[name][0], np.float32)] if name in SHAPES else _fresh_norm()
    drawings += [*_fresh_norm(), drawn(rng, (VOCABULARY, WIDTH))]
    ids, target = rng.integers(0, VOCABULARY, (BATCH, BLOCK)), rng.integers(0, VOCABULARY, ROWS)
    flat = Adam(drawings, decay=0.01)
    tokens, places, head = flat.parameters[0], flat.parameters[1], flat.parameters[-1]
    pairs = list(zip(flat.parameters, flat.gradients))
    layers = [Layer(dict(zip(NAMES, zip(pairs[i::2], pairs[i + 1 :: 2])))) for i in range(2, 2 + 12 * LAYERS, 12)]
    norm, loss = Norm(*pairs[-3:-1]), CrossEntropy(target, VOCABULARY)
    one_hot = np.zeros((VOCABULARY, ROWS), np.float32)
    one_hot[ids.reshape(-1), np.arange(ROWS)] = 1
    logits = np.empty((ROWS, VOCABULARY), np.float32)

    def step() -> float:
        x = tokens[ids]
        x += places
        x = x.reshape(ROWS, WIDTH)
        for layer in layers:
            layer.forward(x)
        last = norm.forward(x)
        np.matmul(last, head.T, out=logits)
        value = loss(logits)

        np.matmul(logits.T, last, out=flat.gradients[-1])
        g = norm.backward(logits @ head)
        for layer in reversed(layers):
            layer.backward(g)
        np.matmul(one_hot, g, out=flat.gradients[0])
        np.add.reduce(g.reshape(BATCH, BLOCK, WIDTH), axis=0, out=flat.gradients[1])
        flat.clip(1.0)
        flat.step()
        return value

    return step


def _fresh_norm() -> list[Array]:
    return [np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)]


class Layer:
    """x ← x + out(attention(qkv(ln1(x)))),   x ← x + down(gelu(up(ln2(x)))), in place; and ḡ likewise."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.ln1, self.ln2 = Norm(*given["ln1"]), Norm(*given["ln2"])
        self.qkv, self.out, self.up, self.down = (Linear(ROWS, *given[name]) for name in ("qkv", "out", "up", "down"))
        self.attention = Attention()
        self.hidden, self.slope = np.empty((ROWS, 4 * WIDTH), np.float32), np.empty((ROWS, 4 * WIDTH), np.float32)

    def forward(self, x: Array) -> None:
        """Add both parts to x."""
        x += self.out.forward(self.attention.forward(self.qkv.forward(self.ln1.forward(x))))
        up = self.up.forward(self.ln2.forward(x))
        gelu_and_slope(up.reshape(-1), self.hidden.reshape(-1), self.slope.reshape(-1))
        x += self.down.forward(self.hidden)

    def backward(self, g: Array) -> None:
        """Add to ḡ what comes through both parts, and leave the weights' gradients where Adam reads them."""
        of_hidden = self.down.backward(g)
        of_hidden *= self.slope
        g += self.ln2.backward(self.up.backward(of_hidden))
        g += self.ln1.backward(self.qkv.backward(self.attention.backward(self.out.backward(g))))


class Norm:
    """y = w x̂ + b, x̂ = (x − μ) r;   x̄ = r (w ȳ − mean(w ȳ) − x̂ mean(w ȳ x̂))"""

    def __init__(self, weight: Pair, bias: Pair) -> None:
        (self.w, self.of_w), (self.b, self.of_b) = weight, bias
        self.normal, self.y, self.scratch = (np.empty((ROWS, WIDTH), np.float32) for _ in range(3))
        self.share = np.full(WIDTH, 1 / WIDTH, np.float32)

    def forward(self, x: Array) -> Array:
        """y"""
        h = np.subtract(x, (x @ self.share)[:, None], out=self.normal)
        self.r = (1 / np.sqrt(np.vecdot(h, h) / WIDTH + 1e-5))[:, None]
        h *= self.r
        np.multiply(h, self.w, out=self.y)
        self.y += self.b
        return self.y

    def backward(self, g: Array) -> Array:
        """x̄, in place of ȳ."""
        h, s = self.normal, self.scratch
        np.matmul(ONES, g, out=self.of_b)
        np.matmul(ONES, np.multiply(g, h, out=s), out=self.of_w)
        along = s @ (self.w * self.share)
        total = g @ (self.w * self.share)
        g *= self.w
        g -= total[:, None]
        h *= along[:, None]
        g -= h
        g *= self.r
        return g


class Attention:
    """O = P V, P = softmax(c Q Kᵀ), each query seeing what came before;   Q̄ = c Y K, K̄ = c Yᵀ Q, Y = P ⊙ (Ō Vᵀ − Σ Ō O)"""

    def __init__(self) -> None:
        self.q, self.k, self.v, self.o, self.g = (np.empty((BATCH, HEADS, BLOCK, DEPTH), np.float32) for _ in range(5))
        self.p, self.y = (np.empty((BATCH, HEADS, BLOCK, BLOCK), np.float32) for _ in range(2))
        self.out, self.of_qkv = np.empty((ROWS, WIDTH), np.float32), np.empty((ROWS, 3 * WIDTH), np.float32)
        self.mask = np.triu(np.full((BLOCK, BLOCK), -np.inf, np.float32), 1)
        self.ones = np.ones(BLOCK, np.float32)

    @staticmethod
    def _by_head(x: Array) -> Array:
        return x.reshape(BATCH, BLOCK, HEADS, DEPTH).transpose(0, 2, 1, 3)

    def forward(self, qkv: Array) -> Array:
        """O, heads side by side."""
        for target, i in ((self.q, 0), (self.k, WIDTH), (self.v, 2 * WIDTH)):
            target[...] = self._by_head(qkv[:, i : i + WIDTH])
        self.q *= DEPTH**-0.5
        p = np.matmul(self.q, self.k.swapaxes(2, 3), out=self.p)
        p += self.mask
        p -= p.max(axis=3, keepdims=True)
        np.exp(p, out=p)
        p *= (1 / (p @ self.ones))[..., None]
        np.matmul(p, self.v, out=self.o)
        self._by_head(self.out)[...] = self.o
        return self.out

    def backward(self, g: Array) -> Array:
        """The gradients of Q, K and V side by side."""
        self.g[...] = self._by_head(g)
        y = np.matmul(self.g, self.v.swapaxes(2, 3), out=self.y)
        y -= np.vecdot(self.g, self.o)[..., None]
        y *= self.p
        of_q = np.matmul(y, self.k, out=self.o)
        of_q *= DEPTH**-0.5
        self._by_head(self.of_qkv[:, :WIDTH])[...] = of_q
        self._by_head(self.of_qkv[:, WIDTH : 2 * WIDTH])[...] = np.matmul(y.swapaxes(2, 3), self.q, out=self.o)
        self._by_head(self.of_qkv[:, 2 * WIDTH :])[...] = np.matmul(self.p.swapaxes(2, 3), self.g, out=self.o)
        return self.of_qkv
