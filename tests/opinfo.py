"""PyTorch's own sample inputs (`op_db`), run through both libraries.

An operation agrees if every sample of every variant does: in float64 with first and second derivatives under random upstream
gradients, and in float32, int64 and bool wherever PyTorch takes the dtype: values, shapes and dtypes. The tolerances are those
of `torch.testing.assert_close`.
"""

import dataclasses
import operator
import warnings
from collections import defaultdict

import byhand.nn as bn
import byhand.tensor as bt
import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import PackedSequence

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from torch.testing._internal.common_methods_invocations import op_db

DTYPES = (torch.float64, torch.float32, torch.int64, torch.bool)
TOLERANCE = {"float64": (1e-7, 1e-7), "float32": (1.3e-6, 1e-5)}

INFOS = defaultdict(list)
for _info in op_db:
    INFOS[_info.name].append(_info)


def cases(names):
    """Each variant of each operation named with each dtype it takes, as pytest parameters."""
    return [
        pytest.param(info, dtype, id=f"{info.formatted_name}-{str(dtype).split('.')[1]}")
        for name in names.split()
        for info in INFOS[name]
        for dtype in DTYPES
        if info.supports_dtype(dtype, "cpu")
    ]


def mapped(function, value):
    """The value with each torch tensor and dtype in it replaced."""
    if isinstance(value, torch.Tensor | torch.dtype | torch.memory_format | torch.nn.LinearCrossEntropyOptions):
        return function(value)
    if isinstance(value, PackedSequence):
        parts = [mapped(function, part) for part in value]
        return (bn.utils.rnn.PackedSequence if isinstance(parts[0], bt.Tensor) else PackedSequence)(*parts)
    if isinstance(value, list | tuple):
        parts = [mapped(function, part) for part in value]
        return tuple(parts) if hasattr(value, "n_fields") else type(value)(parts)
    if isinstance(value, dict):
        return {key: mapped(function, part) for key, part in value.items()}
    return value


def as_ours(value):
    """A torch tensor as ours, in memory of its own with the same strides; a dtype, a memory format or options as ours."""
    if isinstance(value, torch.nn.LinearCrossEntropyOptions):
        return bn.LinearCrossEntropyOptions(**mapped(as_ours, dataclasses.asdict(value)))
    if isinstance(value, torch.memory_format):
        return getattr(bt, str(value).split(".")[1])
    if isinstance(value, torch.dtype):
        return getattr(bt, {"bool": "bool_"}.get(name := str(value).split(".")[1], name))
    array = value.detach().numpy()
    copied = np.lib.stride_tricks.as_strided(_memory(array), array.shape, array.strides) if array.size else array
    return bt.from_numpy(copied).requires_grad_(value.requires_grad)


