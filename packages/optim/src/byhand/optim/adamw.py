"""AdamW: Adam whose weight decay leaves the moments alone."""

from __future__ import annotations

from typing import Any

from byhand.tensor import Tensor

from ._groups import Params
from .adam import Adam


class AdamW(Adam):
    """Adam with θ ← (1 − γλ)θ before its step, instead of λθ in the gradient.

    Loshchilov and Hutter, *Decoupled Weight Decay Regularization* (ICLR 2019), algorithm 2. Divided by √v̂, an L2 term
    would shrink least the weights whose gradients are large; here all shrink alike.

    Args:
        params: tensors, (name, tensor) pairs, or groups.
        lr: γ, a number or a tensor of one element.
        betas: (β₁, β₂), each in [0, 1); numbers, or tensors of one element.
        eps: ε.
        weight_decay: λ; 0.01 here, 0 in `Adam`.
        amsgrad: never let the denominator's v shrink.
        maximize: go up instead of down.
        foreach, fused: choose between PyTorch's implementations, which agree; here there is one.
        capturable, differentiable: must be False.

    Raises ValueError for options outside these ranges.
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize, capturable=capturable,
            differentiable=differentiable, fused=fused, decoupled_weight_decay=True,
        )  # fmt: skip

    def __setstate__(self, state: dict[str, Any]) -> None:
        """As in PyTorch, what was saved by Adam goes on with decoupled decay."""
        super().__setstate__(state)
        for group in self.param_groups:
            group["decoupled_weight_decay"] = True
