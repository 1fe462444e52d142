"""`Tensor`: an array, its gradient, and its place in the graph.

This file holds a tensor's state. Operations, operators and in-place forms are attached from the op table in `_methods`.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ._dtypes import FLOATING, DType
from ._graph import Array, Edge
from ._handles import RemovableHandle
from ._modes import INFERENCE
from ._size import Size as Size
from ._views import follow_base

FROZEN = [0]  # the version counter of every inference tensor; none of them can enter a graph


class Tensor:
    """An n-dimensional array of one dtype that can remember how it was computed.

    `Tensor(data)` makes a tensor of the default floating dtype; `tensor(data)` keeps the data's own.
    """

    __slots__ = (
        "__weakref__", "_base", "_data", "_grad", "_hooks", "_node", "_requires_grad", "_seen", "_version",
    )  # fmt: skip
    __hash__ = object.__hash__
    __array_priority__: ClassVar[int] = 1000

    _data: Array
    _node: Edge | None  # the step that made it; None for a leaf
    _requires_grad: bool
    _version: list[int]  # how often the memory was changed in place; shared by all views of it
    _grad: Tensor | None
    _base: Tensor | None  # the tensor of which it is a view
    _seen: int  # the version at which a view's graph was true
    _hooks: dict[str, dict[int, Callable[..., Any]]] | None  # those of a leaf; a step keeps its own

    if TYPE_CHECKING:  # what `_methods` attaches

        T: Tensor
        mT: Tensor

        def __getattr__(self, name: str) -> Any: ...
        def __getitem__(self, index: Any) -> Tensor: ...
        def __setitem__(self, index: Any, value: Any) -> None: ...
        def __neg__(self) -> Tensor: ...
        def __add__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __rtruediv__(self, other: Any) -> Tensor: ...
        def __pow__(self, other: Any) -> Tensor: ...
        def __rpow__(self, other: Any) -> Tensor: ...
        def __matmul__(self, other: Any) -> Tensor: ...
        def __rmatmul__(self, other: Any) -> Tensor: ...
        def __lt__(self, other: Any) -> Tensor: ...
        def __le__(self, other: Any) -> Tensor: ...
        def __gt__(self, other: Any) -> Tensor: ...
        def __ge__(self, other: Any) -> Tensor: ...
        def __invert__(self) -> Tensor: ...
        def __and__(self, other: Any) -> Tensor: ...
        def __or__(self, other: Any) -> Tensor: ...
        def backward(
            self,
            gradient: Tensor | None = None,
            retain_graph: bool | None = None,
            create_graph: bool = False,
            inputs: Tensor | Sequence[Tensor] | None = None,
        ) -> None: ...

    def __init__(self, data: Any = (), *, requires_grad: bool = False) -> None:
        from ._dtypes import get_default_dtype
        from .creation import tensor

        made = data if isinstance(data, Tensor) else tensor(data, dtype=get_default_dtype())
        self._start(made._data)
        self.requires_grad_(requires_grad)

    def _start(self, array: Array) -> Self:
        """Begin as a leaf over `array` that requires no gradient."""
        self._data = array
        self._node = None
        self._requires_grad = False
        self._version = [0] if not INFERENCE.get() else FROZEN
        self._grad = None
        self._base = None
        self._seen = 0
        self._hooks = None
        return self

    # ------------------------------------------------------------------ what it holds

    @property
    def shape(self) -> Size:
        """The sizes of the dimensions."""
        return Size(self._data.shape)

    @property
    def dtype(self) -> DType:
        """The elements' type."""
        dtype: DType = self._data.dtype
        return dtype

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return int(self._data.ndim)

    @property
    def device(self) -> str:
        """Where the memory is: always the CPU."""
        return "cpu"

    @property
    def itemsize(self) -> int:
        """Bytes an element."""
        return int(self._data.itemsize)

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return int(self._data.nbytes)

    @property
    def data(self) -> Tensor:
        """The same memory outside the graph; assigning replaces the memory and leaves the graph alone."""
        return wrap(self._data)

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"data must be a Tensor, not {type(value).__name__}; wrap it with tensor()")
        self._data = value._data

    # ------------------------------------------------------------------ its place in the graph

    @property
    def requires_grad(self) -> bool:
        """Whether gradients are computed for it."""
        if self._base is not None:
            follow_base(self)
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if self._node is not None and not value:
            raise RuntimeError("you can only change requires_grad flags of leaf variables; use detach() to leave the graph.")
        if value and self._data.dtype not in FLOATING:
            raise RuntimeError(
                f"only Tensors of floating point dtype can require gradients, got {self._data.dtype}; call float() first"
            )
        if value and self._version is FROZEN:
            raise RuntimeError("an inference tensor cannot require gradients; clone() it outside inference_mode first.")
        self._requires_grad = bool(value)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Set `requires_grad` and return the tensor."""
        self.requires_grad = requires_grad
        return self

    @property
    def grad(self) -> Tensor | None:
        """The gradient accumulated by `backward`; None until then."""
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(f"assigned grad expected to be a Tensor or None but got grad of type {type(value).__name__}")
            if value is self:
                raise RuntimeError("can't assign Variable as its own grad")
            if value._data.shape != self._data.shape or value._data.dtype != self._data.dtype:
                raise RuntimeError(
                    f"assigned grad has shape {value._data.shape} and dtype {value._data.dtype}; "
                    f"expected {self._data.shape} and {self._data.dtype} like the tensor's"
                )
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    @property
    def grad_fn(self) -> Edge | None:
        """The step of the backward pass that made it; None for a leaf."""
        if self._base is not None:
            follow_base(self)
        return self._node

    @property
    def is_leaf(self) -> bool:
        """Whether it was made by the user rather than by a recorded operation."""
        return self.grad_fn is None

    def is_inference(self) -> bool:
        """Whether it was made inside `inference_mode`."""
        return self._version is FROZEN

    def detach(self) -> Tensor:
        """Return a tensor over the same memory that stands outside the graph."""
        result = wrap(self._data)
        result._version = self._version
        return result

    def detach_(self) -> Self:
        """Leave the graph. Raises RuntimeError for a view, whose base would still be in it."""
        if self._base is not None:
            raise RuntimeError("can't detach views in-place; use detach() instead.")
        self._node = None
        self._requires_grad = False
        return self

    def retain_grad(self) -> None:
        """Ask for `.grad` although this is no leaf."""
        if not self.requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False; call requires_grad_() on its inputs")
        if self._node is not None:
            self._node.retained = weakref.ref(self)

    @property
    def retains_grad(self) -> bool:
        """Whether `retain_grad` was called on this tensor, which is no leaf."""
        return self._node is not None and self._node.retained is not None and self._node.retained() is self

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call `hook(grad)` whenever this tensor's gradient has been computed; what it returns replaces the gradient."""
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient; call requires_grad_() first")
        if self._node is None:
            return self._leaf_hook("gradient", hook)
        if self._node.hooks is None:
            self._node.hooks = {}
        return RemovableHandle(self._node.hooks, hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> RemovableHandle:
        """Call `hook(tensor)` after `backward` has added to this leaf's `.grad`."""
        if self._node is not None or not self._requires_grad:
            raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors; use register_hook")
        return self._leaf_hook("accumulated", hook)

    def _leaf_hook(self, kind: str, hook: Callable[..., Any]) -> RemovableHandle:
        if self._hooks is None:
            self._hooks = {"gradient": {}, "accumulated": {}}
        return RemovableHandle(self._hooks[kind], hook)

    # ------------------------------------------------------------------ Python's protocols

    def __len__(self) -> int:
        if not self._data.ndim:
            raise TypeError("len() of a 0-d tensor")
        return len(self._data)

    def __iter__(self) -> Iterator[Tensor]:
        if not self._data.ndim:
            raise TypeError("iteration over a 0-d tensor")
        return (self[i] for i in range(len(self._data)))

    def __bool__(self) -> bool:
        if self._data.size != 1:
            raise RuntimeError(
                f"Boolean value of Tensor with {'more than one value' if self._data.size else 'no values'} is ambiguous "
                f"(shape {self._data.shape}); use any() or all()"
            )
        return bool(self._data.item())

    def __contains__(self, element: Any) -> bool:
        return bool((self._data == getattr(element, "_data", element)).any())


_new = Tensor.__new__


def wrap(array: Array) -> Tensor:
    """Return a leaf tensor over `array`, sharing its memory."""
    tensor = _new(Tensor)
    tensor._data = array
    tensor._node = None
    tensor._requires_grad = False
    tensor._version = [0] if not INFERENCE.get() else FROZEN
    tensor._grad = None
    tensor._base = None
    tensor._seen = 0
    tensor._hooks = None
    return tensor
