"""`Optimizer`: parameter groups, state, hooks and the course of a step. The formulas are in `sgd`, `adam` and their like."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable
from operator import is_
from typing import Any, ClassVar, NamedTuple

import numpy as np
from byhand.tensor import Tensor, enable_grad, no_grad
from byhand.tensor._handles import RemovableHandle
from byhand.tensor._quiet import quietly
from byhand.tensor._tensor import wrap

from ._bundle import BLOCK, Array, Bundle, State, bundles
from ._checkpoint import fitted, packed, unpacked
from ._groups import Group, Params, as_groups, check_implementation, completed


class Plan(NamedTuple):
    """How the parameters of a group that have gradients are updated, for as long as nobody replaces their memory."""

    made_for: list[Any]
    bundles: list[Bundle]


def hooked(step: Callable[..., Any]) -> Callable[..., Any]:
    """Return `step` with the optimiser's hooks called before and after it."""

    @functools.wraps(step)
    def with_hooks(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        for before in list(self._step_pre_hooks.values()):
            changed = before(self, (self, *args), kwargs)
            if changed is not None:
                if not (isinstance(changed, tuple) and len(changed) == 2):
                    raise RuntimeError(f"a step pre-hook must return None or (new_args, new_kwargs), but got {changed!r}")
                (_, *args), kwargs = changed
        self._opt_called = True
        result = step(self, *args, **kwargs)
        for after in list(self._step_post_hooks.values()):
            after(self, (self, *args), kwargs)
        return result

    return with_hooks


class Optimizer:
    """Base of all optimisers.

    A new one says which `slots` of state a parameter has and how to `update` flat arrays; or, as in PyTorch, overrides `step`.

    Args:
        params: tensors, (name, tensor) pairs, or dictionaries `{"params": …, option: value}`, one for each group.
        defaults: the options of a group that does not say otherwise.

    Raises ValueError: no parameters, one given twice, a non-leaf, a wrong option. Raises TypeError: not tensors.
    """

    numbers: ClassVar[tuple[str, ...]] = ("step",)  # state that is one float32 number, not an array of the parameter's shape

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = hooked(cls.__dict__["step"])  # type: ignore[method-assign]

    def __init__(self, params: Params, defaults: Group) -> None:
        self._check(defaults)
        self.defaults = defaults
        self.state: defaultdict[Any, State] = defaultdict(dict)
        self.param_groups: list[Group] = []
        self._start()
        for group in as_groups(params):
            self.add_param_group(group)

    def _start(self) -> None:
        """Set what is neither copied nor pickled."""
        self._step_pre_hooks: dict[int, Callable[..., Any]] = {}
        self._step_post_hooks: dict[int, Callable[..., Any]] = {}
        self._plans: dict[int, Plan] = {}
        self._scratch: dict[Any, Array] = {}
        self._opt_called = False  # schedulers warn if they step first

    def _check(self, group: Group) -> None:
        check_implementation(group)
        self.check(group)

    # ------------------------------------------------------------------ what an algorithm says

    def check(self, group: Group) -> None:
        """Raise ValueError if an option of the group is wrong."""

    def slots(self, group: Group) -> dict[str, float]:  # noqa: ARG002
        """Return the names of a parameter's state, each with the value it starts from.

        Each is an array of the parameter's shape, but for `numbers`, of which "step", the count of updates, is kept by the
        base class.
        """
        return {}

    def update(self, group: Group, step: int, param: Array, grad: Array, state: dict[str, Array], scratch: Array) -> None:
        """Change a flat stretch of `param` and `state` in place.

        Args:
            group: the options.
            step: the number of this update, from 1.
            param, grad: the values, and their gradient, which must not be changed.
            state: the slots; of a number an array in which it is repeated.
            scratch: two rows of working memory of the same length.
        """
        raise NotImplementedError(f"{type(self).__name__} must define update() or step()")

    def layout(self, name: str, p: Tensor) -> tuple[tuple[int, ...], Any]:
        """Return shape and dtype of a piece of a parameter's state: its own, or those of a number."""
        return ((), np.float32) if name in self.numbers else (p._data.shape, p._data.dtype)

    def advance(self, group: Group, step: int, numbers: dict[str, Array]) -> None:
        """Change in place what is one number for each parameter, but for "step", after their update."""

    # ------------------------------------------------------------------ the course of a step

    @hooked
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient, once; return what `closure`, if given, computed first.

        Args:
            closure: clears the gradients, computes the loss and its gradients, and returns it.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        self._update_all()
        return loss

    def _update_all(self) -> None:
        plans = [self._plan(i, group) for i, group in enumerate(self.param_groups)]
        quietly(self._run, plans)

    def _run(self, plans: list[Plan]) -> None:
        for group, plan in zip(self.param_groups, plans, strict=True):
            for bundle in plan.bundles:
                grad = bundle.gather()
                for where, param, state, scratch in bundle.blocks:
                    self.update(group, bundle.steps, param, grad[where], state, scratch)
                self.advance(group, bundle.steps, bundle.numbers)
                bundle.scatter()

    def _plan(self, index: int, group: Group) -> Plan:
        """Return the plan for a group: the last step's, if the same parameters still lie in the same memory."""
        params = [p for p in group["params"] if p._grad is not None]
        check_gradients(params)
        slots = self.slots(group)
        memory = self._memory(params, slots)
        plan = self._plans.get(index)
        if plan is None or len(plan.made_for) != len(memory) or not all(map(is_, plan.made_for, memory)):
            divided = self._divided(params, slots)
            plan = self._plans[index] = Plan(self._memory(params, slots), divided)
        return plan

    def _memory(self, params: list[Tensor], slots: dict[str, float]) -> list[Any]:
        """Return the parameters, their arrays and those of their state: the objects to which a plan is tied."""
        memory: list[Any] = [*params, *[p._data for p in params]]
        if slots:
            states = [self.state[p] for p in params]
            memory += [kept._data for state in states for name in slots if (kept := state.get(name)) is not None]
        return memory

    def _divided(self, params: list[Tensor], slots: dict[str, float]) -> list[Bundle]:
        check_writeable(params)
        found: list[Bundle] = []
        for dtype in dict.fromkeys(p._data.dtype for p in params):
            if dtype not in self._scratch:
                self._scratch[dtype] = np.empty((2, BLOCK), dtype)
            alike = [p for p in params if p._data.dtype == dtype]
            steps = [self.begin(p, slots) for p in alike]
            states = [{name: self.state[p][name] for name in slots} if slots else {} for p in alike]
            found += bundles(alike, states, steps, self.numbers, self._scratch[dtype])
        return found

    def begin(self, p: Tensor, slots: dict[str, float]) -> int:
        """Give a parameter the state that it lacks; return how many updates it has had (where none are counted: 0 or 1)."""
        if not slots:
            return 0
        state = self.state[p]
        missing = {name: value for name, value in slots.items() if state.get(name) is None}
        for name, value in missing.items():
            shape, dtype = self.layout(name, p)
            state[name] = wrap(np.full(shape, value, dtype))
        for name in slots:
            if state[name]._data.shape != self.layout(name, p)[0]:
                raise RuntimeError(f"{name!r} has shape {tuple(state[name].shape)}, but its parameter has {tuple(p.shape)}")
        return int(state["step"]._data) if "step" in slots else int(not missing)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients; or, with `set_to_none=False`, fill those that exist with zeros."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none or p._grad is None:
                    p._grad = None
                    continue
                if p._grad.requires_grad:
                    p._grad.detach_()
                with no_grad():
                    p._grad.zero_()

    # ------------------------------------------------------------------ groups and hooks

    def add_param_group(self, param_group: Group) -> None:
        """Add a group `{"params": …, option: value}`, such as layers that were frozen until now.

        Keys that the optimiser does not know are carried along, as in PyTorch. Raises as the constructor does.
        """
        self.param_groups.append(completed(param_group, self.defaults, self.param_groups, self._check))

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` before each step; it may return new (args, kwargs). `args[0]` is the optimiser."""
        return RemovableHandle(self._step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable[..., None]) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` after each step."""
        return RemovableHandle(self._step_post_hooks, hook)

    # ------------------------------------------------------------------ keeping

    def state_dict(self) -> dict[str, Any]:
        """Return state and options in PyTorch's format, with parameters numbered from 0. Not a copy: deepcopy it to keep it."""
        return packed(self.param_groups, self.state)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over copies of the state and options of `state_dict()`, here or (as arrays) in PyTorch.

        State is brought to the dtype of its parameter. Raises ValueError, before anything changes, if groups or shapes
        do not match or an option is wrong.
        """
        groups, state = unpacked(state_dict, self.param_groups, self.defaults, self.fitted)
        for group in groups:
            self._check(group)
        self.__setstate__({"state": state, "param_groups": groups})

    def fitted(self, p: Tensor, number: Any, name: str, value: Any) -> Any:
        """Return a copy of a loaded piece of the state of `p`, which is parameter `number`, as this optimiser keeps it.

        Raises ValueError if it does not fit.
        """
        return fitted(number, name, value, *self.layout(name, p))

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if "_plans" not in self.__dict__:
            self._start()

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join(lines) + "\n)"


def check_writeable(params: list[Tensor]) -> None:
    """Raise RuntimeError if a parameter cannot be changed."""
    for p in params:
        if not p._data.flags.writeable:
            raise RuntimeError(f"a parameter of shape {tuple(p.shape)} lies in read-only memory; clone() it first")


def check_gradients(params: list[Tensor]) -> None:
    """Raise RuntimeError if a gradient has not the shape of its parameter: some would broadcast."""
    for p in params:
        if p._grad._data.shape != p._data.shape:  # type: ignore[union-attr]
            raise RuntimeError(
                f"the gradient of a parameter of shape {tuple(p.shape)} has shape {tuple(p._grad.shape)}: "  # type: ignore[union-attr]
                "its memory was replaced after the backward pass; call zero_grad() and compute the gradient anew"
            )


def descent(group: Group, param: Array, grad: Array, scratch: Array) -> Array:
    """Return the gradient to go down along, with λ = `weight_decay` as an L2 term: ±g + λθ (−g where `maximize`).

    The rows of `scratch` may be used for it; the first may hold the result.
    """
    if group["maximize"]:
        grad = np.negative(grad, out=scratch[0])
    if group["weight_decay"]:
        np.multiply(param, float(group["weight_decay"]), out=scratch[1])
        grad = np.add(grad, scratch[1], out=scratch[0])
    return grad


def decayed(group: Group, param: Array, grad: Array, scratch: Array) -> Array:
    """Shrink the parameters by λ = `weight_decay`, θ ← (1 − γλ)θ, and return ±g (−g where `maximize`).

    The first row of `scratch` may hold the result.
    """
    if group["weight_decay"]:
        param *= 1 - float(group["lr"]) * group["weight_decay"]
    return np.negative(grad, out=scratch[0]) if group["maximize"] else grad
