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
rule's gradients are wanted. What no rule names is not kept alive.

Rules are plain NumPy, so that under `create_graph` they can run on tensors and be differentiated again. A kernel that
cannot (because it writes into buffers, say) is an op of its own, called from a rule through `.kernel`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, cast, overload

import numpy as np

from ._dtypes import FLOATING
from ._errors import explained
from ._graph import Array, Edge, Node, Pick
from ._modes import GRAD
from ._quiet import quietly
from ._tensor import FROZEN, Tensor, wrap
from ._views import follow_base, link_view

Rule = Callable[..., Any]
Promotion = Callable[[list[Any], dict[str, Any]], list[Any]]
_WEAK = frozenset({float, int, type(None)})  # beside floating tensors, these change no dtype
_FACTS = frozenset({"shape", "shapes", "needs"})
_ALIASES = {"axis": "dim", "keepdims": "keepdim"}  # PyTorch takes NumPy's names too


class Plan(NamedTuple):
    """Given which inputs need gradients: the rules that run, and what is saved for them."""

    rules: tuple[tuple[Rule, tuple[str, ...], tuple[int, ...], bool], ...]
    inputs: tuple[tuple[str, int], ...]
    outputs: tuple[tuple[str, int], ...]
    hidden: tuple[tuple[str, int], ...]


class OpFunction(Protocol):
    """What `@op` makes of a forward function."""

    __name__: str
    op: Op

    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
    def vjp(self, *inputs: str) -> Callable[[Rule], Rule]: ...
    def remake(self, function: Rule) -> Rule: ...
    def kernel(self, *args: Any, **kwargs: Any) -> Any: ...


