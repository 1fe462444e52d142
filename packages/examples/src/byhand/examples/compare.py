"""Gradients of one formula from independent sources, side by side: `compare("(x * y + x.exp()).sum()")`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
from byhand.examples.engines import Arrays, Differences, installed_engines
from byhand.examples.expressions import Expression, ExpressionError, parse
from rich import box
from rich.table import Table

__all__ = ["Comparison", "Disagreement", "compare"]

Array = npt.NDArray[np.float64]
LARGEST = 1000  # numbers in all inputs together: more rows than anybody reads, and each costs four evaluations
DEFAULT_SHAPES = ((2, 3), (3, 3), (3,), ())


@dataclass(frozen=True)
class Disagreement:
    """How far two sources are apart, and where; infinitely far if only one of them has a number there."""

    size: float
    place: str
    sources: tuple[str, str]

    def __str__(self) -> str:
        first, second = self.sources
        if not self.size:
            return "none, to the last bit"
        return f"{self.size:.1e} at {self.place}, between {first} and {second}"


@dataclass(frozen=True)
class Comparison:
    """The gradients of Σᵢ gᵢ yᵢ, where y = expression(inputs) and g = `upstream`, by source and by input."""

    expression: str
    inputs: dict[str, Array]
    result: Array
    upstream: Array
    gradients: dict[str, dict[str, Array]]

    @property
    def weighted(self) -> str:
        """What was differentiated, in words."""
        return f"Σ g · ({self.expression}), with random weights g" if self.result.ndim else self.expression

    def disagreement(self, *sources: str) -> Disagreement:
        """The largest difference |a − b| / max(1, |a|, |b|) between any two of the sources (of all, if none is named)."""
        found = (
            (_distance(self.gradients[a][name].item(at), self.gradients[b][name].item(at)), _place(name, at), (a, b))
            for a, b in combinations(sources or tuple(self.gradients), 2)
            for name, x in self.inputs.items()
            for at in np.ndindex(x.shape)
        )
        return Disagreement(*max(found, key=lambda one: one[0]))

    def table(self) -> Table:
        """One row for each number of each input: its value, its gradient from every source, how far these are apart."""
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
        table.add_column("", style="bold")
        table.add_column("value", justify="right", style="dim")
        for source in self.gradients:
            table.add_column(source, justify="right", no_wrap=True)
        table.add_column("apart", justify="right", style="cyan")
        for name, x in self.inputs.items():
            for at in np.ndindex(x.shape):
                found = [gradient[name].item(at) for gradient in self.gradients.values()]
                apart = max(_distance(a, b) for a, b in combinations(found, 2))
                table.add_row(_place(name, at), f"{x[at]:.4f}", *map(_figure, found), f"{apart:.0e}" if apart else "0")
            table.add_section()
        return table


def compare(
    expression: str,
    inputs: Mapping[str, npt.ArrayLike] | None = None,
    *,
    shapes: Mapping[str, Sequence[int]] | None = None,
    seed: int = 0,
) -> Comparison:
    """The gradients of a formula from the scalar engine, the tensor engine, finite differences, and PyTorch if installed.

    ```
    comparison = compare("tanh(x @ w + b).sum()", {"b": [0.1, 0.2]}, shapes={"x": (4, 3), "w": (3, 2)})
    comparison.gradients["tensor"]["w"]
    print(comparison.disagreement())
    ```

    Names without a value are drawn from N(0, 1), or from U(½, 1½) if the formula has no finite value there (the
    logarithm of a negative number). Names without a shape are numbers, or, in a formula with sums, indices or `@`,
    arrays of the first shape that fits: 2×3, 3×3, 3. A result that is not one number is weighted with a random
    gradient from above. Everything is float64 and follows from `seed`. At a kink (a tie in a maximum, abs and relu at
    0) the sources may rightly differ: there is no derivative. Raises ExpressionError if the formula is not understood
    or does not fit its inputs.
    """
    formula = parse(expression)
    given = {name: np.array(x, dtype=np.float64) for name, x in (inputs or {}).items()}
    arrays = _complete(formula, given, {name: tuple(shape) for name, shape in (shapes or {}).items()}, seed)
    result = Differences().value(formula, arrays)
    upstream = np.random.default_rng([seed, 1]).standard_normal(result.shape) if result.ndim else np.ones(())
    gradients = {engine.label: engine.gradients(formula, arrays, upstream) for engine in installed_engines()}
    return Comparison(formula.text, arrays, result, upstream, gradients)


def _complete(
    formula: Expression, given: dict[str, Array], shapes: dict[str, tuple[int, ...]], seed: int
) -> dict[str, Array]:
    """The inputs of the formula, the missing ones drawn at random. Raises ExpressionError if nothing fits."""
    for name in {**given, **shapes}:
        if name not in formula.names:
            raise ExpressionError(f"{formula.text!r} has no {name!r}; its names are {', '.join(formula.names)}")
        if name in given and given[name].shape != shapes.get(name, given[name].shape):
            raise ExpressionError(f"{name!r} has the values of shape {given[name].shape}, not {shapes[name]}")
    failure = None
    for shape in DEFAULT_SHAPES if formula.wants_arrays else ((),):
        wanted = {name: shapes.get(name, shape) for name in formula.names if name not in given}
        try:
            return _draw(formula, given, wanted, seed)
        except ExpressionError as error:
            failure = failure or error
    raise failure or ExpressionError(f"{formula.text!r} fits no inputs")


def _draw(formula: Expression, given: Arrays, wanted: dict[str, tuple[int, ...]], seed: int) -> dict[str, Array]:
    """Random inputs at which the formula has a finite value, if such are found at the first or the second try."""
    if sum(x.size for x in given.values()) + sum(np.prod(shape) for shape in wanted.values()) > LARGEST:
        raise ExpressionError(f"the inputs have more than {LARGEST} numbers, one row of the table for each: take smaller shapes")
    rng = np.random.default_rng(seed)
    anywhere = {**given, **{name: np.asarray(rng.standard_normal(shape)) for name, shape in wanted.items()}}
    if np.isfinite(Differences().value(formula, anywhere)).all():
        return {name: anywhere[name] for name in formula.names}
    positive = {**given, **{name: np.asarray(rng.uniform(0.5, 1.5, shape)) for name, shape in wanted.items()}}
    return {name: positive[name] for name in formula.names}


def _distance(a: float, b: float) -> float:
    """|a − b| / max(1, |a|, |b|): 0 for equal numbers, infinite ones and two nans included."""
    if a == b or (np.isnan(a) and np.isnan(b)):
        return 0.0
    distance = abs(a - b) / max(1.0, abs(a), abs(b))
    return float(distance) if np.isfinite(distance) else float("inf")


def _place(name: str, at: tuple[int, ...]) -> str:
    return f"{name}[{', '.join(map(str, at))}]" if at else name


def _figure(gradient: float) -> str:
    """A number with its point where the others in the column have theirs, if its size allows."""
    if gradient and not 1e-5 < abs(gradient) < 1e5 and abs(gradient) > 1e-11:
        return f"{gradient:.5e}"
    return f"{round(gradient, 7) + 0.0:.7f}"
