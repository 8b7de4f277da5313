"""Integers across the C boundary: ctypes cuts off what does not fit, so every one is checked here first."""

from __future__ import annotations

import ctypes
import operator
from typing import Any, Optional

from ._abi import abi
from ._header import CType

__all__ = ["integer", "layer_index", "task_number"]

_TASK = abi.ctype(CType("swiftcl_task"))
_LAYER = ctypes.c_uint32


def integer(value: Any, kind: Any, name: str, low: Optional[int] = None, expected: str = "an integer") -> int:
    """``value`` as an int that the ctypes integer ``kind`` holds, and not below ``low``.

    Raises TypeError for what is no integer (0.7, "1", None) and ValueError for
    what is out of range; both name the argument.
    """
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is {value!r}, expected {expected}") from None
    bits = 8 * ctypes.sizeof(kind)
    least, most = (-2 ** (bits - 1), 2 ** (bits - 1) - 1) if kind(-1).value < 0 else (0, 2**bits - 1)
    if low is not None:
        least = low
    if not least <= number <= most:
        raise ValueError(f"{name} is {number}, expected {least} to {most}")
    return number


def task_number(task: Any, name: str = "task") -> int:
    """The number of a task: of a handle, an integer, or ``swiftcl.OPEN``."""
    return integer(task, _TASK, name, low=abi.constants["SWIFTCL_TASK_OPEN"], expected="a task or its number")


def layer_index(layer: Any) -> int:
    """The index of a layer; the library checks that there is such a layer."""
    return integer(layer, _LAYER, "layer")
