"""The table's rows for reductions, softmax and products."""

from byhand.tensor.ops import reductions
from op_sample import WHOLE, I, N, Row, S, V

DIMS = (S(N(3, 4)), S(N(3, 4), 0), S(N(2, 3, 4), -2, True), S(N(2, 3, 4), dim=1, keepdim=True), S(N(), 0),
    S(N(), -1, True), S(N()),
        S(N(2, 3), axis=1), S(N(2, 3), 1, keepdims=True), S(N(1)))
MANY = (S(N(2, 3, 4), (0, 2)), S(N(2, 3, 4), (-1, 0), True), S(N(2, 3), None, True), S(N(2, 3, 4), [1]),
    S(N(2, 3), None), S(N(2, 3), ()))
EMPTY = (S(N(0, 3)), S(N(0, 3), 0), S(N(0, 3), 1))
INTEGERS = WHOLE[:3]
OUT = (S(N(3, 4), 2), S(N(3, 4), -3), S(N(), 1), S(N(3), "a"), S(N(3), wrong=1), S())
TWICE = (S(N(3, 4), (0, 0)), S(N(3, 4), (0, 5)))
DTYPE = (S(N(3, 4), dtype="float64"), S(N(3, 4), 1, dtype="float32"))
SOFT = (S(N(3, 4), 0), S(N(3, 4), dim=-1), S(N(2, 3, 4), 1), S(N(), 0), S(N(0, 3), 1), S(N(3, 4) , 1, dtype="float64"))


def typed(name: str):
    """Call `name` with the library's own dtype for the option `dtype`."""

    def call(library, *args, **kwargs):
        if isinstance(kwargs.get("dtype"), str):
            kwargs["dtype"] = getattr(library, kwargs["dtype"])
        return getattr(library, name)(*args, **kwargs)

    return call


def variance(x, dim=None, unbiased=True, keepdim=False, *, correction=None):
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    return reductions._var.op.forward(x, dim=dim, correction=int(unbiased) if correction is None else correction, keepdim=keepdim)


ROWS = (
    Row("sum", (*DIMS, *MANY, *EMPTY, *DTYPE), (*OUT, *TWICE), call=typed("sum")),
    Row("mean", (*DIMS, *MANY, *EMPTY, *DTYPE), (*OUT, *TWICE), call=typed("mean")),
    Row("var", (S(N(3, 4)), S(N(3, 4), 0), S(N(2, 3, 4), -2), S(N(2, 3, 4), (0, 2)), S(N(3, 4), 1, False),
        S(N(3, 4), False), S(N(3, 4), 1, True, True),
                S(N(3, 4), 1, correction=2), S(N(3, 4), (0, 1), unbiased=False, keepdim=True), S(N(3, 4),
                    None, correction=0)),
        (S(N(3, 4), 2), S(N(3, 4), (0, 0)), S(N(3), wrong=1), S()), scalar=variance),
    Row("prod", (*DIMS, *DTYPE, S(V([[1.0, 0.0, 3.0], [2.0, -1.0, 4.0]])),
        S(V([[1.0, 0.0, 0.0], [2.0, -1.0, 4.0]]), 1), S(N(0, 3)), S(N(0, 3), 0), S(N(3, 0), 0)),
        OUT, call=typed("prod")),
    *[Row(name, (*DIMS, S(N(2, 3, 4), (0, 2)), S(N(2, 3, 4), (-1, 0), True), S(N(0, 3), 1),
        S(V([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]]), 1).decided_by_torch()),
          (*OUT, *TWICE, S(N(0, 3), 0), S(N(0)))) for name in ("amax", "amin")],
    *[Row(name, (*DIMS, S(N(3, 4), N(4)), S(N(3), other=N(3)), S(N(0, 3), 1),
        S(V([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]]), 1).decided_by_torch(), S(V([3.0, 1.0, 3.0])).decided_by_torch()),
          (*OUT, S(N(0, 3), 0), S(N(0)), S(N(3, 4), (0, 1))),
          scalar="amax and maximum, of which it is made, are compared") for name in ("max", "min")],
    *[Row(name, (S(N(3, 4)), S(N(3, 4), 0), S(N(3, 4), -1, True), S(N(), 0), S(V([1.0, 3.0, 3.0])), S(N())),
        (S(N(3, 4), 2), S(N(0)), S()),
          order=0, whole=INTEGERS, scalar="an index has no gradient") for name in ("argmax", "argmin")],
    *[Row(name, (S(N(3, 4)), S(V([[1.0, 0.0], [0.0, 0.0]]), 0), S(N(2, 3), -1, True), S(N(2, 3, 4), (0, 2)),
        S(N(0, 3)), S(N(0, 3), 0), S(N())),
          (S(N(3, 4), 2), S()), order=0, scalar="truth has no gradient") for name in ("all", "any")],
    Row("softmax", (*SOFT, S(V([[1000.0, 1001.0], [-1000.0, 0.0]]), 1)), (S(N(3, 4), 2), S(N(3), wrong=1), S(),
        S(I(3, 4, below=5), 1)), call=typed("softmax"), whole=()),
    Row("log_softmax", (*SOFT, S(V([[1000.0, 1001.0], [-1000.0, 0.0]]), 1)), (S(N(3, 4), 2), S(N(3), wrong=1), S(),
        S(I(3, 4, below=5), 1)), call=typed("log_softmax"), whole=()),
    Row("logsumexp", (S(N(3, 4), 0), S(N(3, 4), -1, True), S(N(2, 3, 4), (0, 2)), S(N(), 0),
        S(V([[1000.0, 1001.0], [-1000.0, 0.0]]), 1), S(N(0, 3), 0)),
        (S(N(3, 4), 2), S(N(3)), S())),
    Row("matmul", (S(N(3), N(3)), S(N(3), N(3, 4)), S(N(2, 3), N(3)), S(N(2, 3), N(3, 4)), S(N(2, 3), N(5, 3, 4)),
        S(N(5, 2, 3), N(3, 4)), S(N(5, 2, 3), N(3)),
                   S(N(3), N(5, 3, 4)), S(N(5, 2, 3), N(5, 3, 4)), S(N(2, 1, 2, 3), N(5, 3, 4)), S(N(1, 2, 3), N(4,
                       3, 2)), S(N(4, 2, 3), N(1, 3, 2)),
                   S(N(0, 3), N(3, 4)), S(N(2, 0), N(0, 3)), S(N(0), N(0)), S(N(0, 2, 3), N(3, 4)), S(N(2,
                       2, 3), N(3, 0))),
        (S(N(2, 3), N(2, 3)), S(N(3), N(4)), S(N(), N(3)), S(N(3), N()), S(N(2, 3), N(2)), S(N(2, 2, 3), N(3, 3, 4)),
            S(N(2, 3)), S(N(2, 3), 2.0),
         S(N(2, 3), I(3, 4, below=3))), whole=INTEGERS),
)
