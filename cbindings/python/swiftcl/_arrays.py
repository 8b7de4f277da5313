"""numpy arrays across the C boundary: as they are where the layout allows, else as a checked copy."""

from __future__ import annotations

import ctypes
import re
from typing import Any, Dict, Optional, Tuple

import numpy as np

from ._abi import abi

__all__ = ["INPUT_DTYPES", "as_ids", "as_labels", "as_rows", "as_targets", "output", "pointer"]


def _input_dtypes() -> Dict[int, np.dtype]:
    """dtype by SWIFTCL_INPUT_ value, read from the constants' names (F32, U8, ...)."""
    result = {}
    for name, value in abi.values("INPUT_").items():
        match = re.fullmatch(r"([fui])(8|16|32)", name)
        if not match:
            raise ImportError(f"swiftcl: SWIFTCL_INPUT_{name.upper()} has no numpy type")
        result[value] = np.dtype(match.group(1) + str(int(match.group(2)) // 8))
    return result


INPUT_DTYPES = _input_dtypes()

_ONE = {
    np.dtype(kind): ctype * 1
    for kind, ctype in [
        ("f4", ctypes.c_float), ("f8", ctypes.c_double), ("i4", ctypes.c_int32), ("u4", ctypes.c_uint32),
        ("u1", ctypes.c_uint8), ("u8", ctypes.c_uint64),
    ]
}


def pointer(array: np.ndarray) -> Any:
    """The array's memory for an argument of type ``T *``; the caller keeps the array alive."""
    return _ONE[array.dtype].from_address(array.ctypes.data)


def _convert(array: np.ndarray, dtype: np.dtype, what: str) -> np.ndarray:
    """The array in ``dtype`` and C order; a copy only where it has to be.

    Integers that would change are an error; floating point is rounded to nearest.
    """
    if array.dtype != dtype:
        kind = array.dtype.kind
        if kind not in ("biuf" if dtype.kind == "f" else "biu"):
            raise TypeError(f"{what} has dtype {array.dtype}, which does not convert to {dtype}")
        if dtype.kind != "f" and array.size:
            limits = np.iinfo(dtype)
            low, high = int(array.min()), int(array.max())
            if low < limits.min or high > limits.max:
                raise TypeError(f"{what} has values from {low} to {high}, which do not fit {dtype}")
        array = array.astype(dtype, order="C")
    return np.ascontiguousarray(array)


def as_rows(x: Any, inputs: int, dtype: np.dtype, what: str = "x") -> np.ndarray:
    """Inputs as (rows, inputs) of ``dtype``; (rows, a, b, ...) with a*b*... = inputs is fine too."""
    array = np.asarray(x)
    if array.ndim < 2 or int(np.prod(array.shape[1:])) != inputs:
        raise ValueError(f"{what} has shape {array.shape}, expected (rows, {inputs})")
    return _convert(array, dtype, what).reshape(array.shape[0], inputs)


def as_labels(y: Any, rows: int, what: str = "y") -> np.ndarray:
    """Labels as (rows,) of int32."""
    array = np.asarray(y)
    if array.shape != (rows,):
        raise ValueError(f"{what} has shape {array.shape}, expected ({rows},)")
    return _convert(array, np.dtype(np.int32), what)


def as_ids(ids: Any, rows: int, what: str = "ids") -> np.ndarray:
    """Numbers of examples as (rows,) of uint32."""
    array = np.asarray(ids)
    if array.shape != (rows,):
        raise ValueError(f"{what} has shape {array.shape}, expected ({rows},)")
    return _convert(array, np.dtype(np.uint32), what)


def as_targets(y: Any, rows: int, width: int, what: str = "targets") -> np.ndarray:
    """Regression targets as (rows, width) of float32."""
    array = np.asarray(y)
    if array.shape != (rows, width):
        raise ValueError(f"{what} has shape {array.shape}, expected ({rows}, {width})")
    return _convert(array, np.dtype(np.float32), what)


def output(out: Optional[np.ndarray], shape: Tuple[int, ...], dtype: Any) -> np.ndarray:
    """The array to write into: ``out`` if it fits exactly, or a new one."""
    if out is None:
        return np.empty(shape, dtype)
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out is a {type(out).__name__}, expected a numpy array")
    if out.dtype != np.dtype(dtype) or out.shape != shape or not out.flags.c_contiguous or not out.flags.writeable:
        raise ValueError(
            f"out is {out.dtype} {out.shape}; expected a writeable C-contiguous {np.dtype(dtype)} array of shape {shape}")
    return out
