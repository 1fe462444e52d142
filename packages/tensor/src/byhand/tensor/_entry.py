"""`Op`: what is known of one operation: its forward, its rules, its signature, and what to save for which gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ._names import torch_name
from ._signature import Missing, Parameter, defaults_of, names_of, parameters
from ._tensor import wrap

Rule = Callable[..., Any]
Promotion = Callable[[list[Any], dict[str, Any]], list[Any]]
_FACTS = frozenset({"shape", "shapes", "needs"})


class Pull(NamedTuple):
    """One rule of a plan, and where its arguments come from."""

    rule: Rule
    sources: tuple[Any, ...]  # of each argument: its place among what is saved, or the name of another fact
    facts: bool  # there are such names
    positions: tuple[int, ...]  # of the inputs whose gradients it returns
    joint: bool  # it returns several gradients, not one


class Plan(NamedTuple):
    """Given which inputs need gradients: the rules that run, and what is saved for them, in this order."""

    pulls: tuple[Pull, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    hidden: tuple[int, ...]
    names: tuple[str, ...]  # of everything that is saved


class Form(NamedTuple):
    """One way of calling an operation: at which place each array stands (−1: its default), and each option given."""

    arrays: list[tuple[int, Any]]
    leading: bool  # the arrays are the first of the arguments, in order
    options: list[tuple[str, int]]


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
        self.plans: dict[Any, Plan] = {}  # for each pattern of inputs that need gradients
        self.forms: dict[Any, Form] = {}  # for each number of positional arguments and names of others
        self.dispensable: set[str] = set()  # what rules can do without, if it has been changed in place
        self._remake: tuple[Rule, tuple[str, ...]] | None = None
        given = parameters(forward)
        arrays = [p for p in given if _is_array(p)]
        self.variadic = any([p.starred for p in given])
        self.arrays = tuple([p.name for p in arrays])
        self.missing = tuple([p.default for p in arrays])
        self.required = self.missing.count(Missing)
        self.defaults = {p.name: p.default for p in given if p not in arrays}
        if clash := set(self.arrays) & set(outputs):
            raise ValueError(f"{self.name}: {clash.pop()!r} names both an input and an output; a rule could not tell them apart")
        self.positional = tuple([p.name for p in given if p.positional])

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Sort a call's arguments into arrays, in order, and options, with the defaults filled in."""
        if self.variadic:
            form, values, arrays = self._form_of(0, kwargs), tuple(kwargs.values()), args
        else:
            form = self._form_of(len(args), kwargs)
            values = (*args, *kwargs.values()) if kwargs else args
            if form.leading:
                arrays = args[: len(form.arrays)]
            else:
                arrays = tuple([values[place] if place >= 0 else default for place, default in form.arrays])
        options = self.defaults.copy()
        for name, place in form.options:
            options[name] = values[place]
        return arrays, options

    def _form_of(self, count: int, kwargs: dict[str, Any]) -> Form:
        key = (count, *kwargs) if kwargs else count
        form = self.forms.get(key)
        if form is None:
            form = self.forms[key] = self._form(count, list(map(torch_name, kwargs)))
        return form

    def _form(self, count: int, keywords: list[str]) -> Form:
        """Work out, once for each form of call, where arrays and options stand. Raises TypeError if it does not fit."""
        if count > len(self.positional):
            raise TypeError(f"{self.name}() takes at most {len(self.positional)} positional arguments, got {count}")
        names = [*self.positional[:count], *keywords]
        places = {name: place for place, name in enumerate(names)}
        if len(places) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise TypeError(f"{self.name}() got multiple values for argument {twice!r}")
        unknown = [name for name in names if name not in self.defaults and (name not in self.arrays or self.variadic)]
        if unknown:
            known = ", ".join((*self.arrays, *self.defaults))
            raise TypeError(f"{self.name}() got an unexpected keyword argument {unknown[0]!r}; it takes {known}")
        needed = [] if self.variadic else list(self.arrays[: self.required])
        needed += [name for name, default in self.defaults.items() if default is Missing]
        missing = [name for name in needed if name not in places]
        if missing:
            raise TypeError(f"{self.name}() missing required argument {missing[0]!r}")
        arrays = [(places.get(name, -1), default) for name, default in zip(self.arrays, self.missing, strict=True)]
        leading = count >= len(arrays) and all(place == i for i, (place, _) in enumerate(arrays))
        return Form(arrays, leading, [(name, place) for name, place in places.items() if name in self.defaults])

    def plan(self, mask: int, count: int) -> Plan:
        """Work out, once for each pattern of gradient-requiring inputs, what runs and what is saved.

        Bit i of `mask` says that input i, of `count`, requires grad.
        """
        needs = tuple([bool(mask >> i & 1) for i in range(count)])
        places: dict[str, tuple[int, ...]] = {name: (i,) for i, name in enumerate(self.arrays)}
        if self.variadic:
            places[self.arrays[-1]] = tuple(range(len(self.arrays) - 1, len(needs)))
        chosen, asked, served = [], set[str](), set[int]()
        for inputs, (rule, names) in self.rules.items():
            positions = tuple(i for name in inputs for i in places[name])
            if any(needs[i] for i in positions):
                chosen.append((rule, names, positions, len(inputs) > 1 or (self.variadic and inputs[0] == self.arrays[-1])))
                asked.update(names)
                served.update(positions)
        self._check_served(needs, served)
        hidden = tuple(i for i, name in enumerate(self.outputs) if i >= self.public and name in asked)
        if hidden and self._remake:
            asked.update(self._remake[1])
        outputs = tuple(i for i, name in enumerate(self.outputs[: self.public]) if name in asked)
        kept = tuple(name for name in self.arrays if name in asked)
        saved = (*kept, *[self.outputs[i] for i in (*outputs, *hidden)])
        pulls = []
        for rule, names, positions, joint in chosen:
            sources = tuple(saved.index(name) if name in saved else name for name in names)
            pulls.append(Pull(rule, sources, not {*names} <= {*saved}, positions, joint))
        plan = Plan(tuple(pulls), tuple(places[name][0] for name in kept), outputs, hidden, saved)
        self.plans[(mask, count) if self.variadic else mask] = plan
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
        names = names_of(function)[skip:]
        self.dispensable |= {name for name, default in defaults_of(function).items() if default is None}
        known = {*self.arrays, *self.defaults, *self.outputs, *_FACTS}
        unknown = [name for name in names if name not in known]
        if unknown:
            raise ValueError(f"a rule of {self.name} asks for {unknown[0]!r}, which is none of {', '.join(sorted(known))}")
        return names


def _is_array(parameter: Parameter) -> bool:
    """Whether a forward's parameter is a tensor input: annotated `Array`, or not annotated and without a default."""
    if parameter.annotation is Missing:
        return parameter.default is Missing and (parameter.positional or parameter.starred)
    return str(parameter.annotation).startswith(("Array", "numpy.ndarray"))
