"""The table's rows for shapes and indexing."""

import numpy as np
from byhand.tensor.ops import _index, indexing, shapes
from op_sample import B, I, N, Row, S, V

FIRST = "one array comes out for several: the parts are compared"


def method(name: str):
    """What exists only as a method."""
    return lambda _, x, *args, **kwargs: getattr(x, name)(*args, **kwargs)


def read(_, x, *index):
    return x[index if len(index) != 1 else index[0]]


def write(_, x, value, *index):
    y = x * 1
    y[index if len(index) != 1 else index[0]] = value
    return y


def reading(x, *index):
    return indexing._index.op.forward(x, index=_index.parsed(index if len(index) != 1 else index[0], x.shape))


def writing(x, value, *index):
    return indexing._assign.op.forward(x, value, index=_index.parsed(index if len(index) != 1 else index[0], x.shape))


COLON, DOTS, NEW = slice(None), ..., None
INDICES = (
    S(N(3, 4), 1), S(N(3, 4), -1, 2), S(N(5, 4), slice(1, 4)), S(N(5, 4), slice(None, None, 2), slice(-3, -1)),
        S(N(3), 0), S(N(3, 4), DOTS), S(N(2, 3, 4), DOTS, 1),
    S(N(3, 4), NEW), S(N(3, 4), COLON, NEW, 2), S(N(2, 3, 4), 1, DOTS, NEW), S(N(3, 4), ()), S(N(), DOTS),
        S(N(), NEW), S(N(), ()),
    S(N(5, 4), slice(3, 1)), S(N(5, 4), slice(-100, 100)),
    S(N(5, 4), I(3, below=5)), S(N(5, 4), I(2, 3, below=5)), S(N(5, 4), V([0, 0, -1, 0], "as is")), S(N(5, 4), [0,
        2, 2]), S(N(5), [True, False, True, True, False]),
    S(N(5, 4), I(3, below=5), I(3, below=4)), S(N(5, 4), I(3, 1, below=5), I(2, below=4)), S(N(5, 4),
        COLON, I(3, below=4)), S(N(5, 4), DOTS, [1, 1, 0]),
    S(N(5, 4), V(np.array(2), "as is")), S(N(5, 4, 3), I(2, below=5), 1), S(N(5, 4, 3), 1, COLON, I(2, below=3)),
        S(N(5, 4, 3), I(2, below=5), COLON, I(2, below=3)),
    S(N(5, 4, 3), I(2, below=5), COLON, 1), S(N(5, 4, 3), COLON, I(2, 2, below=4), I(2, below=3)), S(N(5, 4, 3),
        NEW, I(2, below=5), slice(1, 3)),
    S(N(5, 4, 3), I(2, below=5), NEW, I(2, below=4)), S(N(2, 3, 4, 5), COLON, I(2, below=3), COLON, I(2, below=5)),
        S(N(2, 3, 4, 5), 0, I(2, below=3), COLON, I(2, below=5)),
    S(N(3, 4), B(3, 4)), S(N(3, 4), B(3)), S(N(3, 4), COLON, B(4)), S(N(3, 4, 2), B(3, 4), 1), S(N(3, 4, 2),
        DOTS, B(4, 2)), S(N(3, 4), B(3), I(1, below=4)),
    S(N(3, 4), True), S(N(3, 4), False), S(N(), B()), S(N(3, 4), V(np.zeros((3, 4), bool), "as is")),
        S(N(3, 4), V(np.zeros((0,), np.int64), "as is")), S(N(3, 4), []),
    S(N(3, 4), np.int64(2)), S(N(0, 4), slice(None)), S(N(0, 4), COLON, 1),
    S(N(3, 4), V(np.array([1, 2], np.int32), "as is")),
)
BAD_INDICES = (S(N(3, 4), 3), S(N(3, 4), -4), S(N(3, 4), 0, 4), S(N(3, 4), 0, 0, 0), S(N(), 0),
    S(N(3, 4), I(2, below=9, low=5)), S(N(3, 4), 1.5), S(N(3, 4), N(2)),
               S(N(3, 4), B(2)), S(N(3, 4), B(3, 3)), S(N(3, 4), I(2, below=3), I(3, below=4)),
                   S(N(3, 4), slice(None, None, -1)), S(N(3, 4), slice(None, None, 0)),
               S(N(3, 4), "a"), S(N(3, 4), slice(0.5, 2)), S(N(3, 4), [5]))


def with_value(sample: S, value: object) -> S:
    return S(sample.args[0], value, *sample.args[1:])


