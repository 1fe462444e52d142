"""Functions of several Values."""

from collections.abc import Sequence

from byhand.scalar import ops
from byhand.scalar.value import Operand, Value, apply

__all__ = ["dot", "maximum", "minimum"]


def dot(weights: Sequence[Operand], inputs: Sequence[Operand], bias: Operand = 0.0) -> Value:
    """y = Σᵢ wᵢ xᵢ + b as a single node, where `sum(w * x for …)` would make two for each i.

    Its derivatives need no work: ∂y/∂wᵢ is xᵢ, ∂y/∂xᵢ is wᵢ. Raises RuntimeError if the lengths differ.
    """
    if len(weights) != len(inputs):
        raise RuntimeError(f"dot needs as many inputs as weights, got {len(weights)} weights and {len(inputs)} inputs")
    return apply(ops.dot, *weights, *inputs, bias)


def maximum(a: Operand, b: Operand) -> Value:
    """y = max(a, b); at a tie each receives half of the gradient, as in `torch.maximum`."""
    return apply(ops.maximum, a, b)


def minimum(a: Operand, b: Operand) -> Value:
    """y = min(a, b); at a tie each receives half of the gradient, as in `torch.minimum`."""
    return apply(ops.minimum, a, b)
