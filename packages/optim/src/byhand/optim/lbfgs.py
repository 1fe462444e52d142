"""L-BFGS: Newton's method with an inverse Hessian that is guessed from the last few steps."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from byhand.tensor import Tensor, enable_grad
from byhand.tensor._quiet import quietly
from byhand.tensor._tensor import wrap

from ._bundle import Array, State
from ._curvature import Curvature, plain, wrapped
from ._groups import Group, Params, check_rate
from ._line_search import Point, strong_wolfe
from .optimizer import Optimizer, check_writeable


class LBFGS(Optimizer):
    """θ ← θ + t d, with d = −H∇f, where H approximates the inverse Hessian: `_curvature` tells how.

    Nocedal and Wright, *Numerical Optimization* (2nd ed., 2006), algorithm 7.5; Liu and Nocedal, *On the limited memory BFGS
    method for large scale optimization* (1989). The step t is γ, the first time γ min(1, 1 / ‖∇f‖₁); with `line_search_fn`
    it is the first guess of a search (`_line_search`). All parameters are one long vector here, so there is one group, and
    one `step` is many iterations, each with evaluations of the closure:

        def closure():
            optimizer.zero_grad()
            loss = …
            loss.backward()
            return loss

        optimizer.step(closure)

    It wants the loss of the whole data: the change of gradient between two batches is no curvature.

    Args:
        params: tensors or (name, tensor) pairs; or one group of them.
        lr: γ, a number or a tensor of one element.
        max_iter: iterations in a step.
        max_eval: evaluations of the closure in a step; max_iter · 5/4 unless given.
        tolerance_grad: stop when no element of the gradient is larger.
        tolerance_change: stop when no parameter, or the loss, changes by more.
        history_size: how many changes of place and gradient H is made of.
        line_search_fn: "strong_wolfe", or None.

    Raises ValueError for a negative lr, or a second group; `step` raises RuntimeError for another line search.
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        options = {
            "lr": lr, "max_iter": max_iter, "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change, "history_size": history_size,
            "line_search_fn": line_search_fn,
        }  # fmt: skip
        super().__init__(params, options)

    def check(self, group: Group) -> None:
        """Raise ValueError if an option of the group is wrong."""
        check_rate(group)

    def add_param_group(self, param_group: Group) -> None:
        """Add the group. Raises ValueError for a second one, which PyTorch refuses only when it comes to a step."""
        if self.param_groups:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups); give it all parameters in one")
        super().add_param_group(param_group)

    def fitted(self, p: Tensor, number: Any, name: str, value: Any) -> Any:
        """Return a copy of a piece of state: counts as they are, tensors and lists of them in the parameter's dtype."""
        if isinstance(value, list):
            return [self.fitted(p, number, name, item) for item in value]
        if isinstance(value, Tensor | np.ndarray):
            return wrap(np.array(value._data if isinstance(value, Tensor) else value, p._data.dtype, order="C"))
        return copy.deepcopy(value)

    def step(self, closure: Callable[[], Any]) -> Any:
        """Iterate until a limit or a tolerance is reached; return what `closure` computed first.

        Args:
            closure: clears the gradients, computes the loss and its gradients, and returns it.

        Raises TypeError without a closure, RuntimeError for an unknown line search, before anything is computed.
        """
        if not callable(closure):
            raise TypeError(f"LBFGS evaluates the loss many times in a step: step(closure) needs a function, not {closure!r}")
        (group,) = self.param_groups
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise RuntimeError(f"only 'strong_wolfe' is supported, but line_search_fn is {group['line_search_fn']!r}")
        check_writeable(group["params"])
        state = self.state[group["params"][0]]  # PyTorch keeps the state, which is that of all, under the first
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        descent = Descent(group, state, closure)
        if not descent.flat():
            descent.run()
        return descent.returned