class Op:
    """An operation: its forward on arrays, its rules, and what is known of its signature."""

    def __init__(
        self, forward: Callable[..., Any], promote: Promotion | None, view: bool, outputs: tuple[str, ...], public: int
    ) -> None:
        self.forward = forward
        self.name = forward.__name__
        self.promote = promote
        self.view = view
        self.outputs = outputs
        self.public = public
        self.rules: dict[tuple[str, ...], tuple[Rule, tuple[str, ...]]] = {}
        self.plans: dict[tuple[bool, ...], Plan] = {}
        self._remake: tuple[Rule, tuple[str, ...]] | None = None
        parameters = inspect.signature(forward).parameters.values()
        self.variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        self.arrays = tuple(p.name for p in parameters if _is_array(p))
        self.required = sum(p.default is p.empty for p in parameters if p.name in self.arrays)
        self.missing = tuple(p.default for p in parameters if p.name in self.arrays)
        self.defaults = {p.name: p.default for p in parameters if p.name not in self.arrays}
        self.positional = tuple(p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD)

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Sort a call's arguments into arrays, in order, and options, with the defaults filled in."""
        given = {_ALIASES.get(name, name): value for name, value in kwargs.items()} if kwargs else {}
        if self.variadic:
            return args, self._options(given)
        if len(args) > len(self.positional):
            raise TypeError(f"{self.name}() takes at most {len(self.positional)} positional arguments, got {len(args)}")
        for name, value in zip(self.positional, args, strict=False):
            if name in given:
                raise TypeError(f"{self.name}() got multiple values for argument {name!r}")
            given[name] = value
        missing = [name for name in self.arrays[: self.required] if name not in given]
        if missing:
            raise TypeError(f"{self.name}() missing required argument {missing[0]!r}: it takes {', '.join(self.positional)}")
        arrays = tuple([given.pop(name, default) for name, default in zip(self.arrays, self.missing, strict=True)])
        return arrays, self._options(given)

    def _options(self, given: dict[str, Any]) -> dict[str, Any]:
        options = self.defaults | given
        if len(options) != len(self.defaults):
            unknown = next(name for name in given if name not in self.defaults)
            names = ", ".join((*self.arrays, *self.defaults))
            raise TypeError(f"{self.name}() got an unexpected keyword argument {unknown!r}; it takes {names}")
        absent = [name for name, value in options.items() if value is inspect.Parameter.empty]
        if absent:
            raise TypeError(f"{self.name}() missing required argument {absent[0]!r}")
        return options

    def plan(self, needs: tuple[bool, ...]) -> Plan:
        """Work out, once for each pattern of gradient-requiring inputs, what runs and what is saved."""
        places = {name: (i,) for i, name in enumerate(self.arrays)}
        if self.variadic:
            places[self.arrays[-1]] = tuple(range(len(self.arrays) - 1, len(needs)))
        rules, asked, served = [], set[str](), set[int]()
        for inputs, (rule, names) in self.rules.items():
            positions = tuple(i for name in inputs for i in places[name])
            if any(needs[i] for i in positions):
                joint = len(inputs) > 1 or (self.variadic and inputs[0] == self.arrays[-1])
                rules.append((rule, names, positions, joint))
                asked.update(names)
                served.update(positions)
        self._check_served(needs, served)
        hidden = [(name, i) for i, name in enumerate(self.outputs) if i >= self.public and name in asked]
        if hidden and self._remake:
            asked.update(self._remake[1])
        plan = Plan(
            tuple(rules),
            tuple((name, places[name][0]) for name in self.arrays if name in asked),
            tuple((name, i) for i, name in enumerate(self.outputs[: self.public]) if name in asked),
            tuple(hidden),
        )
        self.plans[needs] = plan
        return plan

    def _check_served(self, needs: tuple[bool, ...], served: set[int]) -> None:
        for i, need in enumerate(needs):
            if need and i not in served:
                name = self.arrays[min(i, len(self.arrays) - 1)]
                raise RuntimeError(f"the derivative of {self.name} for {name!r} is not defined; detach() it first")

    def remade(self, tensors: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
        """The hidden outputs as tensors: recomputed from the inputs so that they can be differentiated, else constants."""
        names = self.outputs[self.public :]
        if self._remake is None:
            return {name: wrap(v) for name in names if isinstance(v := tensors.get(name), np.ndarray)}
        function, asked = self._remake
        return dict(zip(names, function(*[tensors[n] if n in tensors else options[n] for n in asked]), strict=True))

    def vjp(self, *inputs: str) -> Callable[[Rule], Rule]:
        """Register the rule that turns the output's gradient into that of `inputs` (a tuple, where they are several)."""
        unknown = [name for name in inputs if name not in self.arrays]
        if unknown:
            raise ValueError(f"{self.name} has no array input {unknown[0]!r}; it has {', '.join(self.arrays)}")

        def register(rule: Rule) -> Rule:
            self.rules[inputs] = (rule, self._asked(rule, skip=1))
            self.plans.clear()
            return rule

        return register

    def remake(self, function: Rule) -> Rule:
        """Register how hidden outputs follow from the inputs, for derivatives of higher order."""
        self._remake = (function, self._asked(function, skip=0))
        return function

    def _asked(self, function: Rule, skip: int) -> tuple[str, ...]:
        names = tuple(inspect.signature(function).parameters)[skip:]
        known = {*self.arrays, *self.defaults, *self.outputs, *_FACTS}
        unknown = [name for name in names if name not in known]
        if unknown:
            raise ValueError(f"a rule of {self.name} asks for {unknown[0]!r}, which is none of {', '.join(sorted(known))}")
        return names


def _is_array(parameter: inspect.Parameter) -> bool:
    """Whether a forward's parameter is a tensor input: annotated `Array`, or not annotated and without a default."""
    if parameter.annotation is parameter.empty:
        return parameter.default is parameter.empty and parameter.kind is not parameter.KEYWORD_ONLY
    return str(parameter.annotation).startswith(("Array", "numpy.ndarray"))


def record(op: Op, args: Any, arrays: list[Any], options: dict[str, Any], outs: tuple[Any, ...], results: Any) -> Node:
    """Make the node of one application: its parents, and the arrays that the rules in question ask for."""
    needs = tuple([isinstance(a, Tensor) and a._requires_grad for a in args])
    plan = op.plans.get(needs) or op.plan(needs)
    saved: dict[str, Any] = {}
    versions = []
    for name, i in plan.inputs:
        saved[name] = arrays[i]
        argument = args[i]
        if isinstance(argument, Tensor):
            counter = argument._version
            if counter is FROZEN:
                raise RuntimeError(
                    f"{op.name}: an inference tensor cannot be saved for backward ({name!r}, shape {tuple(argument.shape)}). "
                    "clone() it outside inference_mode first."
                )
            versions.append((name, counter, counter[0]))
    for name, i in plan.outputs:
        saved[name] = outs[i]
        versions.append((name, results[i]._version, results[i]._version[0]))
    for name, i in plan.hidden:
        saved[name] = outs[i]
    parents: tuple[Edge | None, ...] = tuple([(a._node or a) if need else None for a, need in zip(args, needs, strict=True)])
    shapes = tuple([a.shape if isinstance(a, np.ndarray) else () for a in arrays])
    return Node(op, plan, parents, saved, options, shapes, versions)


def _application(op: Op) -> Callable[..., Any]:
    """The function that applies `op` to tensors: the path that every operation takes."""
    forward, promote, defaults, view = op.forward, op.promote, op.defaults, op.view
    arity = -1 if op.variadic or inspect.Parameter.empty in defaults.values() else len(op.arrays)
    single = len(op.outputs) == 1
    takes_dtype = "dtype" in defaults

    def apply(*args: Any, **kwargs: Any) -> Any:
        options = defaults
        if kwargs or len(args) != arity:
            args, options = op.bind(args, kwargs)
        arrays: list[Any] = []
        requires, plain, dtype = False, True, None
        for a in args:
            if isinstance(a, Tensor):
                if a._base is not None:
                    follow_base(a)
                if a._requires_grad:
                    requires = True
                array = a._data
                if array.dtype is not dtype:
                    plain = plain and dtype is None
                    dtype = array.dtype
                arrays.append(array)
            else:
                plain = plain and type(a) in _WEAK
                arrays.append(a)
        if not plain or dtype not in FLOATING or (takes_dtype and options["dtype"] is not None):
            if promote is not None:
                args = promote(list(args), options)
            arrays, requires, args = _unwrap(op, args)

        try:
            out = quietly(forward, *arrays, **options)
        except Exception as error:
            raise explained(error, op.name, op.arrays, arrays, options) from error
        if single:
            if type(out) is not np.ndarray:
                out = np.asarray(out)
            result = wrap(out)
            if view:
                link_view(result, args[0])
            if requires and op.rules and GRAD.get():
                result._node = record(op, args, arrays, options, (out,), (result,))
                result._requires_grad = True
            return result
        return _several(op, args, arrays, options, tuple(map(np.asarray, out)), requires)

    return apply


def _unwrap(op: Op, args: Any) -> tuple[list[Any], bool, list[Any]]:
    """The arrays behind the arguments, after foreign arrays have become tensors."""
    args = [wrap(np.asarray(a)) if isinstance(a, np.ndarray | np.generic) else a for a in args]
    arrays = [a._data if isinstance(a, Tensor) else a for a in args]
    for name, array in zip(op.arrays, arrays, strict=False):
        if not isinstance(array, np.ndarray | int | float | complex | None):
            raise TypeError(f"{op.name}(): argument {name!r} must be Tensor, not {type(array).__name__}")
    return arrays, any([isinstance(a, Tensor) and a._requires_grad for a in args]), args


def _several(op: Op, args: Any, arrays: list[Any], options: dict[str, Any], outs: tuple[Any, ...], requires: bool) -> Any:
    """Wrap the outputs of an operation that has several; the hidden ones stay in the node."""
    results = tuple([wrap(out) for out in outs[: op.public]])
    if requires and op.rules and GRAD.get():
        node = record(op, args, arrays, options, outs, results)
        if op.public == 1:
            results[0]._node, results[0]._requires_grad = node, True
        else:
            node.outputs = tuple([(out.shape, out.dtype) for out in outs[: op.public]])
            for i, result in enumerate(results):
                if result._data.dtype in FLOATING:
                    result._node, result._requires_grad = Pick(node, i), True
    return results[0] if op.public == 1 else results


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
        view: the result may share the first input's memory.
        outputs: the names of what the forward returns, by which rules may ask for them.
        public: how many of the outputs the caller sees (all, unless given); the others are only kept for the rules.
    """
    if forward is None:
        return functools.partial(op, promote=promote, view=view, outputs=outputs, public=public)
    entry = Op(forward, promote, view, outputs, len(outputs) if public is None else public)
    function = functools.wraps(forward)(_application(entry))

    def kernel(*args: Any, **kwargs: Any) -> Any:
        """Same in, same out: arrays are handled at once, tensors are recorded."""
        if any([isinstance(a, Tensor) for a in args]):
            return function(*args, **kwargs)
        out = forward(*args, **kwargs)
        return out[0] if entry.public == 1 and len(outputs) > 1 else out

    function.op, function.vjp, function.remake, function.kernel = entry, entry.vjp, entry.remake, kernel  # type: ignore[attr-defined]
    return cast(OpFunction, function)
