"""Checkpoints through Python file objects, and paths as the C library takes them."""

from __future__ import annotations

import ctypes
import os
from typing import Any, Optional

from ._abi import abi
from .errors import Error

__all__ = ["Reader", "Writer", "path_bytes"]


def path_bytes(path: Any) -> bytes:
    """A path for an argument of type ``const char *``."""
    encoded = os.fsencode(path)
    if b"\0" in encoded:
        raise ValueError("a path cannot hold a zero byte")
    return encoded


class _Stream:
    """A stream callback; what the file raises inside it is raised again on leaving the ``with`` block."""

    def __init__(self, file: Any, kind: str) -> None:
        self._file = file
        self._error: Optional[BaseException] = None
        self.callback = abi.callbacks[kind](self._guarded)

    def _guarded(self, context: Any, data: Optional[int], size: int) -> int:
        try:
            if size:
                self._move(data, size)
            return 0
        except EOFError as error:  # the library calls this a checkpoint that is too short
            self._error = error
            return -1
        except BaseException as error:  # a callback must not let an exception into C
            self._error = error
            return 1

    def _move(self, data: Any, size: int) -> None:
        raise NotImplementedError

    def __enter__(self) -> "_Stream":
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        # The callback and this object hold each other: let go, so that the file is not kept.
        mine, self._error, self.callback = self._error, None, None
        if isinstance(mine, EOFError) and isinstance(error, Error):
            raise error from mine  # the library's own word for a stream that ends too early
        if mine is not None:
            raise mine from None


class Writer(_Stream):
    """Hands a checkpoint to ``file.write``."""

    def __init__(self, file: Any) -> None:
        super().__init__(file, "swiftcl_write_fn")

    def _move(self, data: Any, size: int) -> None:
        block = memoryview(ctypes.string_at(data, size))
        while block:
            written = self._file.write(block)
            if not isinstance(written, int) or not 0 < written <= len(block):
                raise OSError(f"write returned {written!r} for {len(block)} bytes")
            block = block[written:]


class Reader(_Stream):
    """Takes a checkpoint from ``file.read``."""

    def __init__(self, file: Any) -> None:
        super().__init__(file, "swiftcl_read_fn")

    def _move(self, data: Any, size: int) -> None:
        done = 0
        while done < size:
            block = self._file.read(size - done)
            if not block:
                raise EOFError(f"the stream ended {size - done} bytes early")
            if len(block) > size - done:
                raise OSError(f"read returned {len(block)} bytes, {size - done} were asked for")
            ctypes.memmove(data + done, bytes(block), len(block))
            done += len(block)
