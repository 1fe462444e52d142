"""One op, one place: a plain function on arrays plus one rule for each differentiable input.

    @op
    def tanh(input: Array) -> Array:
        r\"\"\"y = tanh x.   dy/dx = 1 − tanh² x = 1 − y²   ⇒   x̄ = ȳ (1 − y²)\"\"\"
        return np.tanh(input)

    @tanh.vjp("input")
    def _(g, out):
        return g * (1 - out * out)

**The forward's signature is the operation's signature.** Parameters annotated `Array` are tensors (or numbers), all others
are options. **A rule's parameters after `g` are the list of what is saved**: names of inputs, of options or of outputs;
`shape` is the shape of the input whose gradient is asked, `shapes` those of all inputs, and `needs` says which of a joint
rule's gradients are wanted. What no rule names is not kept alive. A parameter with the default None is what a rule can do
without: it gets None if that has been changed in place since, which is an error otherwise.

Rules are plain NumPy, so that under `create_graph` they can run on tensors and be differentiated again. A kernel that
cannot (because it writes into buffers, say) is an op of its own, called from a rule through `.kernel`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Protocol, cast, overload

from ._apply import application
from ._entry import Op, Promotion, Rule
from ._tensor import Tensor


class OpFunction(Protocol):
    """What `@op` makes of a forward function."""

    __name__: str
    op: Op

    def __call__(self, *args: Any, **kwargs: Any) -> Tensor: ...
    def vjp(self, *inputs: str) -> Callable[[Rule], Rule]: ...
    def remake(self, function: Rule) -> Rule: ...
    def kernel(self, *args: Any, **kwargs: Any) -> Any: ...


@overload
def op(forward: Callable[..., Any]) -> OpFunction: ...
@overload
def op(
    *, promote: Promotion | None = None, view: bool = False, outputs: tuple[str, ...] = ("out",), public: int | None = None
) -> Callable[[Callable[..., Any]], OpFunction]: ...
def op(
    forward: Callable[..., Any] | None = None,
    *,
    promote: Promotion | None = None,
    view: bool = False,
    outputs: tuple[str, ...] = ("out",),
    public: int | None = None,
) -> Any:
    """Turn a function on arrays into an operation on tensors.

    Args:
        promote: how the inputs come to one dtype; one of the strategies in `_promotion`, or None to leave them alone.
        view: the result (or each of several) may share the first input's memory.
        outputs: the names of what the forward returns, by which rules may ask for them.
        public: how many of the outputs the caller sees (all, unless given); the others are only kept for the rules.
    """
    if forward is None:
        return functools.partial(op, promote=promote, view=view, outputs=outputs, public=public)
    entry = Op(forward, promote, view, outputs, len(outputs) if public is None else public)
    function = functools.wraps(forward)(application(entry))

    def kernel(*args: Any, **kwargs: Any) -> Any:
        """Same in, same out: arrays are handled at once, tensors are recorded."""
        for a in args:
            if isinstance(a, Tensor):
                return function(*args, **kwargs)
        out = forward(*args, **kwargs)
        return out[0] if entry.public == 1 and len(outputs) > 1 else out

    function.op, function.vjp, function.remake, function.kernel = entry, entry.vjp, entry.remake, kernel  # type: ignore[attr-defined]
    return cast(OpFunction, function)