UNIQUE = tuple(with_value(s, 1.5) for s in INDICES)
VALUES = (
    S(N(3, 4), N(4), 1), S(N(3, 4), N(3, 1), COLON, slice(1, 3)), S(N(3, 4), N(1, 1, 4), slice(0, 2)),
        S(N(3, 4), N(), 1, 2), S(N(3, 4), N(1), 1, 2), S(N(3, 4), N(3, 4), DOTS),
    S(N(5, 4), N(3, 4), V([0, 2, 4], "as is")), S(N(5, 4), N(4), V([0, 2, 4], "as is")), S(N(5, 4), N(3), V([0,
        2, 4], "as is"), V([1, 1, 3], "as is")),
    S(N(5, 4), N(5, 2), COLON, V([3, 0], "as is")), S(N(3, 4), N(4), B(3)), S(N(3, 4), N(1), B(3, 4)), S(N(5,
        4, 3), N(2, 3), V([0, 3], "as is"), 1),
    S(N(3), N(2), V(np.array([True, False, True]), "as is")), S(N(3, 4), N(1, 4), NEW, 1), S(N(), N(), DOTS),
        S(N(3, 4), N(), True), S(N(5, 4, 3), N(2, 4), V([0, 3], "as is"), COLON, V([1, 2], "as is")),
)
BAD_VALUES = (S(N(3, 4), N(3), 1), S(N(3, 4), N(2, 4), 1), S(N(3, 4), N(2), V([0, 1, 2], "as is")),
    *[with_value(s, 1.0) for s in BAD_INDICES])

