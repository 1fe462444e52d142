"""The calculus: every operation as a rule on plain numbers, beside the derivation of its derivatives.

A rule takes the operands a, b, … and returns the result y together with its partial derivatives (∂y/∂a, ∂y/∂b, …) at
that point. Nothing here knows of graphs; the chain rule is the business of `graph` and of Values. The first line of a rule's
docstring is its formula, and `Value.explain` shows it. Where a function has a kink or a pole, PyTorch decides.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from operator import mul as times

from byhand.scalar import ieee

__all__ = ["Op", "op"]

Rule = Callable[..., tuple[float, tuple[float, ...]]]


@dataclass(frozen=True, slots=True, eq=False)
class Op:
    """A named operation: how it is written, its rule, and whether it `chooses` among its operands.

    An op that chooses (relu, max, min) passes nothing at all to what it did not choose: no gradient, not 0 · ∞ = nan.
    """

    symbol: str
    rule: Rule
    chooses: bool = False

    @property
    def formula(self) -> str:
        """The result and its partial derivatives, as the rule's docstring states them."""
        return (self.rule.__doc__ or "").partition("\n")[0]


def op(symbol: str, chooses: bool = False) -> Callable[[Rule], Op]:
    """Make the decorated rule an `Op`, which `apply(op, *operands)` runs on Values."""
    return lambda rule: Op(symbol, rule, chooses)


@op("+")
def add(a: float, b: float) -> tuple[float, tuple[float, float]]:
    """y = a + b;  ∂y/∂a = 1;  ∂y/∂b = 1"""
    return a + b, (1.0, 1.0)


@op("-")
def sub(a: float, b: float) -> tuple[float, tuple[float, float]]:
    """y = a − b;  ∂y/∂a = 1;  ∂y/∂b = −1"""
    return a - b, (1.0, -1.0)


@op("*")
def mul(a: float, b: float) -> tuple[float, tuple[float, float]]:
    """y = a b;  ∂y/∂a = b;  ∂y/∂b = a

    (a + δ) b = a b + δ b: a step δ in one factor arrives multiplied by the other.
    """
    return a * b, (b, a)


@op("/")
def div(a: float, b: float) -> tuple[float, tuple[float, float]]:
    """y = a / b;  ∂y/∂a = 1/b;  ∂y/∂b = −y/b

    From y b = a:  dy b + y db = da, so dy = da/b − (y/b) db.
    """
    y = ieee.divide(a, b)
    return y, (ieee.divide(1.0, b), -ieee.divide(y, b))


@op("**")
def pow(a: float, b: float) -> tuple[float, tuple[float, float]]:
    """y = aᵇ;  ∂y/∂a = b aᵇ⁻¹;  ∂y/∂b = y log a

    From y = exp(b log a):  dy = y (b/a da + log a db). Both have a limit where log a does not: a⁰ = 1 for every a, so
    ∂y/∂a = 0 at b = 0; 0ᵇ = 0 for every b > 0, so ∂y/∂b = 0 at a = 0.
    """
    y = ieee.power(a, b)
    by_base = 0.0 if b == 0 else b * ieee.power(a, b - 1)
    by_exponent = 0.0 if a == 0 and b >= 0 else y * ieee.log(a)
    return y, (by_base, by_exponent)


@op("neg")
def neg(a: float) -> tuple[float, tuple[float]]:
    """y = −a;  ∂y/∂a = −1"""
    return -a, (-1.0,)


@op("abs")
def abs(a: float) -> tuple[float, tuple[float]]:
    """y = |a|;  ∂y/∂a = sign a

    At the kink a = 0 the slopes −1 and 1 meet, and sign 0 = 0 lies between them.
    """
    return math.fabs(a), (float((a > 0) - (a < 0)),)


@op("exp")
def exp(a: float) -> tuple[float, tuple[float]]:
    """y = eᵃ;  ∂y/∂a = y"""
    y = ieee.exp(a)
    return y, (y,)


@op("log")
def log(a: float) -> tuple[float, tuple[float]]:
    """y = log a;  ∂y/∂a = 1/a

    From eʸ = a:  eʸ dy = da, so dy = da/a.
    """
    return ieee.log(a), (ieee.divide(1.0, a),)


@op("sqrt")
def sqrt(a: float) -> tuple[float, tuple[float]]:
    """y = √a;  ∂y/∂a = 1/(2y)

    From y² = a:  2y dy = da. The curve leaves 0 straight upwards: the slope there is inf.
    """
    y = ieee.sqrt(a)
    return y, (ieee.divide(1.0, 2.0 * y),)


@op("sin")
def sin(a: float) -> tuple[float, tuple[float]]:
    """y = sin a;  ∂y/∂a = cos a"""
    return ieee.sin(a), (ieee.cos(a),)


@op("cos")
def cos(a: float) -> tuple[float, tuple[float]]:
    """y = cos a;  ∂y/∂a = −sin a"""
    return ieee.cos(a), (-ieee.sin(a),)


@op("tanh")
def tanh(a: float) -> tuple[float, tuple[float]]:
    """y = tanh a;  ∂y/∂a = 1 − y²

    tanh = sinh/cosh, so its derivative is (cosh² − sinh²)/cosh² = 1 − tanh².
    """
    y = math.tanh(a)
    return y, (1.0 - y * y,)


@op("sigmoid")
def sigmoid(a: float) -> tuple[float, tuple[float]]:
    """y = 1/(1 + e⁻ᵃ);  ∂y/∂a = y (1 − y)

    dy/da = e⁻ᵃ/(1 + e⁻ᵃ)² = y · e⁻ᵃ/(1 + e⁻ᵃ) = y (1 − y). For a < 0 the same y is eᵃ/(1 + eᵃ), which cannot overflow.
    """
    e = math.exp(-math.fabs(a))
    y = (e if a < 0 else 1.0) / (1.0 + e)
    return y, (y * (1.0 - y),)


@op("relu", chooses=True)
def relu(a: float) -> tuple[float, tuple[float]]:
    """y = max(a, 0);  ∂y/∂a = 1 if a > 0 else 0"""
    return (0.0, (0.0,)) if a <= 0 else (a, (1.0,))


@op("maximum", chooses=True)
def maximum(a: float, b: float) -> tuple[float, tuple[float, float]]:
    """y = max(a, b);  ∂y/∂a = [a > b];  ∂y/∂b = [b > a];  ½ each at a tie

    A nan on either side makes the result nan and is passed on to both.
    """
    if a == b:
        return a, (0.5, 0.5)
    return (b if a < b or math.isnan(b) else a), (0.0 if a < b else 1.0, 0.0 if b < a else 1.0)


@op("minimum", chooses=True)
def minimum(a: float, b: float) -> tuple[float, tuple[float, float]]:
    """y = min(a, b);  ∂y/∂a = [a < b];  ∂y/∂b = [b < a];  ½ each at a tie

    min(a, b) = −max(−a, −b): the two minus signs of the chain rule cancel.
    """
    y, partials = maximum.rule(-a, -b)
    return -y, (partials[0], partials[1])


@op("dot")
def dot(*operands: float) -> tuple[float, tuple[float, ...]]:
    """y = w₁x₁ + … + wₙxₙ + b;  ∂y/∂wᵢ = xᵢ;  ∂y/∂xᵢ = wᵢ;  ∂y/∂b = 1

    The operands come in the order w₁ … wₙ, x₁ … xₙ, b.
    """
    n = len(operands) // 2
    w, x, b = operands[:n], operands[n:-1], operands[-1]
    return sum(map(times, w, x), b), (*x, *w, 1.0)
