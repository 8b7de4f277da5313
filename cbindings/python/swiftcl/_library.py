"""Finding, loading and binding the shared library."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import sys
import threading
from pathlib import Path
from typing import Any, List, Optional, Union

from ._abi import abi, checkout_root, native_directory
from ._integers import integer
from .errors import BY_STATUS, Error, LibraryNotFoundError

__all__ = ["Library", "default_library"]

_STATUS_NAMES = {value: name for name, value in abi.values("E_").items()}


def library_name() -> str:
    """The file name of the library on this platform."""
    return "libswiftcl.0.dylib" if sys.platform == "darwin" else "libswiftcl.so.0"


def find_library() -> str:
    """Where the library is: ``SWIFTCL_LIBRARY``, the package, the source tree, the system."""
    chosen = os.environ.get("SWIFTCL_LIBRARY")
    if chosen:
        if not Path(chosen).is_file():
            raise LibraryNotFoundError(f"SWIFTCL_LIBRARY is {chosen!r}, and there is no such file")
        return chosen
    tried: List[str] = []
    candidates = [native_directory() / library_name()]
    root = checkout_root()
    if root is not None:
        candidates.append(root / "build" / "lib" / library_name())
    for path in candidates:
        if path.is_file():
            return str(path)
        tried.append(str(path))
    found = ctypes.util.find_library("swiftcl")
    if found:
        return found
    raise LibraryNotFoundError(
        "libswiftcl was not found: run `make` in the source tree, install the library, or set SWIFTCL_LIBRARY to its "
        "path; looked for " + ", ".join(tried) + " and in the system's library path"
    )


class Library:
    """One loaded libswiftcl, every function of the header bound as an attribute.

    The attributes are the plain C calls (``library.swiftcl_version()``), with
    ``argtypes`` and ``restype`` from the header and its text as docstring;
    ctypes releases the interpreter lock while one runs. Nothing is checked on
    the way: an integer too large for its C type is cut off by ctypes.

    ``path`` is a file; without it the library is looked for as
    :func:`find_library` says. Two libraries (for example two flavours) may be
    loaded side by side: pass one to :class:`swiftcl.Network`.
    """

    def __init__(self, path: Optional[Union[str, "os.PathLike[str]"]] = None) -> None:
        self.path = os.fspath(path) if path is not None else find_library()
        try:
            self._dll = ctypes.CDLL(self.path)
        except OSError as error:
            raise LibraryNotFoundError(f"{self.path} could not be loaded: {error}") from error
        missing = []
        for name, (result, arguments, doc) in abi.functions.items():
            try:
                function = getattr(self._dll, name)
            except AttributeError:
                missing.append(name)
                continue
            function.restype, function.argtypes, function.__doc__ = result, arguments, doc
            setattr(self, name, function)
        if missing:
            raise LibraryNotFoundError(f"{self.path} does not match the headers, it lacks {', '.join(missing)}")
        number, expected = self.swiftcl_abi_version(), abi.constants["SWIFTCL_ABI_VERSION"]
        if number != expected:
            raise LibraryNotFoundError(f"{self.path} has ABI version {number}, the headers have {expected}")

    def __getattr__(self, name: str) -> Any:  # only for names that no function has
        raise AttributeError(f"libswiftcl has no function {name!r}")

    def __repr__(self) -> str:
        return f"<swiftcl.Library {self.version} {self.flavour} {self.kernel_name} at {self.path!r}>"

    @property
    def version(self) -> str:
        """For example ``"0.1.0"``."""
        return self.swiftcl_version().decode()

    @property
    def flavour(self) -> str:
        """``"builtin"`` or ``"openblas"``."""
        return self.swiftcl_flavour().decode()

    @property
    def kernel_name(self) -> str:
        """Which kernels run on this processor, for example ``"avx2"``."""
        return self.swiftcl_kernel_name().decode()

    def error(self, status: int, handle: Any = None) -> Error:
        """The exception for a status; ``handle`` is the network that failed, or None."""
        status = integer(status, ctypes.c_int32, "status")
        name = self.swiftcl_status_name(status).decode()
        message = ""
        last = self.swiftcl_last_error(handle)
        if last and last.contents.status == status:
            message = last.contents.message.decode("utf-8", "replace")
        kind = BY_STATUS.get(_STATUS_NAMES.get(status, "").upper(), Error)
        return kind(status, name, message)

    def check(self, status: int, handle: Any = None) -> None:
        """Raises the exception of a status that is not SWIFTCL_OK."""
        if status != 0:
            raise self.error(status, handle)

    def warning_texts(self, bits: int) -> List[str]:
        """One sentence for each SWIFTCL_WARN_ bit."""
        bits = integer(bits, ctypes.c_uint32, "bits")
        return [self.swiftcl_warning_text(1 << n).decode() for n in range(32) if bits >> n & 1]


_default: Optional[Library] = None
_default_lock = threading.Lock()


def default_library() -> Library:
    """The library that is used where none is passed; loaded on first use."""
    global _default
    with _default_lock:
        if _default is None:
            _default = Library()
        return _default
