"""How much a function makes Python do: counted instruction by instruction, so that it is the same on every run and machine."""

from __future__ import annotations

import dis
import gc
import linecache
import sys
from collections import Counter
from collections.abc import Callable
from functools import cache
from types import CodeType, FrameType
from typing import Any, NamedTuple

OURS = "/byhand/"
CALLS = ("CALL", "CALL_FUNCTION_EX", "CALL_KW")
KEPT = 50  # results that are kept to see what one takes


class Work(NamedTuple):
    """What is done in files of ours."""

    functions: int  # of ours that are entered
    calls: int  # that are made, whatever is called
    numpy: int  # calls of `np.…` by name, and operators


def work_of(function: Callable[[], Any]) -> Work:
    """Count what one call does, after some others have filled the caches."""
    for _ in range(3):
        function()
    done: Counter[str] = Counter()
    before, collecting = sys.gettrace(), gc.isenabled()
    gc.disable()

    def follow(frame: FrameType, event: str, _: Any) -> Any:
        if event == "opcode":
            done.update(_meaning(frame.f_code).get(frame.f_lasti, ()))
        elif event == "call":
            if OURS not in frame.f_code.co_filename.replace("\\", "/"):
                return None
            done["functions"] += 1
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return follow

    sys.settrace(follow)
    try:
        function()
    finally:
        sys.settrace(before)
        if collecting:
            gc.enable()
    return Work(done["functions"], done["calls"], done["numpy"])


@cache
def _meaning(code: CodeType) -> dict[int, tuple[str, ...]]:
    """What the instructions that count stand for, by their offsets."""
    found: dict[int, tuple[str, ...]] = {}
    for instruction in dis.get_instructions(code):
        if instruction.opname in CALLS:
            by_name = _source(code, instruction.positions).startswith("np.")
            found[instruction.offset] = ("calls", "numpy") if by_name else ("calls",)
        elif instruction.opname.startswith(("BINARY_OP", "UNARY_NEGATIVE")) and instruction.argrepr != "[]":
            found[instruction.offset] = ("numpy",)
    return found


def _source(code: CodeType, at: Any) -> str:
    """The beginning of the expression that an instruction came from."""
    line = linecache.getline(code.co_filename, at.lineno or 0)
    return line.encode()[at.col_offset or 0 :].decode()


def blocks_of(function: Callable[[], Any]) -> int:
    """How many blocks of Python's memory a result holds, what only it keeps alive included. Free lists give some for nothing."""
    kept = [None] * KEPT
    collecting = gc.isenabled()
    gc.disable()
    counts = []
    for _ in range(3):  # the first fills the caches
        before = sys.getallocatedblocks()
        for i in range(KEPT):
            kept[i] = function()
        counts.append(sys.getallocatedblocks() - before)
        kept[:] = [None] * KEPT
    if collecting:
        gc.enable()
    return round(min(counts) / KEPT)