ROWS = (
    Row("reshape", (S(N(3, 4), (2, 6)), S(N(3, 4), (-1,)), S(N(3, 4), [4, 3]), S(N(2, 3, 4), (4, -1)), S(N(1), ()),
        S(N(), (1, 1)), S(N(0, 3), (3, 0)), S(N(0, 3), (0, 5))),
        (S(N(3, 4), (5, 2)), S(N(3, 4), (-1, 5)), S(N(3, 4), (-1, -1)), S(N(0, 3), (-1, 0)),
            S(N(3, 4), (-2, 6))), scalar=lambda x, shape: x.reshape(shape)),
    Row("view", (S(N(3, 4), 2, 6), S(N(3, 4), -1), S(N(3, 4), (4, 3)), S(N(), 1, 1), S(N(0, 3), 3, 0)), (S(N(3, 4),
        5, 2), S(N(3, 4), -1, -1)), call=method("view"),
        scalar=lambda x, *shape: shapes._reshape.op.forward(x, shape=shapes.sizes(shape))),
    Row("reshape (method)", (S(N(3, 4), 2, 6), S(N(3, 4), -1), S(N(2, 3, 4), 6, -1)), (S(N(3, 4), 7),),
        call=method("reshape"), method=False, scalar=lambda x, *shape: x.reshape(shape)),
    Row("flatten", (S(N(2, 3, 4)), S(N(2, 3, 4), 1), S(N(2, 3, 4), 0, 1), S(N(2, 3, 4), start_dim=-2), S(N()),
        S(N(0, 3)), S(N(3))),
        (S(N(2, 3), 2), S(N(2, 3), 1, 0)), scalar=FIRST.replace("parts", "views")),
    Row("transpose", (S(N(3, 4), 0, 1), S(N(2, 3, 4), -1, 0), S(N(2, 3, 4), dim0=1, dim1=1), S(N(), 0, -1),
        S(N(0, 3), 0, 1)), (S(N(3, 4), 0, 2), S(N(3, 4), -3, 0), S(N(), 0, 1), S(N(3, 4), 0))),
    Row("swapaxes", (S(N(2, 3, 4), -1, 0),), scalar="an alias of transpose"),
    Row("swapdims", (S(N(2, 3, 4), -1, 0),), scalar="an alias of transpose"),
    Row("t", (S(N(3, 4)), S(N(3)), S(N()), S(N(0, 2))), (S(N(2, 3, 4)),), scalar="transpose is compared"),
    Row("T", (S(N(3, 4)),), call=lambda _, x: x.T, method=False, scalar="transpose is compared"),
    Row("mT", (S(N(3, 4)), S(N(2, 3, 4))), (S(N(3)),), call=lambda _, x: x.mT, method=False,
        scalar="transpose is compared"),
    Row("permute", (S(N(2, 3, 4), (2, 0, 1)), S(N(2, 3, 4), (-1, 0, 1)), S(N(3), (0,)), S(N(), ()), S(N(0, 3), (1, 0))),
        (S(N(2, 3), (0,)), S(N(2, 3), (0, 0)), S(N(2, 3), (0, 2))), scalar=lambda x, dims: np.transpose(x, dims)),
    Row("permute (method)", (S(N(2, 3, 4), 2, 0, 1),), (S(N(2, 3), 0),), call=method("permute"), method=False,
        scalar="permute is compared"),
    Row("expand", (S(N(3, 1), 3, 4), S(N(3, 1), 2, -1, 5), S(N(), 2, 3), S(N(3), (2, 3)), S(N(1, 3), 0, 3),
        S(N(3, 4), -1, -1)),
        (S(N(3), 4), S(N(3, 4), 4), S(N(3), -1, 3), S(N(2, 3), 3, 3)), call=method("expand"), scalar=lambda x,
            *shape: shapes._expand.op.forward(x, shape=shapes.sizes(shape))),
    Row("expand_as", (S(N(3, 1), N(3, 4)),), (S(N(3), N(4)),), call=method("expand_as"), scalar="expand is compared"),
    Row("broadcast_to", (S(N(3, 1), (2, 3, 4)),), (S(N(3), (4,)),), scalar="expand is compared"),
    Row("squeeze", (S(N(1, 3, 1)), S(N(1, 3, 1), 0), S(N(1, 3, 1), -1), S(N(1, 3, 1), 1), S(N(1, 3, 1), (0, 2)),
        S(N(1, 3, 1), dim=2), S(N()), S(N(), 0), S(N(1, 0))), (S(N(1, 3), 2), S(N(1, 3), -3), S(N(), 1))),
    Row("unsqueeze", (S(N(3, 4), 0), S(N(3, 4), -1), S(N(3, 4), 2), S(N(), 0), S(N(3), dim=-2)), (S(N(3), 2),
        S(N(3), -3), S(N(), 1), S(N(3)))),
    Row("cat", (S([N(2, 3), N(4, 3)]), S([N(2, 3), N(2, 1), N(2, 4)], 1), S([N(2, 3), N(2, 1)], dim=-1), S([N(3)]),
        S((N(3), N(0))), S([N(0), N(2, 3)]), S([N(0, 3), N(2, 3)])),
        (S([]), S([N(2, 3), N(2, 4)]), S([N(2, 3), N(3)]), S([N(), N()]), S([N(2, 3), N(2, 3)], 2), S([N(2), 1.0]),
            S()), method=False,
        scalar=lambda tensors, dim=0: np.concatenate([t for t in tensors if t.shape != (0,)], dim),
            aliases=("concat", "concatenate")),
    Row("stack", (S([N(2, 3), N(2, 3)]), S([N(2, 3), N(2, 3)], 1), S([N(2, 3), N(2, 3), N(2, 3)], dim=-1),
        S([N(), N()]), S([N(3)])),
        (S([]), S([N(2), N(3)]), S([N(2), N(2)], 2)), method=False,
            scalar=lambda tensors, dim=0: np.stack(tensors, dim)),
    Row("split", (S(N(5, 3), 2), S(N(5, 3), 5), S(N(5, 3), 7), S(N(5, 3), [1, 4]), S(N(3, 5), (2, 0, 3), dim=1),
        S(N(3, 5), 2, -1), S(N(0, 3), 2), S(N(0, 3), 0)),
        (S(N(5), 0), S(N(5), -1), S(N(5), [2, 2]), S(N(5), 2, 1), S(N(), 1), S(N(5), [6, -1])), scalar=FIRST),
    Row("narrow", (S(N(5, 3), 0, 1, 3), S(N(5, 3), -1, -2, 2), S(N(5, 3), 0, 5, 0)), (S(N(5), 0, 3, 3), S(N(5), 0,
        6, 0), S(N(5), 1, 0, 1), S(N(5), 0, 0, -1)), scalar="indexing is compared"),
    Row("select", (S(N(5, 3), 0, 1), S(N(5, 3), -1, -2)), (S(N(5), 0, 5), S(N(5), 1, 0), S(N(), 0, 0)),
        scalar="indexing is compared"),
    Row("gather", (S(N(3, 4), 1, I(3, 2, below=4)), S(N(3, 4), 0, I(2, 4, below=3)), S(N(3, 4), -1, I(2,
        6, below=4)), S(N(), 0, V(0, "as is")), S(N(3), 0, I(0, below=3))),
        (S(N(3, 4), 1, I(3, 2, below=9, low=5)), S(N(3, 4), 1, I(3, below=4)), S(N(3, 4), 2, I(3, 4, below=3)),
            S(N(3, 4), 1, N(3, 4)), S(N(3, 4), 0, I(2, 5, below=3))),
        scalar=lambda x, dim, index: indexing._gather.op.forward(x, index, dim=dim)),
    Row("take", (S(N(3, 4), I(2, 3, below=12)), S(N(3, 4), V([-1, 0, 0], "as is")), S(N(3), I(0, below=3))),
        (S(N(3), I(2, below=9, low=5)), S(N(3), N(2)))),
    Row("x[i]", INDICES, BAD_INDICES, call=read, method=False, scalar=reading),
    Row("x[i] = number", UNIQUE, (), call=write, method=False, scalar=writing),
    Row("x[i] = tensor", VALUES, BAD_VALUES, call=write, method=False, scalar=writing, whole=()),
)
