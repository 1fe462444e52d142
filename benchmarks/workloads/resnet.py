"""W5: a residual network with batch normalisation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .training import Training
from .weights import filled, generator, numbers


def resnet8(torch: Any, nn: Any, F: Any, optim: Any) -> Callable[[], float]:
    """ResNet-8 (He et al., CIFAR) on 32×32×3, batch normalisation, batch 64, SGD with momentum"""

    class Block(nn.Module):
        def __init__(self, channels: int, out: int, stride: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(out)
            self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(out)
            same = stride == 1 and channels == out
            self.short = nn.Identity() if same else nn.Conv2d(channels, out, 1, stride, bias=False)

        def forward(self, x: Any) -> Any:
            y = F.relu(self.bn1(self.conv1(x)))
            return F.relu(self.bn2(self.conv2(y)) + self.short(x))

    rng = generator()
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10),
    )  # fmt: skip
    filled(torch, model, rng)
    optimiser = optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
    x, target = numbers(torch, rng, 64, 3, 32, 32), torch.tensor(rng.integers(0, 10, 64))
    return Training(lambda: F.cross_entropy(model(x), target), optimiser, [x, target])
