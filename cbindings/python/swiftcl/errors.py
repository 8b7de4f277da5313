"""Exceptions: one family per kind of failure, one class per status of the C interface.

::

    Error
      InputError          what was passed is wrong; nothing changed
        NullError, ArgumentError, StructError, BufferTooSmallError,
        NonFiniteError, LabelError, AlignmentError
      UsageError          the call does not fit the state of the network
        StateError, UnknownTaskError, OwnedError, SharedError
      ResourceError       something is spent
        OutOfMemoryError, CapacityError
      PersistenceError    a checkpoint or ticket could not be written or read
        StorageError, FormatError, CorruptError, NewerVersionError, MismatchError
      Stopped             a progress callback asked to stop
      UnsupportedError    not available in this build

Where Python has a class of its own for the case (``ValueError``,
``MemoryError``, ``LookupError``, ...) the exception is one of these too.
"""

from __future__ import annotations

from typing import Dict, Type

__all__ = [
    "AlignmentError", "ArgumentError", "BufferTooSmallError", "CapacityError", "ClosedError", "CorruptError",
    "Error", "FormatError", "InputError", "LabelError", "LibraryNotFoundError", "MismatchError", "NewerVersionError",
    "NonFiniteError", "NullError", "OutOfMemoryError", "OwnedError", "PersistenceError", "ResourceError",
    "SharedError", "StateError", "Stopped", "StorageError", "StructError", "UnknownTaskError", "UnsupportedError",
    "UsageError",
]


class LibraryNotFoundError(ImportError):
    """libswiftcl could not be found, loaded, or does not match the headers."""


class ClosedError(ValueError):
    """The network or ticket was closed."""


class Error(Exception):
    """A call of the library failed.

    ``status`` is the number, ``status_name`` its name (``SWIFTCL_E_...``) and
    ``message`` the library's line that names the argument, its value and what
    was expected. The object the call was about is as it was before.
    """

    def __init__(self, status: int, status_name: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.status_name = status_name
        self.message = message

    def __str__(self) -> str:
        return f"{self.message or 'no message'} [{self.status_name}]"

    def __reduce__(self):  # type: ignore[no-untyped-def]
        return type(self), (self.status, self.status_name, self.message)


class InputError(Error):
    """What was passed is wrong."""


class UsageError(Error):
    """The call does not fit the state of the network."""


class ResourceError(Error):
    """Memory, units, tasks or classes are spent."""


class PersistenceError(Error):
    """A checkpoint or ticket could not be written or read."""


class NullError(InputError, ValueError):
    """A pointer that must not be NULL is NULL."""


class ArgumentError(InputError, ValueError):
    """A number or option is outside its range."""


class StructError(InputError, ValueError):
    """A struct has a size that the library does not know."""


class BufferTooSmallError(InputError, ValueError):
    """A buffer is too small; the message says how many would do."""


class NonFiniteError(InputError, ValueError):
    """NaN or infinity in an input, a parameter or the loss."""


class LabelError(InputError, ValueError):
    """A label is not among the task's classes; the message names the row."""


class AlignmentError(InputError, ValueError):
    """Memory is not aligned as the library needs it."""


class StateError(UsageError, RuntimeError):
    """The call does not fit now: no task is open, or one is."""


class UnknownTaskError(UsageError, LookupError):
    """There is no such task."""


class OwnedError(UsageError, RuntimeError):
    """The parameter belongs to a finished task."""


class SharedError(UsageError, RuntimeError):
    """A later task uses edges of this one."""


class OutOfMemoryError(ResourceError, MemoryError):
    """The allocator returned nothing, or a size overflows."""


class CapacityError(ResourceError, RuntimeError):
    """Units, tasks, classes or ticket bytes are spent."""


class StorageError(PersistenceError, OSError):
    """Reading or writing failed, or a stream refused."""


class FormatError(PersistenceError, ValueError):
    """Not a checkpoint or ticket, or it ends too early."""


class CorruptError(PersistenceError, ValueError):
    """A checksum does not match."""


class NewerVersionError(PersistenceError, ValueError):
    """Written by a newer version of the format."""


class MismatchError(PersistenceError, ValueError):
    """The checkpoint is of another description."""


class Stopped(Error):
    """A progress callback asked to stop; finished steps are kept."""


class UnsupportedError(Error, NotImplementedError):
    """Not available in this build of the library."""


#: Exception class by the status name of the header, without ``SWIFTCL_E_``.
BY_STATUS: Dict[str, Type[Error]] = {
    "NULL": NullError,
    "ARGUMENT": ArgumentError,
    "STRUCT": StructError,
    "STATE": StateError,
    "MEMORY": OutOfMemoryError,
    "CAPACITY": CapacityError,
    "BUFFER": BufferTooSmallError,
    "NONFINITE": NonFiniteError,
    "LABEL": LabelError,
    "TASK": UnknownTaskError,
    "OWNED": OwnedError,
    "SHARED": SharedError,
    "ALIGNMENT": AlignmentError,
    "IO": StorageError,
    "FORMAT": FormatError,
    "CORRUPT": CorruptError,
    "VERSION": NewerVersionError,
    "MISMATCH": MismatchError,
    "STOPPED": Stopped,
    "UNSUPPORTED": UnsupportedError,
}
