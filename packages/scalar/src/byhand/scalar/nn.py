"""Networks of neurons, in the manner of Andrej Karpathy's micrograd (https://github.com/karpathy/micrograd)."""

import random
from collections.abc import Sequence
from itertools import pairwise

from byhand.scalar.functions import dot
from byhand.scalar.value import Operand, Value

__all__ = ["Layer", "MLP", "Module", "Neuron"]


class Module:
    """Something with parameters to learn."""

    def parameters(self) -> list[Value]:
        """The Values to be trained."""
        return []

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to zero; call it before each `backward`."""
        for parameter in self.parameters():
            parameter.grad = 0.0


class Neuron(Module):
    """y = relu(w · x + b), or w · x + b where `nonlin` is False.

    Weights start uniform in [−1, 1] and the bias at 0, drawn from `rng` or else from Python's own `random`, in
    micrograd's order: the same seed gives the same network. Raises RuntimeError if it is given other than `nin` inputs.
    """

    def __init__(self, nin: int, nonlin: bool = True, rng: random.Random | None = None) -> None:
        uniform = random.uniform if rng is None else rng.uniform
        self.w = [Value(uniform(-1, 1), label=f"w{i}") for i in range(nin)]
        self.b = Value(0.0, label="b")
        self.nonlin = nonlin

    def __call__(self, x: Sequence[Operand]) -> Value:
        y = dot(self.w, x, self.b)
        return y.relu() if self.nonlin else y

    def parameters(self) -> list[Value]:
        return [*self.w, self.b]

    def __repr__(self) -> str:
        return f"{'ReLU' if self.nonlin else 'Linear'}Neuron({len(self.w)})"


class Layer(Module):
    """`nout` neurons that look at the same inputs. A layer of one returns a Value instead of a list."""

    def __init__(self, nin: int, nout: int, nonlin: bool = True, rng: random.Random | None = None) -> None:
        self.neurons = [Neuron(nin, nonlin, rng) for _ in range(nout)]

    def __call__(self, x: Sequence[Operand]) -> Value | list[Value]:
        y = [neuron(x) for neuron in self.neurons]
        return y[0] if len(y) == 1 else y

    def parameters(self) -> list[Value]:
        return [parameter for neuron in self.neurons for parameter in neuron.parameters()]

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(repr, self.neurons))}]"


class MLP(Module):
    """A multi-layer perceptron: `MLP(2, [16, 16, 1])` has 2 inputs, two layers of 16 ReLU neurons, 1 linear neuron.

    Raises ValueError if `nouts` names no layer.
    """

    def __init__(self, nin: int, nouts: Sequence[int], rng: random.Random | None = None) -> None:
        if not nouts:
            raise ValueError("MLP needs the width of at least one layer, got an empty list")
        sizes = list(pairwise([nin, *nouts]))
        last = len(sizes) - 1
        self.layers = [Layer(m, n, nonlin=i != last, rng=rng) for i, (m, n) in enumerate(sizes)]

    def __call__(self, x: Sequence[Operand]) -> Value | list[Value]:
        *hidden, last = self.layers
        for layer in hidden:
            x = [neuron(x) for neuron in layer.neurons]
        return last(x)

    def parameters(self) -> list[Value]:
        return [parameter for layer in self.layers for parameter in layer.parameters()]

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(repr, self.layers))}]"
