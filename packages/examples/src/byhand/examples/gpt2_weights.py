"""Weights shaped as GPT-2's, in `.safetensors` files with the names that they have on the hub.

    wte.weight (V × d), wpe.weight (T × d), h.0.ln_1.weight (d), h.0.attn.c_attn.weight (d × 3d: inputs × outputs), …, ln_f.bias

before each of which may stand "transformer.". All sizes can be read from the shapes but the number of heads, which stands in
the `config.json` beside the file.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import byhand.tensor as torch
import numpy as np
from byhand.examples.datasets.errors import DataError
from byhand.examples.files import write_atomically
from byhand.tensor import Tensor
from byhand.tensor.utils import safetensors

__all__ = ["Sizes", "Weights", "read_weights", "shapes", "write_weights"]

FILE, CONFIG, PREFIX = "model.safetensors", "config.json", "transformer."
UNTRAINED = (".attn.bias", ".attn.masked_bias")  # the causal mask, which older files hold
# What config.json may say that would change the numbers, and what it must say then.
FORMULAS: dict[str, tuple[Any, ...]] = {
    "model_type": ("gpt2",),
    "activation_function": ("gelu_new", "gelu_pytorch_tanh"),
    "layer_norm_epsilon": (1e-5,),
    "scale_attn_weights": (True,),
    "scale_attn_by_inverse_layer_idx": (False,),
}
HUB = {"vocabulary": "vocab_size", "context": "n_positions", "width": "n_embd", "layers": "n_layer", "heads": "n_head"}


@dataclass(frozen=True)
class Sizes:
    """How large a GPT-2 is: tokens it knows, tokens it sees at once, numbers a token, blocks, and heads in each."""

    vocabulary: int
    context: int
    width: int
    layers: int
    heads: int


@dataclass(frozen=True)
class Weights:
    """What a file holds: the sizes of the model, and its parameters by their names."""

    sizes: Sizes
    parameters: dict[str, Tensor]


def shapes(sizes: Sizes) -> dict[str, tuple[int, ...]]:
    """The names and shapes of all parameters."""
    d = sizes.width
    norm = {"weight": (d,), "bias": (d,)}
    maps = {"attn.c_attn": (d, 3 * d), "attn.c_proj": (d, d), "mlp.c_fc": (d, 4 * d), "mlp.c_proj": (4 * d, d)}
    found: dict[str, tuple[int, ...]] = {"wte.weight": (sizes.vocabulary, d), "wpe.weight": (sizes.context, d)}
    for i in range(sizes.layers):
        found |= {f"h.{i}.{name}.{part}": shape for name in ("ln_1", "ln_2") for part, shape in norm.items()}
        found |= {f"h.{i}.{name}.weight": shape for name, shape in maps.items()}
        found |= {f"h.{i}.{name}.bias": shape[1:] for name, shape in maps.items()}
    return found | {f"ln_f.{part}": shape for part, shape in norm.items()}


def read_weights(where: str | Path, heads: int = 0) -> Weights:
    """Read a file, or the model.safetensors of a folder. Numbers become float32, unless all are float64.

    The number of heads is that of config.json, if there is one, or `heads`. Raises DataError, which names the file, if that
    is missing or another, if tensors are missing, unexpected or of a wrong shape, or if the model is another than GPT-2.
    """
    path = Path(where) / FILE if Path(where).is_dir() else Path(where)
    if not path.is_file():
        raise DataError(path, f"there is no such file; name a .safetensors file with GPT-2's weights, or a folder with {FILE}")
    try:
        tensors = safetensors.load_file(path)
    except safetensors.SafetensorError as error:
        raise DataError(path, str(error).removeprefix(f"{path}: ")) from None
    tensors = _trained({name.removeprefix(PREFIX): tensor for name, tensor in tensors.items()}, path)
    sizes = _sizes(tensors, path, _heads(path, heads))
    _check(tensors, shapes(sizes), path)
    double = all(tensor.dtype == torch.float64 for tensor in tensors.values())
    return Weights(sizes, tensors if double else {name: tensor.float() for name, tensor in tensors.items()})


def write_weights(folder: Path, weights: Weights) -> None:
    """Write model.safetensors and config.json, as they stand on the hub."""
    config = {HUB[name]: size for name, size in asdict(weights.sizes).items()} | {name: one[0] for name, one in FORMULAS.items()}
    parameters = {name: weights.parameters[name].detach() for name in shapes(weights.sizes)}
    write_atomically(folder / FILE, safetensors.save(parameters, {"format": "pt"}))
    write_atomically(folder / CONFIG, (json.dumps(config, indent=2) + "\n").encode())


def _trained(tensors: dict[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Without the masks, and without a head that is the table of tokens once more."""
    found = {name: tensor for name, tensor in tensors.items() if not (name.startswith("h.") and name.endswith(UNTRAINED))}
    head = found.pop("lm_head.weight", None)
    if head is not None and "wte.weight" in found and not np.array_equal(head.numpy(), found["wte.weight"].numpy()):
        raise DataError(path, "its lm_head.weight is not its wte.weight; GPT-2 uses the same numbers for both")
    return found