def _memory(array):
    """A copy of the memory that a positively strided array spans."""
    span = 1 + sum((size - 1) * stride // array.itemsize for size, stride in zip(array.shape, array.strides, strict=True))
    return np.lib.stride_tricks.as_strided(array, (span,), (array.itemsize,)).copy()


def tensors_in(value, kind):
    """All tensors of a nested value, in order."""
    if isinstance(value, kind):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [tensor for part in value for tensor in tensors_in(part, kind)] if isinstance(value, list | tuple) else []


def reflected(operation):
    """An operator, called as Python calls a reflected method."""
    return lambda input, other: operation(other, input)


# Where `op_db` calls an operation with its first arguments in another order, or with a function of PyTorch's.
ORDER = {
    "nn.functional.embedding": lambda weight, input, **options: bn.functional.embedding(input, weight, **options),
    "nn.functional.embedding_bag": lambda weight, input, **options: bn.functional.embedding_bag(input, weight, **options),
    "nn.functional.triplet_margin_with_distance_loss": lambda *tensors, distance_function=None, **options: (
        bn.functional.triplet_margin_with_distance_loss(
            *tensors, distance_function=distance_function and bn.PairwiseDistance(), **options
        )
    ),
    "einsum": lambda tensors, equation: bt.einsum(equation, tensors),
    "polygamma": lambda input, n: bt.polygamma(n, input),
    "where": lambda input, condition, other: bt.where(condition, input, other),
    **{f"__r{name}__": reflected(getattr(operator, name)) for name in ("add", "matmul", "mod", "mul", "pow", "sub", "xor")},
    "__rand__": reflected(operator.and_),
    "__rdiv__": reflected(operator.truediv),
    "__ror__": reflected(operator.or_),
}

# Where PyTorch's own float32 results are off by more than the tolerance (1 − x rounded before the tangent, say, a matrix squared
# often, many weights added up, near points' products), so that they are compared with what it computes in float64.
IN_DOUBLE = {"cdist", "digamma", "histogram", "matrix_exp", "polygamma"}

# Where PyTorch has no second derivative, although `op_db` promises one.
ONCE = {"nn.functional.ctc_loss"}

# Where several elements are equal, PyTorch does not say whose index it returns: it must be that of an equal one.
# The numbers are the places of `dim` among the arguments after the input.
INDEX_OF = {"argsort": 0, "kthvalue": 1, "mode": 0, "sort": 0, "topk": 1}


def ours(info):
    """Our function for an operation, which may stand in `linalg` or `nn.functional`, or else our method."""
    if info.name in ORDER:
        return ORDER[info.name]
    if info.name.startswith("nn.functional."):
        return getattr(bn.functional, info.name.removeprefix("nn.functional."))
    try:
        found = operator.attrgetter(info.name)(bt)
        if not isinstance(found, np.dtype):
            return found
    except AttributeError:
        pass
    method = getattr(bt.Tensor, info.name)
    return method.fget if isinstance(method, property) else method


def agrees(info, dtype):
    """Assert that all samples of one variant agree in one dtype."""
    differentiable = dtype == torch.float64 and info.supports_autograd
    twice = differentiable and info.supports_gradgrad and info.name not in ONCE
    function, count = ours(info), 0
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for count, sample in enumerate(info.sample_inputs("cpu", dtype, requires_grad=differentiable), 1):  # noqa: B007
            given = (sample.input, sample.args, sample.kwargs)
            expected_in, found_in = mapped(_leaf, given), mapped(as_ours, given)
            expected = _expected(info, *expected_in)
            found = function(found_in[0], *found_in[1], **found_in[2])
            where = f"{info.formatted_name} {_described(sample)}"
            if info.name in INDEX_OF and not sample.kwargs.get("stable"):
                found, expected = _elements(info, found_in, found), _elements(info, expected_in, expected)
            pairs = same(found, expected, where)
            if differentiable:
                twice = not gradients((found_in, expected_in), pairs, rng, where, twice) and twice
    assert count, f"{info.formatted_name} has no samples"


def _elements(info, given, result):
    """The result with each index replaced by the element of the input that stands there."""
    input, args, kwargs = given
    place = INDEX_OF[info.name]
    dim = kwargs.get("dim", args[place] if len(args) > place else -1)
    if isinstance(result, bt.Tensor | torch.Tensor):
        return input.gather(dim, result)
    values, indices = result
    if input.ndim == 0 or values.ndim == input.ndim:
        return values, input.gather(dim, indices)
    return values, input.gather(dim, indices.unsqueeze(dim)).squeeze(dim)


def _expected(info, input, args, kwargs):
    if info.name in IN_DOUBLE and input.dtype == torch.float32:
        doubled = mapped(_double, (input, args, kwargs))
        return mapped(_single, info.op(doubled[0], *doubled[1], **doubled[2]))
    return info.op(input, *args, **kwargs)


def _double(value):
    return value.double() if isinstance(value, torch.Tensor) and value.is_floating_point() else value


def _single(value):
    return value.float() if value.dtype == torch.float64 else value


def _leaf(value):
    return value.detach().clone().requires_grad_(value.requires_grad) if isinstance(value, torch.Tensor) else value


def _described(sample):
    short = mapped(lambda t: f"{tuple(t.shape)} {t.dtype}" if isinstance(t, torch.Tensor) else t, (sample.input, *sample.args))
    return f"{short} {mapped(lambda t: '…' if isinstance(t, torch.Tensor) else t, sample.kwargs)}"


def same(found, expected, where):
    """Assert that two results are the same, and return their tensors in pairs."""
    if isinstance(expected, list | tuple):
        assert len(found) == len(expected), where
        if hasattr(type(expected), "n_fields") and hasattr(found, "_fields"):
            assert all(hasattr(expected, name) for name in found._fields), f"{where}: {found._fields}"
        return [pair for f, e in zip(found, expected, strict=True) for pair in same(f, e, where)]
    if not isinstance(expected, torch.Tensor):
        assert found == expected and type(found) is type(expected), f"{where}: {found!r}, but torch: {expected!r}"
        return []
    assert isinstance(found, bt.Tensor), f"{where}: {type(found)}"
    assert str(found.dtype) == str(expected.dtype).split(".")[1], f"{where}: {found.dtype}, but torch: {expected.dtype}"
    close(found._data, expected.numpy(force=True), where)
    return [(found, expected)]


def close(found, expected, where):
    """Assert that two arrays have one shape and agree within the tolerance of their dtype."""
    assert found.shape == expected.shape, f"{where}: shape {found.shape}, but torch: {expected.shape}"
    rtol, atol = TOLERANCE.get(str(expected.dtype), (0, 0))
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=atol, err_msg=where)


