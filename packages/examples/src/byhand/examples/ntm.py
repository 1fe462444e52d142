"""A Neural Turing Machine: a network with a memory that it reads and writes (Graves, Wayne, Danihelka, arXiv:1410.5401).

The memory M has R rows of W numbers. A head looks at all rows at once, with a weight for each, which sum to 1: nothing but
products and sums, so that where to look can be learnt by gradients too. The numbers of the equations are the paper's.
"""

from typing import NamedTuple

import byhand.tensor as torch
from byhand import nn
from byhand.nn import functional as F
from byhand.tensor import Tensor

__all__ = ["Addressing", "NTM", "State", "addressed", "shifted", "written"]

SHIFTS = 3  # one row back, none, one row on


class Addressing(NamedTuple):
    """What the controller says to the heads (N × heads × …): where to look."""

    key: Tensor  # k, W numbers: what to look for
    strength: Tensor  # β > 0: how much the best match counts more than others
    gate: Tensor  # 0 < g < 1: by content, or from where the head was
    shift: Tensor  # s, 3 chances: one row back, none, one on
    sharpening: Tensor  # γ ≥ 1


class State(NamedTuple):
    """What is carried from step to step: memory (N × R × W), weights of both heads (N × 2 × R), what was read (N × W), and
    the two states of the controller (N × hidden)."""

    memory: Tensor
    weights: Tensor
    read: Tensor
    hidden: Tensor
    cell: Tensor


def addressed(memory: Tensor, before: Tensor, to: Addressing) -> Tensor:
    """The weights of the heads, N × heads × R, from those `before`.

    By content   wᶜ(i) = softmaxᵢ β · k·M(i) / (‖k‖ ‖M(i)‖)                         (5, 6)
    or by place  wᵍ(i) = g wᶜ(i) + (1 − g) w(i) of the step before                  (7)
    moved        w̃(i)  = Σⱼ wᵍ(j) s(i − j), the last row being next to the first    (8)
    sharpened    w(i)  = w̃(i)^γ / Σⱼ w̃(j)^γ                                         (9)
    """
    similarity = F.normalize(to.key, dim=-1) @ F.normalize(memory, dim=-1).mT
    content = (to.strength * similarity).softmax(dim=-1)
    gated = torch.lerp(before, content, to.gate)
    return F.normalize(shifted(gated, to.shift) ** to.sharpening, p=1, dim=-1)


def shifted(weights: Tensor, shift: Tensor) -> Tensor:
    """A circular convolution:   w̃(i) = s₋₁ w(i + 1) + s₀ w(i) + s₁ w(i − 1)"""
    back, none, on = shift.split(1, dim=-1)
    moved: Tensor = back * weights.roll(-1, -1) + none * weights + on * weights.roll(1, -1)
    return moved


def written(memory: Tensor, weights: Tensor, erase: Tensor, add: Tensor) -> Tensor:
    """Erase and add:   M(i) ∘ (1 − w(i) e) + w(i) a = M(i) + w(i) (a − e ∘ M(i))     (3, 4)"""
    return memory + weights[:, :, None] * (add[:, None] - erase[:, None] * memory)


class NTM(nn.Module):
    """A controller (LSTM) with a memory, a head that reads and a head that writes.

    Inputs N × T × `inputs` → logits N × T × `outputs`.
    """

    def __init__(self, inputs: int, outputs: int, hidden: int = 100, rows: int = 128, width: int = 20) -> None:
        super().__init__()
        self.rows, self.width = rows, width
        self.controller = nn.LSTMCell(inputs + width, hidden)
        self.where = nn.Linear(hidden, 2 * (width + 3 + SHIFTS))
        self.what = nn.Linear(hidden, 2 * width)
        self.output = nn.Linear(hidden + width, outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        """The logits."""
        return self.traced(inputs)[0]

    def traced(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """The logits, and where the heads looked: N × T × 2 × R, reading and writing."""
        state, said, looked = self.start(len(inputs)), [], []
        for x in inputs.unbind(1):
            state = self.step(x, state)
            said += [state.hidden, state.read]
            looked.append(state.weights)
        return self.output(torch.cat(said, dim=1).reshape(*inputs.shape[:2], -1)), torch.stack(looked, dim=1)

    def start(self, n: int) -> State:
        """An empty memory (but for a trace, so that each row has a direction); both heads at its first row."""
        weights = torch.zeros(n, 2, self.rows)
        weights[:, :, 0] = 1
        nothing, idle = torch.zeros(n, self.width), torch.zeros(n, self.controller.hidden_size)
        return State(torch.full((n, self.rows, self.width), 1e-6), weights, nothing, idle, idle)

    def step(self, x: Tensor, state: State) -> State:
        """One step of time: control; read what was written before,   r = Σᵢ w(i) M(i)   (2); write."""
        hidden, cell = self.controller(torch.cat([x, state.read], dim=1), (state.hidden, state.cell))
        weights = addressed(state.memory, state.weights, self.addressing(hidden))
        reading, writing = weights.unbind(1)
        read = (reading[:, None] @ state.memory).squeeze(1)
        erase, add = self.what(hidden).split(self.width, dim=1)
        return State(written(state.memory, writing, erase.sigmoid(), add.tanh()), weights, read, hidden, cell)

    def addressing(self, hidden: Tensor) -> Addressing:
        """What the controller says to both heads, each number brought into its range."""
        said = self.where(hidden).unflatten(1, (2, -1))
        key, strength, gate, shift, sharpening = said.split([self.width, 1, 1, SHIFTS, 1], dim=2)
        return Addressing(key, F.softplus(strength), gate.sigmoid(), shift.softmax(dim=2), 1 + F.softplus(sharpening))
