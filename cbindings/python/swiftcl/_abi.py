"""The headers as ctypes: structs, callbacks, argument types, enum values.

Nothing here knows a name of the C interface: all of it follows from
``swiftcl.h`` as :mod:`swiftcl._header` reads it.
"""

from __future__ import annotations

import ctypes
import enum
import re
from collections import namedtuple
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple, Type

from ._header import CType, Header, HeaderError, parse_header

__all__ = ["Abi", "abi", "checkout_root", "native_directory"]

_SCALARS: Dict[str, Any] = {
    "char": ctypes.c_char,
    "int8_t": ctypes.c_int8,
    "uint8_t": ctypes.c_uint8,
    "int16_t": ctypes.c_int16,
    "uint16_t": ctypes.c_uint16,
    "int32_t": ctypes.c_int32,
    "uint32_t": ctypes.c_uint32,
    "int64_t": ctypes.c_int64,
    "uint64_t": ctypes.c_uint64,
    "size_t": ctypes.c_size_t,
    "float": ctypes.c_float,
    "double": ctypes.c_double,
}


def native_directory() -> Path:
    """Where an installed package keeps the headers and the library."""
    return Path(__file__).resolve().parent / "_native"


def checkout_root() -> Optional[Path]:
    """The root of the source tree this package runs from, or None if it is installed."""
    package = Path(__file__).resolve().parent.parent
    if (package / "pyproject.toml").is_file() and package.parent.name == "cbindings":
        return package.parent.parent
    return None


def _header_path() -> Path:
    candidates = [native_directory() / "swiftcl.h"]
    root = checkout_root()
    if root is not None:
        candidates.append(root / "include" / "swiftcl.h")
    for path in candidates:
        if path.is_file():
            return path
    raise ImportError("swiftcl: swiftcl.h is missing; looked for " + " and ".join(str(path) for path in candidates))


class Abi:
    """ctypes counterparts of everything one header declares."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self.constants = header.constants
        self.structs: Dict[str, Type[ctypes.Structure]] = {}
        self.callbacks: Dict[str, Any] = {}
        for name in header.opaque:
            self.structs[name] = type(name, (ctypes.Structure,), {"__doc__": header.struct_docs.get(name, "")})
        # Structs and callbacks may name each other: classes first, members when all are known.
        for name in header.structs:
            self.structs[name] = type(name, (ctypes.Structure,), {"__doc__": header.struct_docs.get(name, "")})
        for name, callback in header.callbacks.items():
            self.callbacks[name] = ctypes.CFUNCTYPE(
                self.ctype(callback.result), *(self.ctype(p.type) for p in callback.parameters)
            )
        for name, fields in header.structs.items():
            members: List[Tuple[str, Any]] = []
            for field in fields:
                kind = self.ctype(field.type)
                members.append((field.name, kind * field.array if field.array else kind))
            self.structs[name]._fields_ = members
        self.functions: Dict[str, Tuple[Any, List[Any], str]] = {
            name: (self.ctype(f.result), [self.ctype(p.type) for p in f.parameters], f.doc)
            for name, f in header.functions.items()
        }
        self.enums: Dict[Tuple[str, str], Dict[str, int]] = {}
        for name, fields in header.structs.items():
            for field in fields:
                match = re.search(r"\bSWIFTCL_([A-Z0-9_]+_)\.\.\.", field.doc)
                if match:
                    self.enums[name, field.name] = self.values(match.group(1))

    def ctype(self, kind: CType) -> Any:
        base, pointers = kind.base, kind.pointers
        while base in self.header.aliases:
            base = self.header.aliases[base].base
        if base == "void":
            if pointers == 0:
                return None
            result: Any = ctypes.c_void_p
            pointers -= 1
        elif base == "char" and pointers:
            if not kind.const:
                raise HeaderError("a char pointer that is not const")
            result = ctypes.c_char_p
            pointers -= 1
        elif base in _SCALARS:
            result = _SCALARS[base]
        elif base in self.callbacks:
            result = self.callbacks[base]
        elif base in self.structs:
            result = self.structs[base]
        else:
            raise HeaderError(f"unknown type {base}")
        for _ in range(pointers):
            result = ctypes.POINTER(result)
        return result

    def values(self, prefix: str) -> Dict[str, int]:
        """The constants SWIFTCL_<prefix>..., by the rest of their names in lower case."""
        start = "SWIFTCL_" + prefix
        found = {
            name[len(start):].lower(): value
            for name, value in self.constants.items()
            if name.startswith(start) and isinstance(value, int)
        }
        if not found:
            raise HeaderError(f"no constant starts with {start}")
        return found

    def enumeration(self, name: str, prefix: str, kind: Any = enum.IntEnum) -> Any:
        """An enum class of the constants SWIFTCL_<prefix>..."""
        return kind(name, {key.upper(): value for key, value in self.values(prefix).items()}, module="swiftcl")

    def record(self, struct: str, convert: Optional[Dict[str, Any]] = None) -> Any:
        """A named tuple class of what a struct reports, with a ``_read`` that fills one."""
        fields = [f for f in self.header.structs[struct] if f.name not in ("struct_size", "reserved")]
        title = "".join(part.capitalize() for part in struct.split("_")[1:])
        base = namedtuple(title, [f.name for f in fields])  # type: ignore[misc]
        converters = {name: function for name, function in (convert or {}).items()}

        def read(cls: Any, value: ctypes.Structure) -> Any:
            items = []
            for name in cls._fields:
                item = getattr(value, name)
                items.append(converters[name](item) if name in converters else item)
            return cls(*items)

        lines = [f"{f.name}: {f.doc}" if f.doc else f.name for f in fields]
        body = {
            "__doc__": (self.header.struct_docs[struct] + "\n\n" + "\n".join(lines)).strip(),
            "__slots__": (),
            "__module__": "swiftcl",
            "_struct": self.structs[struct],
            "_read": classmethod(read),
        }
        return type(title, (base,), body)


abi = Abi(parse_header(_header_path()))
