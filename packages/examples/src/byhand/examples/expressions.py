"""Formulas typed by a user: read without `eval`, computed by whichever engine is asked.

Python's own parser makes a tree of the text; then only what is listed here is understood: numbers, names, arithmetic,
`@`, indexing, `.T`, and the functions below, either as `exp(x)` or as `x.exp()`. Nothing else can be run.
"""

import ast
import difflib
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import EllipsisType
from typing import Any, NoReturn

__all__ = ["BINARY", "Expression", "ExpressionError", "REDUCTIONS", "UNARY", "parse"]

UNARY = ("abs", "cos", "exp", "log", "relu", "sigmoid", "sin", "sqrt", "tanh")
BINARY = ("maximum", "minimum")
REDUCTIONS = ("max", "mean", "min", "sum")
FUNCTIONS = UNARY + BINARY + REDUCTIONS
OPTIONS = {"dim": "dim", "axis": "dim", "keepdim": "keepdim", "keepdims": "keepdim"}

ARITHMETIC: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.MatMult: operator.matmul,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
LONGEST = 400  # characters: a formula this short cannot nest too deeply to be walked

Call = Callable[..., Any]  # call(name, *operands, **options): an engine's functions
Inputs = Mapping[str, Any]
Code = Callable[[Call, Inputs], Any]


class ExpressionError(ValueError):
    """The text is no formula that this module understands, or it does not fit the shapes of its inputs."""


@dataclass(frozen=True)
class Expression:
    """A formula, with the names of its inputs in order of appearance.

    `wants_arrays` says whether something in it (a sum, a product `@`, an index) makes sense for arrays only.
    """

    text: str
    names: tuple[str, ...]
    wants_arrays: bool
    code: Code

    def evaluate(self, call: Call, inputs: Inputs) -> Any:
        """The formula's value: operators are those of the inputs, and functions are `call(name, *operands, **options)`.

        Raises ExpressionError if the shapes do not fit, or if plain numbers overflow or are divided by zero.
        """
        try:
            return self.code(call, inputs)
        except (ArithmeticError, IndexError, TypeError, ValueError) as error:
            raise ExpressionError(f"{self.text!r} cannot be computed: {error}") from error


def parse(text: str) -> Expression:
    """Read a formula. Raises ExpressionError, with the place, if anything in it is not understood."""
    text = text.strip()
    if len(text) > LONGEST:
        raise ExpressionError(f"the expression is {len(text)} characters long; at most {LONGEST} are read")
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        where = f", column {error.offset}" if error.offset else ""
        raise ExpressionError(f"{text!r} is no expression: {error.msg}{where}") from None
    except (ValueError, MemoryError, RecursionError) as error:
        raise ExpressionError(f"{text!r} is no expression: {error or 'it is nested too deeply'}") from None
    reader = _Reader(text)
    code = reader.value(tree)
    if not reader.names:
        raise ExpressionError(f"{text!r} has no variable, so there is no gradient to take; write, say, 'x * x'")
    return Expression(text, tuple(reader.names), reader.wants_arrays, code)


