"""The table's rows for element-wise operations, comparisons and choices."""

import numpy as np
from op_sample import WHOLE, B, I, N, P, Row, S, V

BOTH = (S(N(3, 4), N(3, 4)), S(N(2, 3, 1), N(4)), S(N(), N(2, 3)), S(N(2, 3), N()), S(N(3), 1.5), S(N(0, 3), N(3)),
    S(N(2), 2), S(N(), N()))
MISFITS = (S(N(3, 4), N(3)), S(N(2, 3), N(3, 2)), S(N(3),), S(), S(N(3), "a"), S(N(3), N(3), wrong=1))
ONE = (S(N(3, 4)), S(N()), S(N(0, 3)), S(N(2, 1, 3)))
ABOVE = (S(P(3, 4)), S(P()), S(P(0, 3)), S(P(2, 1, 3)))
ONE_ERRORS = (S(), S("a"), S(N(3), wrong=1))
COMPARISON = (*BOTH, S(V([1.0, np.nan, np.inf], "as is"), V([1.0, np.nan, -np.inf], "as is")))


def unary(name: str, samples: tuple[S, ...] = ONE, **facts: object) -> Row:
    return Row(name, samples, ONE_ERRORS, inplace=f"{name}_", **facts)  # type: ignore[arg-type]


def binary(name: str, samples: tuple[S, ...] = BOTH, **facts: object) -> Row:
    return Row(name, samples, MISFITS, inplace=f"{name}_", **facts)  # type: ignore[arg-type]


def comparison(name: str) -> Row:
    return Row(name, COMPARISON, MISFITS, inplace=f"{name}_", scalar="a comparison has no gradient", order=0)


def logic(name: str) -> Row:
    return Row(name, (S(B(2, 3), B(3)), S(I(2, 3, below=8), I(3, below=8)), S(B(), B(2)), S(N(2), B(2))), MISFITS,
               inplace=f"{name}_", scalar="logic has no gradient", order=0)


def number_to_the(library, base, exponent):
    """PyTorch takes the logarithm of a Python base in float32: beside float64 it is given a tensor."""
    if library.__name__ == "torch" and str(exponent.dtype) == "torch.float64":
        base = library.tensor(base, dtype=exponent.dtype)
    return library.pow(base, exponent)


ROWS = (
    binary("add", (*BOTH, S(N(3, 4), N(4), alpha=2), S(N(3), 2.0, alpha=-1.5)), aliases=()),
    binary("sub", (*BOTH, S(N(3, 4), N(4), alpha=2), S(N(3), 2.0, alpha=-1.5)), aliases=("subtract",)),
    binary("mul", aliases=("multiply",)),
    binary("div", (S(N(3, 4), P(3, 4)), S(N(2, 3, 1), P(4)), S(N(), P(2, 3)), S(N(3), 1.5), S(N(0, 3), P(3)),
        S(N(3), P())),
           scalar=lambda a, b: np.true_divide(a, b), aliases=("divide", "true_divide")),
    Row("rsub", (S(N(3, 4), N(4)), S(N(3), 2.0), S(N(2), N(2), alpha=3)), method=False),
    binary("pow", (S(P(3, 4), N(3, 4)), S(P(2, 3, 1), N(4)), S(N(3, 2), 2), S(N(3, 2), 3.0), S(P(3), -1.5),
        S(N(3), 0), S(P(), P(3)),
                   S(P(3), N())), method=False),
    Row("pow (number base)", (S(2.5, N(3)), S(2, N(2, 2))), call=number_to_the, method=False,
        scalar=lambda base, x: np.power(base, x)),
    unary("neg", aliases=("negative",)),
    unary("exp"),
    unary("log", ABOVE),
    unary("sqrt", ABOVE),
    unary("square"),
    unary("abs", aliases=("absolute",)),
    unary("sign", scalar="sign is constant: its gradient is 0, and NumPy's sign asks an object for its order"),
    unary("sin"),
    unary("cos"),
    unary("tanh"),
    unary("sigmoid", (*ONE, S(V([-800.0, -40.0, 0.0, 40.0, 800.0])).decided_by_torch()), scalar=lambda x: 1 / (1 + np.exp(-x))),
    unary("relu", (*ONE, S(V([-1.0, 0.5, 2.0])))),
    Row("maximum", (S(N(3, 4), N(3, 4)), S(N(2, 3, 1), N(4)), S(N(), N(2, 3)), S(N(0, 3), N(3))), (S(N(3, 4), N(3)),
        S(N(3)))),
    Row("minimum", (S(N(3, 4), N(3, 4)), S(N(2, 3, 1), N(4)), S(N(), N(2, 3)), S(N(0, 3), N(3))), (S(N(3, 4), N(3)),
        S(N(3)))),
    Row("clamp", (S(N(3, 4), -0.5, 0.7), S(N(3, 4), min=0.1), S(N(3, 4), max=0.2), S(N(), -1, 1), S(N(0), 0, 1),
        S(N(3), 1.0, -1.0),
                  S(N(3, 4), N(4, low=-2, high=-0.1), N(3, 1, low=0.1, high=2)), S(N(3, 4), N(3, 4), None),
                      S(N(2, 3), None, N(3)),
                  S(N(3, 4), N(4), N(3, 4)), S(N(3), min=1)),
        (S(N(3)), S(N(3), None, None), S(N(3), "a"), S(N(3), N(2))), inplace="clamp_", whole=WHOLE[:3],
            aliases=("clip",)),
    Row("where", (S(B(3, 4), N(3, 4), N(3, 4)), S(B(4), N(3, 1), N(1, 4)), S(B(2, 3), N(), N(3)), S(B(3), N(3), 1.5),
        S(B(3), 2.0, N(3)),
                  S(B(), N(3), N(3)), S(B(0, 3), N(3), N(3))),
        (S(N(3), N(3), N(3)), S(B(3), N(2), N(3))), method=False, scalar=lambda c, a, b: np.where(c, a, b)),
    *map(comparison, ("eq", "ne", "lt", "le", "gt", "ge")),
    *map(logic, ("logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor")),
    *[Row(name, (S(B(2, 3)), S(I(2, 3, below=8, low=-8)), S(N(2))), (S(),), inplace=f"{name}_",
        scalar="logic has no gradient", order=0)
      for name in ("logical_not", "bitwise_not")],
    *[Row(name, (S(V([1.0, np.nan, np.inf, -np.inf], "as is")), S(N(2, 3)), S(I(3, below=4))), (S(),),
        scalar="a test has no gradient", order=0)
      for name in ("isnan", "isinf", "isfinite")],
    Row("clone", (*ONE,), (S(),), scalar=lambda x: x.copy()),
)
