"""Residual networks for small pictures: He, Zhang, Ren & Sun, *Deep Residual Learning for Image Recognition* (2016), § 4.2."""

from byhand import nn
from byhand.nn import functional as F
from byhand.tensor import Tensor

__all__ = ["Block", "resnet"]


class Block(nn.Module):
    """y = relu(x + f(x)), f two convolutions: what is learnt is the change, and the gradient has a way past it.

    Where the block halves the picture (stride 2) or widens it, x is brought to the new shape by a 1 × 1 convolution.
    """

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(after)
        self.shortcut = nn.Sequential()
        if stride != 1 or before != after:
            self.shortcut = nn.Sequential(nn.Conv2d(before, after, 1, stride=stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x: Tensor) -> Tensor:
        """N × before × H × W → N × after × H/stride × W/stride."""
        f = F.relu(self.norm1(self.conv1(x)))
        f = self.norm2(self.conv2(f))
        return F.relu(self.shortcut(x) + f)


def resnet(colours: int, classes: int, blocks: int, width: int = 16) -> nn.Sequential:
    """6 · `blocks` + 2 layers: three stages of `width`, 2 `width` and 4 `width` channels, each on a picture half as large."""
    layers: list[nn.Module] = [
        nn.Conv2d(colours, width, 3, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
    ]
    before = width
    for stage in range(3):
        for block in range(blocks):
            after = width * 2**stage
            layers.append(Block(before, after, stride=2 if stage and not block else 1))
            before = after
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, classes))