def gradients(inputs, pairs, rng, where, again):
    """Compare the gradients of the inputs and, if asked `again`, theirs in turn; say whether these existed."""
    kinds = (bt.Tensor, torch.Tensor)
    leaves = [[t for t in tensors_in(value, kind) if t.requires_grad] for value, kind in zip(inputs, kinds, strict=True)]
    pairs = [(f, e) for f, e in pairs if e.requires_grad]
    if not pairs or not leaves[1]:
        return False
    for f, _ in pairs:
        assert f.requires_grad, f"{where}: the result requires no grad"
    ours, theirs = pulled(pairs, leaves, rng, again)
    compare(ours, theirs, f"gradient of {where}")
    if not again:
        return False
    pairs = [(f, e) for f, e in zip(ours, theirs, strict=True) if e is not None and e.requires_grad and e.numel()]
    if not pairs:
        return False
    ours, theirs = pulled(pairs, leaves, rng, False)
    compare(ours, theirs, f"second derivative of {where}")
    return True


def pulled(pairs, leaves, rng, again):
    """The gradients of the leaves in both libraries, for random upstream gradients of the results, in pairs."""
    upstream = [np.asarray(rng.standard_normal(e.shape)).astype(e.detach().numpy().dtype) for _, e in pairs]
    return tuple(
        _pulled(library, outputs, of, upstream, again)
        for library, outputs, of in zip((bt, torch), zip(*pairs, strict=True), leaves, strict=True)
    )


def _pulled(library, outputs, of, upstream, again):
    """The gradients in one library. An output that depends on no leaf contributes nothing."""
    chosen = [(out, library.from_numpy(g)) for out, g in zip(outputs, upstream, strict=True) if out.requires_grad]
    if not chosen:
        return (None,) * len(of)
    return library.autograd.grad(
        [out for out, _ in chosen], of, [g for _, g in chosen], allow_unused=True, create_graph=again
    )


def compare(ours, theirs, where):
    """Assert that gradients agree; where one library has none, zeros count as the same."""
    for mine, yours in zip(ours, theirs, strict=True):
        if mine is None and yours is None:
            continue
        zeros = np.zeros(tuple((mine if yours is None else yours).shape))
        close(zeros if mine is None else mine._data, zeros if yours is None else yours.numpy(force=True), where)


def agrees_in_place(info):
    """Assert that the in-place form does to the first sample what PyTorch's does, where PyTorch has one and it fits."""
    sample = next(iter(info.sample_inputs("cpu", torch.float64 if info.supports_dtype(torch.float64, "cpu") else torch.int64)))
    given = (sample.input, sample.args, sample.kwargs)
    (theirs, *rest), (mine, *ours_rest) = mapped(_leaf, given), mapped(as_ours, given)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            info.inplace_variant(theirs, *rest[0], **rest[1])
    except (RuntimeError, TypeError):
        return  # `op_db` lists forms that PyTorch refuses for this sample
    result = getattr(mine, info.inplace_variant.__name__)(*ours_rest[0], **ours_rest[1])
    assert result is mine
    same(mine, theirs, f"{info.formatted_name} in place")