class _Reader:
    """Turns the nodes of a syntax tree into functions that compute them, and refuses those it does not know."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.names: list[str] = []
        self.wants_arrays = False

    def value(self, node: ast.expr) -> Code:
        """What stands where a number or an array is expected."""
        match node:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return self.number(number, node)
            case ast.Name(id=name):
                return self.name(name, node)
            case ast.UnaryOp(op=op, operand=operand) if type(op) in ARITHMETIC:
                return self.arithmetic(op, operand)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
                return self.arithmetic(op, left, right)
            case ast.Subscript(value=array, slice=index):
                return self.item(array, index)
            case ast.Attribute(value=array, attr="T"):
                return self.transposed(array)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords):
                return self.call(name, args, keywords, node)
            case ast.Call(func=ast.Attribute(value=operand, attr=name), args=args, keywords=keywords):
                return self.call(name, [operand, *args], keywords, node)
        self.refuse(node, "a formula has numbers, names, + − * / ** @, indexing, .T and functions, nothing else")

    def number(self, number: float, node: ast.expr) -> Code:
        try:
            constant = float(number)  # whole numbers too: 10**10**10 is then too large at once, not after an hour
        except OverflowError:
            self.refuse(node, "the number is too large")
        return lambda *_: constant

    def name(self, name: str, node: ast.expr) -> Code:
        if name in FUNCTIONS:
            self.refuse(node, f"{name} is a function: write {name}(…)")
        if name not in self.names:
            self.names.append(name)
        return lambda _, inputs: inputs[name]

    def arithmetic(self, op: ast.AST, *nodes: ast.expr) -> Code:
        apply, operands = ARITHMETIC[type(op)], [self.value(node) for node in nodes]
        self.wants_arrays |= isinstance(op, ast.MatMult)
        return lambda call, inputs: apply(*[operand(call, inputs) for operand in operands])

    def item(self, node: ast.expr, index_node: ast.expr) -> Code:
        array, index = self.value(node), self.index(index_node)
        self.wants_arrays = True
        return lambda call, inputs: array(call, inputs)[index]

    def transposed(self, node: ast.expr) -> Code:
        matrix = self.value(node)
        self.wants_arrays = True

        def code(call: Call, inputs: Inputs) -> Any:
            of = matrix(call, inputs)
            if len(getattr(of, "shape", ())) != 2:
                raise ExpressionError(f".T is for matrices, and {ast.unparse(node)!r} is none")
            return of.T

        return code

    def call(self, name: str, args: list[ast.expr], keywords: list[ast.keyword], node: ast.expr) -> Code:
        """`name(args)`, which is also how `args[0].name(…)` arrives: the operands come first, then the options."""
        if name not in FUNCTIONS:
            close = difflib.get_close_matches(name, FUNCTIONS, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(sorted(FUNCTIONS))}"
            self.refuse(node, f"there is no function {name!r}; {hint}")
        arity = 2 if name in BINARY else 1
        if len(args) < arity or any(isinstance(arg, ast.Starred) for arg in args):
            self.refuse(node, f"{name} takes {arity} operand{'s' * (arity > 1)}")
        options = self.options(name, args[arity:], keywords, node)
        operands = [self.value(arg) for arg in args[:arity]]
        self.wants_arrays |= name in REDUCTIONS
        return lambda call, inputs: call(name, *[operand(call, inputs) for operand in operands], **options)

    def options(
        self, name: str, extra: list[ast.expr], keywords: list[ast.keyword], node: ast.expr
    ) -> dict[str, int | bool]:
        """The `dim` and `keepdim` of a reduction, by place or by name."""
        given = [*zip(("dim", "keepdim", ""), extra), *((OPTIONS.get(k.arg or "", ""), k.value) for k in keywords)]
        if given and (name not in REDUCTIONS or "" in dict(given) or len(dict(given)) < len(given)):
            self.refuse(node, f"{name} is given too much; sum, mean, max and min take a dim and a keepdim")
        options = {}
        for option, literal in given:
            try:
                options[option] = ast.literal_eval(literal)
            except ValueError:
                self.refuse(literal, f"{option} must be written out")
        if type(options.get("dim", 0)) is not int or type(options.get("keepdim", False)) is not bool:
            self.refuse(node, "dim must be a whole number, keepdim True or False")
        return options

    def index(self, node: ast.expr) -> Any:
        """What stands between brackets: whole numbers, slices, `None`, `...`, and tuples of these."""
        match node:
            case ast.Tuple(elts=parts):
                return tuple(self.index(part) for part in parts)
            case ast.Slice(lower=lower, upper=upper, step=step):
                return slice(*(None if part is None else self.index(part) for part in (lower, upper, step)))
            case ast.Constant(value=None | int() | EllipsisType() as literal) if not isinstance(literal, bool):
                return literal
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as number)):
                return -number
        self.refuse(node, "an index is made of whole numbers, slices, None and ...")

    def refuse(self, node: ast.expr, reason: str) -> NoReturn:
        """Raise ExpressionError that shows the part of the text which `node` came from."""
        part = ast.get_source_segment(self.text, node) or self.text
        raise ExpressionError(f"{part!r} (column {node.col_offset + 1}) is not understood: {reason}")