class Descent:
    """One call of `step`: where it stands and how it goes on.

    Args:
        group: parameters and options.
        state: what is kept from step to step, in PyTorch's format.
        closure: the user's.
    """

    def __init__(self, group: Group, state: State, closure: Callable[[], Any]) -> None:
        self.group = group
        self.state = state
        self.closure = closure
        self.rate = plain(group["lr"].reshape(()) if isinstance(group["lr"], Tensor) else group["lr"])
        self.curvature = Curvature(state, group["history_size"])
        self.before: Array | None = plain(state.get("prev_flat_grad"))
        self.direction: Array | None = plain(state.get("d"))
        self.step: Any = plain(state.get("t"))
        self.loss, self.gradient = self._evaluated()
        self.loss_before: float | None = state.get("prev_loss")
        self.evaluations = 1
        state["func_evals"] += 1

    def run(self) -> None:
        """Iterate, and keep what the next step goes on from."""
        most = self.group["max_iter"]
        for iteration in range(1, most + 1):
            self.state["n_iter"] += 1
            slope = quietly(self._turn)
            if slope > -self.group["tolerance_change"]:
                break
            self._go(slope, last=iteration == most)
            if iteration == most or self.evaluations >= self.group["max_eval"] or self.flat() or quietly(self._stuck):
                break
        self._keep()

    def flat(self) -> bool:
        """Return whether the gradient has vanished."""
        return bool(np.abs(self.gradient).max() <= self.group["tolerance_grad"])

    def _stuck(self) -> bool:
        """Return whether the last iteration has changed next to nothing."""
        tolerance = self.group["tolerance_change"]
        assert self.direction is not None and self.loss_before is not None
        return bool(np.abs(self.direction * self.step).max() <= tolerance or abs(self.loss - self.loss_before) < tolerance)

    def _turn(self) -> Any:
        """Choose direction and first guess of the step; return the slope of the loss along it."""
        if self.state["n_iter"] == 1:
            self.direction = -self.gradient
            self.step = min(1.0, 1.0 / np.abs(self.gradient).sum()) * self.rate
        else:
            assert self.direction is not None and self.before is not None
            self.curvature.learn(self.direction * self.step, self.gradient - self.before)
            self.direction = self.curvature.newton(self.gradient)
            self.step = self.rate
        self.before, self.loss_before = self.gradient, self.loss
        return np.dot(self.gradient, self.direction)

    def _go(self, slope: Any, last: bool) -> None:
        """Take the step: the first guess, or what the line search finds. The last guess of all is not evaluated."""
        spent = 0
        if self.group["line_search_fn"]:
            assert self.direction is not None
            start, most = Point(0, self.loss, self.gradient, slope), self.group["max_eval"] - self.evaluations
            length, tolerance = np.abs(self.direction).max(), self.group["tolerance_change"]
            origin = [p._data.copy() for p in self.group["params"]]
            point, spent = strong_wolfe(lambda t: self._look(t, origin), start, self.step, most, length, tolerance)
            self.step, self.loss, self.gradient = point.step, point.loss, point.gradient
            self._move(self.step)
        else:
            self._move(self.step)
            if not last:
                self.loss, self.gradient = self._evaluated()
                spent = 1
        self.evaluations += spent
        self.state["func_evals"] += spent

    def _look(self, step: Any, origin: list[Array]) -> Point:
        """Return the point a step away; the parameters are back at `origin` afterwards."""
        self._move(step)
        loss, gradient = self._evaluated()
        for p, array in zip(self.group["params"], origin, strict=True):
            p._data[...] = array
            p._version[0] += 1
        return Point(step, loss, gradient, quietly(np.dot, gradient, self.direction))

    def _evaluated(self) -> tuple[float, Array]:
        """Call the closure; return the loss, and the gradient of all parameters as one vector."""
        with enable_grad():
            returned = self.closure()
        if not hasattr(self, "returned"):
            self.returned = returned
        pieces = [np.zeros_like(p._data) if p._grad is None else p._grad._data for p in self.group["params"]]
        return float(returned), np.concatenate([piece.reshape(-1) for piece in pieces])

    def _move(self, step: Any) -> None:
        quietly(self._add, step)

    def _add(self, step: Any) -> None:
        """θ ← θ + t d"""
        start = 0
        assert self.direction is not None
        for p in self.group["params"]:
            p._data += step * self.direction[start : start + p._data.size].reshape(p._data.shape)
            p._version[0] += 1
            start += p._data.size

    def _keep(self) -> None:
        """Write the state under PyTorch's names."""
        kept = {"d": wrapped(self.direction), "t": wrapped(self.step)} | self.curvature.state()
        kept |= {"prev_flat_grad": wrapped(self.before), "prev_loss": self.loss_before}
        self.state |= {"al": kept["al"]} | kept if "al" in kept else kept
