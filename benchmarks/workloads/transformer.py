"""W6: a small language model of characters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .training import Training
from .weights import filled, generator

VOCABULARY, BLOCK, WIDTH, HEADS, LAYERS, BATCH = 65, 64, 128, 4, 4, 12


def char_gpt(torch: Any, nn: Any, F: Any, optim: Any) -> Callable[[], float]:
    """char-GPT: 4 layers, 4 heads, 128 wide, block 64, batch 12, GELU, AdamW, clipped gradients"""

    class Layer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.ln1, self.ln2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
            self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
            self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

        def forward(self, x: Any) -> Any:  # (B, T, C)
            q, k, v = self.qkv(self.ln1(x)).split(WIDTH, dim=2)
            q, k, v = (part.reshape(BATCH, BLOCK, HEADS, WIDTH // HEADS).transpose(1, 2) for part in (q, k, v))  # (B, h, T, C/h)
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(y.transpose(1, 2).reshape(BATCH, BLOCK, WIDTH))
            return x + self.down(F.gelu(self.up(self.ln2(x))))

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tokens, self.places = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(BLOCK, WIDTH)
            self.layers = nn.Sequential(*[Layer() for _ in range(LAYERS)])
            self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, VOCABULARY, bias=False)

        def forward(self, ids: Any) -> Any:
            return self.head(self.norm(self.layers(self.tokens(ids) + self.places(torch.arange(BLOCK)))))

    rng = generator()
    model = filled(torch, Model(), rng)
    optimiser = optim.AdamW(model.parameters(), lr=1e-3)
    ids = torch.tensor(rng.integers(0, VOCABULARY, (BATCH, BLOCK)))
    target = torch.tensor(rng.integers(0, VOCABULARY, BATCH * BLOCK))

    def loss() -> Any:
        return F.cross_entropy(model(ids).reshape(-1, VOCABULARY), target)

    return Training(loss, optimiser, [ids, target], lambda: nn.utils.clip_grad_norm_(model.parameters(), 1.0))
