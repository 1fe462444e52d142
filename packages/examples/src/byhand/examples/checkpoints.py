"""Everything a run needs to go on exactly where it was, in one safetensors file.

A checkpoint is a tree of dicts and lists. Its arrays become the file's tensors, named by their path in the tree
("model/0.weight"), so that every reader of safetensors can open them. The rest is kept as JSON in the file's metadata,
with a digest of the whole, for safetensors itself notices a file cut short, but not a bit that was flipped.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt
from byhand.examples.files import write_atomically
from byhand.tensor import Tensor, tensor
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

__all__ = ["CheckpointError", "load_checkpoint", "save_checkpoint"]

FORMAT = "byhand checkpoint 1"
Arrays = dict[str, npt.NDArray[Any]]


class CheckpointError(click.ClickException):
    """A checkpoint that cannot be used; the message names the file."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")


def save_checkpoint(path: Path, tree: dict[str, Any]) -> None:
    """Write a tree of dicts, lists, tensors and plain values. Equal trees give equal files, byte by byte."""
    arrays: Arrays = {}
    rest = json.dumps(_take_out(tree, "", arrays))
    description = {"format": FORMAT, "tree": rest, "sha256": _digest(rest, arrays)}
    write_atomically(path, save(arrays, metadata={"byhand": json.dumps(description)}))


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read the tree that `save_checkpoint` wrote. Raises CheckpointError if the file is missing, foreign or damaged."""
    if not path.is_file():
        raise CheckpointError(path, "there is no such checkpoint; train without --resume first, or name the folder with --out")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(path, f"this is no safetensors file, or it is cut short ({error})") from None
    try:
        description = json.loads(metadata["byhand"])
        kind, rest, digest = description["format"], description["tree"], description["sha256"]
    except (KeyError, TypeError, ValueError):
        raise CheckpointError(path, "this safetensors file was not written by byhand, so it cannot be resumed") from None
    if kind != FORMAT:
        raise CheckpointError(path, f"this is a {kind!r}, and only a {FORMAT!r} can be read here")
    if _digest(rest, arrays) != digest:
        raise CheckpointError(path, "the checkpoint is damaged: its content does not fit its digest")
    tree: dict[str, Any] = _put_back(json.loads(rest), arrays)
    return tree


def _take_out(node: Any, path: str, arrays: Arrays) -> Any:
    """The tree with each tensor moved into `arrays`, and the name under which it is found there left in its place."""
    if isinstance(node, Tensor):
        arrays[path] = np.ascontiguousarray(node.detach().numpy()).reshape(node.shape)
        return {"tensor": path}
    if isinstance(node, dict):
        # Pairs, because JSON turns the whole numbers among the keys (an optimiser's parameters) into strings.
        return {"dict": [[key, _take_out(value, f"{path}/{key}".lstrip("/"), arrays)] for key, value in node.items()]}
    if isinstance(node, (list, tuple)):
        return [_take_out(value, f"{path}/{i}", arrays) for i, value in enumerate(node)]
    return node


def _put_back(node: Any, arrays: Arrays) -> Any:
    """The inverse of `_take_out`; tuples come back as lists."""
    if isinstance(node, list):
        return [_put_back(value, arrays) for value in node]
    if isinstance(node, dict):
        if "tensor" in node:
            return tensor(arrays[node["tensor"]])
        return {key: _put_back(value, arrays) for key, value in node["dict"]}
    return node


def _digest(rest: str, arrays: Arrays) -> str:
    digest = hashlib.sha256(rest.encode())
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype.str} {arrays[name].shape}".encode())
        digest.update(arrays[name].tobytes())
    return digest.hexdigest()