def _heads(path: Path, asked: int) -> int:
    """The number of heads that config.json says, or was asked for."""
    beside = path.with_name(CONFIG)
    if not beside.is_file():
        if not asked:
            raise DataError(path, f"there is no {CONFIG} beside it; say with --heads how many heads of attention the model has")
        return asked
    try:
        config = json.loads(beside.read_text("utf-8"))
        heads = int(config["n_head"])
        wrong = [name for name, allowed in FORMULAS.items() if name in config and config[name] not in allowed]
    except (ValueError, KeyError, TypeError):
        raise DataError(beside, 'this is no configuration of a GPT-2; expected JSON with "n_head", the number of heads') from None
    if wrong:
        name = wrong[0]
        raise DataError(beside, f"{name} is {config[name]!r}; of GPT-2 it is {' or '.join(map(repr, FORMULAS[name]))}")
    if asked not in (0, heads):
        raise DataError(beside, f"the model has {heads} heads, not {asked}; leave out --heads")
    return heads


def _sizes(tensors: dict[str, Tensor], path: Path, heads: int) -> Sizes:
    tables = [tensors[name].shape for name in ("wte.weight", "wpe.weight") if name in tensors and tensors[name].dim() == 2]
    if len(tables) < 2:
        raise DataError(path, f"no wte.weight and wpe.weight (two tables) among its tensors, which are {_few(list(tensors))}")
    (vocabulary, width), (context, _) = tables
    layers = 1 + max([int(part[1]) for part in (name.split(".") for name in tensors) if _is_block(part)], default=-1)
    if heads < 1 or width % heads:
        raise DataError(path, f"its width {width} cannot be shared out between {heads} heads")
    return Sizes(vocabulary, context, width, layers, heads)


def _is_block(parts: list[str]) -> bool:
    return len(parts) > 2 and parts[0] == "h" and parts[1].isdecimal()


def _check(tensors: dict[str, Tensor], expected: dict[str, tuple[int, ...]], path: Path) -> None:
    missing, unexpected = expected.keys() - tensors.keys(), tensors.keys() - expected.keys()
    if missing:
        raise DataError(path, f"these tensors of a GPT-2 are missing: {_few(sorted(missing))}")
    if unexpected:
        raise DataError(path, f"these tensors are none of a GPT-2: {_few(sorted(unexpected))}")
    for name, shape in expected.items():
        found = tuple(tensors[name].shape)
        if found != shape:
            turned = "; it lies the other way, as in nn.Linear" if found == shape[::-1] else ""
            raise DataError(path, f"{name} has the shape {found}, and should have {shape}{turned}")
        if not tensors[name].is_floating_point():
            raise DataError(path, f"{name} holds {tensors[name].dtype}, and should hold floating-point numbers")


def _few(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
