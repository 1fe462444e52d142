"""Properties that hold for all shapes: broadcasting, indexing, reductions, against NumPy and against each other."""

import byhand.tensor as bt
import numpy as np
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as npst

quick = settings(max_examples=60, deadline=None, derandomize=True)
numbers = st.floats(-4, 4, width=32).map(lambda v: round(v, 3))
arrays = npst.arrays(np.float64, npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4), elements=numbers)


def leaf(array):
    return bt.from_numpy(array.copy()).requires_grad_()


def weights(shape):
    return np.cos(np.arange(int(np.prod(shape))) + 1.0).reshape(shape)


@quick
@given(npst.mutually_broadcastable_shapes(num_shapes=3, max_dims=4, max_side=3, min_side=0))
def test_gradients_come_back_in_the_inputs_shapes(shapes):
    a, b, c = (leaf(weights(shape)) for shape in shapes.input_shapes)
    out = a * b + c
    assert out.shape == shapes.result_shape
    w = weights(out.shape)
    out.backward(bt.from_numpy(w))
    assert [t.grad.shape for t in (a, b, c)] == list(map(tuple, shapes.input_shapes))
    ones = np.ones(out.shape)
    for t, expected in ((a, w * b._data), (b, w * a._data), (c, w * ones)):
        full = np.broadcast_to(expected, out.shape)
        lead = full.ndim - t.ndim
        axes = tuple(range(lead)) + tuple(lead + d for d in range(t.ndim) if t.shape[d] == 1)
        np.testing.assert_allclose(t.grad._data, full.sum(axes).reshape(t.shape), atol=1e-12)


@quick
@given(st.data(), arrays)
def test_basic_indices_read_views_and_write_through_them(data, array):
    index = data.draw(npst.basic_indices(array.shape, allow_newaxis=True).filter(
        lambda i: all(not isinstance(p, slice) or (p.step or 1) > 0 for p in (i if isinstance(i, tuple) else (i,)))))
    x = leaf(array)
    y = x[index]
    expected = np.asarray(array[index])
    assert y.shape == expected.shape and (y._data == expected).all()
    y.backward(bt.from_numpy(weights(y.shape)))
    gradient = np.zeros_like(array)
    gradient[index] += weights(expected.shape)
    assert (x.grad._data == gradient).all()
    base = bt.from_numpy(array.copy())
    base[index].fill_(7.0)
    array = array.copy()
    array[index] = 7.0
    assert (base._data == array).all()


@quick
@given(st.data(), npst.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4))
def test_integer_indices_gather_and_add_up(data, shape):
    array = weights(shape)
    index = data.draw(npst.integer_array_indices(shape, result_shape=npst.array_shapes(max_dims=2, max_side=4)))
    x = leaf(array)
    y = x[tuple(map(bt.from_numpy, index))]
    assert (y._data == array[index]).all()
    y.backward(bt.from_numpy(weights(y.shape)))
    gradient = np.zeros_like(array)
    np.add.at(gradient, index, weights(y.shape))
    np.testing.assert_allclose(x.grad._data, gradient, atol=1e-12)


@quick
@given(st.data(), arrays)
def test_masks_read_and_write(data, array):
    mask = data.draw(npst.arrays(bool, array.shape))
    x = leaf(array)
    y = x[bt.from_numpy(mask)]
    assert (y._data == array[mask]).all()
    z = x * 1
    z[bt.from_numpy(mask)] = y * 2
    z.backward(bt.from_numpy(weights(array.shape)))
    assert (z._data == np.where(mask, 2 * array, array)).all()
    np.testing.assert_allclose(x.grad._data, weights(array.shape) * np.where(mask, 2, 1))


@quick
@given(st.data(), arrays, st.booleans())
def test_reductions_over_any_dimensions(data, array, keepdim):
    dims = data.draw(st.none() | npst.valid_tuple_axes(array.ndim, min_size=1)) if array.ndim else None
    x = leaf(array)
    y = x.sum(dims, keepdim=keepdim)
    np.testing.assert_allclose(y._data, array.sum(axis=dims, keepdims=keepdim), atol=1e-12)
    y.backward(bt.from_numpy(weights(y.shape)))
    spread = weights(y.shape).reshape(array.sum(axis=dims, keepdims=True).shape)
    assert (x.grad._data == np.broadcast_to(spread, array.shape)).all()
    if array.size:
        count = array.size // max(y.numel(), 1)
        np.testing.assert_allclose(x.mean(dims, keepdim=keepdim)._data * count, y._data, atol=1e-12)
        assert (x.amax(dims, keepdim=keepdim)._data == array.max(axis=dims, keepdims=keepdim)).all()
        np.testing.assert_allclose(x.var(dims, correction=0)._data, array.var(axis=dims), atol=1e-12)


@quick
@given(st.data(), arrays)
def test_shapes_there_and_back(data, array):
    x = leaf(array)
    order = data.draw(st.permutations(range(array.ndim)))
    back = list(np.argsort(order))
    y = x.permute(order).permute(back) if array.ndim else x.reshape(1).reshape(())
    y = y.unsqueeze(0).flatten().reshape(array.shape)
    assert (y._data == array).all()
    y.backward(bt.from_numpy(weights(array.shape)))
    assert (x.grad._data == weights(array.shape)).all()


@quick
@given(st.data(), arrays.filter(lambda a: a.ndim and len(a)))
def test_what_is_split_can_be_joined(data, array):
    x = leaf(array)
    parts = x.split(data.draw(st.integers(1, len(array))))
    assert (bt.cat(parts)._data == array).all()
    rows = bt.stack([x[i] for i in range(len(array))])
    (bt.cat(parts) * rows).backward(bt.from_numpy(weights(array.shape)))
    np.testing.assert_allclose(x.grad._data, 2 * array * weights(array.shape), atol=1e-12)
