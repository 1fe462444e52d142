"""`Module`: what layers and models have in common. Parameters, buffers and submodules are found by being attributes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, Self

from byhand.tensor import Tensor, float16, float32, float64
from byhand.tensor._dtypes import as_dtype, category
from byhand.tensor.creation import check_device

from ..parameter import Parameter
from . import _hooks as hooks, _state as state
from ._naming import indented, locate
from ._registry import Registry

__all__ = ["Module"]


class Module(Registry):
    """The base of every layer and model: subclass it, call `super().__init__()`, define `forward`.

    Assigning a `Parameter`, or another module, to an attribute registers it. A module starts in training mode.
    """

    _version = 1  # of its state dict's layout
    training: bool
    _hooks: dict[str, OrderedDict[int, Callable[..., Any]]]

    def __init__(self) -> None:
        super().__init__()
        self.training = True
        self._hooks = {}

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output. Every subclass defines its own."""
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the hooks and `forward`. An error on the way is noted with the path of the module where it arose."""
        try:
            if self._hooks:
                return hooks.call(self, args, kwargs)
            return self.forward(*args, **kwargs)
        except Exception as error:
            locate(error, self)
            raise

    # ------------------------------------------------------------------ what is in it

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """Yield this module and all below it with their paths; one that occurs twice only once."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """Yield this module and all below it."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield the submodules directly below, with their names; one that occurs twice only once."""
        seen: set[Module] = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """Yield the submodules directly below."""
        return (module for _, module in self.named_children())

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Yield the parameters with their paths; one that is shared only once."""
        return self._named_members("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Yield the parameters; this is what an optimiser takes."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Yield the buffers with their paths; one that is shared only once."""
        return self._named_members("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Yield the buffers."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def _named_members(self, table: str, prefix: str, recurse: bool, remove_duplicate: bool) -> Iterator[tuple[str, Any]]:
        seen: set[Any] = set()
        places = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        for path, module in places:
            for name, member in module.__dict__[table].items():
                if member is None or member in seen:
                    continue
                if remove_duplicate:
                    seen.add(member)
                yield (f"{path}.{name}" if path else name), member

    def get_submodule(self, target: str) -> Module:
        """Return the submodule at a path such as "encoder.layers.2". Raises AttributeError if there is none."""
        module = self
        for name in target.split(".") if target else ():
            if not isinstance(child := getattr(module, name, None), Module):
                raise AttributeError(f"{type(module).__name__} has no submodule `{name}` (looking for `{target}`)")
            module = child
        return module

    def get_parameter(self, target: str) -> Parameter:
        """Return the parameter at a path such as "encoder.fc1.weight". Raises AttributeError if there is none."""
        return self._member("_parameters", "parameter", target)  # type: ignore[no-any-return]

    def get_buffer(self, target: str) -> Tensor:
        """Return the buffer at a path such as "encoder.norm.running_mean". Raises AttributeError if there is none."""
        return self._member("_buffers", "buffer", target)  # type: ignore[no-any-return]

    def _member(self, table: str, kind: str, target: str) -> Any:
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        if (member := owner.__dict__[table].get(name)) is None:
            raise AttributeError(f"{type(owner).__name__} has no {kind} `{name}` (looking for `{target}`)")
        return member

    # ------------------------------------------------------------------ modes and conversions

    def train(self, mode: bool = True) -> Self:
        """Put this module and all below it in training mode (or, with False, in evaluation mode)."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Put this module and all below it in evaluation mode."""
        return self.train(False)

    def apply(self, fn: Callable[[Module], Any]) -> Self:
        """Call `fn` on every module below this one, children first, then on this one."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Say for all parameters whether gradients are computed for them."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all parameters' gradients; with `set_to_none=False`, fill them with zeros."""
        for parameter in self.parameters():
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                parameter.grad.detach_().zero_()

    def to(self, *args: Any, dtype: Any = None, device: Any = None) -> Self:
        """Change the dtype of all floating parameters and buffers, in place: `to(dtype)`, `to(tensor)` or `to("cpu")`.

        Raises TypeError for a dtype that is not floating, RuntimeError for any device but the CPU.
        """
        for argument in args:
            if isinstance(argument, Tensor):
                dtype = argument.dtype
            elif isinstance(argument, str):
                device = argument
            else:
                dtype = argument
        check_device(device)
        if dtype is None:
            return self
        wanted = as_dtype(dtype)
        if category(wanted) != 2:
            raise TypeError(f"nn.Module.to only accepts floating point dtypes, but got desired dtype={wanted}")
        return self._convert(lambda tensor: tensor.to(wanted) if tensor.is_floating_point() else tensor)

    def _convert(self, change: Callable[[Tensor], Tensor]) -> Self:
        """Replace the memory of all parameters, gradients and buffers. Parameters stay the same objects."""
        for parameter in self.parameters():
            gradient = parameter.grad
            parameter.data = change(parameter.data)
            parameter.grad = None if gradient is None else change(gradient.detach())
        for module in self.modules():
            module._buffers.update({name: change(b) for name, b in module._buffers.items() if b is not None})
        return self

    def float(self) -> Self:
        """Change all floating parameters and buffers to float32."""
        return self.to(float32)

    def double(self) -> Self:
        """Change all floating parameters and buffers to float64."""
        return self.to(float64)

    def half(self) -> Self:
        """Change all floating parameters and buffers to float16."""
        return self.to(float16)

    # ------------------------------------------------------------------ how it is shown

    def extra_repr(self) -> str:
        """Return what `repr` shows of this module besides its submodules."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        own = extra.split("\n") if extra else []
        below = [f"({name}): {indented(repr(module))}" for name, module in self._modules.items()]
        if not own and not below:
            return f"{type(self).__name__}()"
        if len(own) == 1 and not below:
            return f"{type(self).__name__}({own[0]})"
        return "\n  ".join([f"{type(self).__name__}(", *own, *below]) + "\n)"

    # ------------------------------------------------------------------ hooks and state: see `_hooks` and `_state`

    register_forward_pre_hook = hooks.register_forward_pre_hook
    register_forward_hook = hooks.register_forward_hook
    register_full_backward_pre_hook = hooks.register_full_backward_pre_hook
    register_full_backward_hook = hooks.register_full_backward_hook
    register_state_dict_pre_hook = hooks.register_state_dict_pre_hook
    register_state_dict_post_hook = hooks.register_state_dict_post_hook
    register_load_state_dict_pre_hook = hooks.register_load_state_dict_pre_hook
    register_load_state_dict_post_hook = hooks.register_load_state_dict_post_hook
    state_dict = state.state_dict
    load_state_dict = state.load_state_dict

    def _upgrade(self, state: dict[str, Any], prefix: str, version: int | None) -> None:
        """Bring what an older version of this module saved into today's layout, in place. Nothing to do for most."""
