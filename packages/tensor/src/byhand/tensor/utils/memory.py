"""Keeping freed memory: what a program may ask of the C library, and a library must not do by itself."""

from __future__ import annotations

import ctypes
import sys

__all__ = ["keep_freed_memory"]

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_NEVER = 2**31 - 1
_LARGEST = 2**30


def keep_freed_memory() -> bool:
    """Let the process keep the memory of freed arrays for new ones; return whether that could be arranged.

    By default glibc gives large blocks back to the kernel and asks for them again, page by page, in every step: 20 to 30 % of the
    time of a convolutional network. Afterwards the process holds on to the most it has ever needed. It concerns the whole
    process and cannot be undone, so it is for a program to call at its beginning, not for a library. Only glibc has it.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, _LARGEST)) and bool(mallopt(_M_TRIM_THRESHOLD, _NEVER))
