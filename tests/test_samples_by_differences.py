"""Every operation with samples in `op_db` against differences: first derivatives, and the derivatives of those.

One sample each, the smallest of the first few in which every input has an element. PyTorch only makes the samples here.
"""

import itertools
import warnings

import byhand.tensor as bt
import opinfo
import pytest
import torch

FIRST = 12  # samples among which the smallest is looked for
LARGE = 260  # elements from which on differences take too long
SMALL = 40  # elements up to which second derivatives are checked too: their cost grows with the square
ELSEWHERE = {
    "nn.functional.rrelu": "draws its slopes anew at each call",
    "nn.functional.multi_head_attention_forward": "its samples drop out at random; gradcheck stands in its own tests",
    "nn.functional.linear_cross_entropy": "in chunks it refuses to be differentiated twice, as PyTorch's",
    "nn.functional.ctc_loss": "its gradient, as PyTorch's, is that of inputs that are normalised first",
    "cholesky_inverse": "its samples are made triangular by functions for PyTorch's own tensors",
    "linalg.norm": "one variant is of the kinks themselves",
    "__rpow__": "the smallest sample has 0 as its base, where the slope has a jump",
    "float": "differences drown in float32",
    "half": "differences drown in float16",
    "to": "takes arguments here that say what is meant",
    "zero_": "changes its input",
}


def has_ours(info):
    try:
        opinfo.ours(info)
    except AttributeError:
        return False
    return True


def chosen(info):
    """The smallest of the first samples that have something to differentiate, and how many elements, or None."""
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = list(itertools.islice(info.sample_inputs("cpu", torch.float64, requires_grad=True), FIRST))
    fitting = []
    for sample in made:
        leaves = [t for t in opinfo.tensors_in([sample.input, list(sample.args), sample.kwargs], torch.Tensor) if t.requires_grad]
        if leaves and all(t.numel() for t in leaves):
            fitting.append((sum(t.numel() for t in leaves), sample))
    return min(fitting, key=lambda pair: pair[0]) if fitting else None


INFOS = [
    info
    for info in itertools.chain.from_iterable(opinfo.INFOS.values())
    if info.supports_autograd and info.supports_dtype(torch.float64, "cpu") and info.name not in ELSEWHERE and has_ours(info)
]


@pytest.mark.parametrize("info", INFOS, ids=lambda info: info.formatted_name)
def test_differences(info):
    found = chosen(info)
    if found is None:
        pytest.skip("no sample has anything to differentiate")
    elements, sample = found
    if elements > LARGE:
        pytest.skip(f"the smallest sample has {elements} elements")
    input, args, kwargs = opinfo.mapped(opinfo.as_ours, (sample.input, sample.args, sample.kwargs))
    leaves = [t for t in opinfo.tensors_in([input, list(args), kwargs], bt.Tensor) if t.requires_grad]
    function = opinfo.ours(info)

    def call(*given):
        replaced = dict(zip(map(id, leaves), given, strict=True))
        swap = lambda value: _swapped(value, replaced)  # noqa: E731
        # For some inputs the wrapper makes matrices symmetric, where only such are differentiated.
        result = info.gradcheck_wrapper(function, swap(input), *swap(list(args)), **swap(kwargs))
        return tuple(t for t in opinfo.tensors_in(result, bt.Tensor) if t.requires_grad)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert bt.autograd.gradcheck(call, leaves)
        if info.supports_gradgrad and elements <= SMALL:
            assert bt.autograd.gradgradcheck(call, leaves)


def _swapped(value, replaced):
    """The value with each leaf in it replaced."""
    if isinstance(value, bt.Tensor):
        return replaced.get(id(value), value)
    if isinstance(value, list | tuple):
        return type(value)(_swapped(part, replaced) for part in value)
    return {key: _swapped(part, replaced) for key, part in value.items()} if isinstance(value, dict) else value
