"""Tickets: what one finished task needs to predict, as a piece of memory that runs by itself."""

from __future__ import annotations

import ctypes
import mmap
import os
import threading
import weakref
from typing import Any, Iterable, List, Optional, Tuple, Union

import numpy as np

from ._abi import abi
from ._arrays import INPUT_DTYPES, as_labels, as_rows, output, pointer
from ._integers import layer_index
from ._library import Library, default_library
from .errors import ClosedError
from .options import initialise, set_field, sized
from .records import Comparison, TicketInfo

__all__ = ["Ticket", "compare_tickets", "predict_tickets"]

_ALIGNMENT: int = abi.constants["SWIFTCL_TICKET_ALIGNMENT"]  # type: ignore[assignment]
_CACHE_LINE = 64
_handle_type = ctypes.POINTER(abi.structs["swiftcl_ticket"])


class Ticket:
    """One finished task, exported by :meth:`Network.export_ticket` or :meth:`Network.save_ticket`.

    ::

        with swiftcl.Ticket("pump.ticket") as ticket:
            labels = ticket.predict_labels(x)

    ``source`` is a path, whose file is mapped read-only and used where it
    lies, or anything with the buffer protocol (``bytes``, an ``mmap``, an
    array), which is used in place too and must not change; only a buffer at an
    address that is no multiple of 16 is copied. Every byte is checked once, on
    opening. Logits are those of the network, bit for bit; those of an int8
    ticket, which :meth:`quantize` makes of a float ticket, are near them.

    A ticket may be used by any number of threads at once: each has scratch of
    its own, and the interpreter lock is free while the library works. After
    :meth:`close` calls raise ClosedError; those under way come to their end.
    """

    def __init__(self, source: Any, *, library: Union[None, Library, str, "os.PathLike[str]"] = None) -> None:
        if library is None:
            library = default_library()
        self._library = library if isinstance(library, Library) else Library(library)
        self._data = _readable(source)
        handle = _handle_type()
        self._library.check(self._library.swiftcl_ticket_open(
            self._data.ctypes.data, self._data.nbytes, None, ctypes.byref(handle)))
        self._handle = handle
        self._lock = threading.Lock()
        self._users, self._closed = 0, False
        self._scratch = threading.local()
        self._finalizer = weakref.finalize(self, _free, self._library, handle, self._data)
        result = sized("swiftcl_ticket_info")
        self._library.check(self._library.swiftcl_ticket_info_get(handle, ctypes.byref(result)))
        self._info = TicketInfo._read(result)

    # ------------------------------------------------------------- lifetime

    def close(self) -> None:
        """Lets go of the ticket and its data. Closing twice is fine."""
        with self._lock:
            self._closed = True
            self._free_if_unused()

    def _free_if_unused(self) -> None:
        if self._closed and self._users == 0:
            self._finalizer()
            self._data = None  # type: ignore[assignment]  # unmaps a file

    @property
    def closed(self) -> bool:
        """Whether the ticket was closed."""
        return self._closed

    def _enter(self) -> None:
        with self._lock:
            if self._closed:
                raise ClosedError("the ticket was closed")
            self._users += 1

    def _leave(self) -> None:
        with self._lock:
            self._users -= 1
            self._free_if_unused()

    def __enter__(self) -> "Ticket":
        if self._closed:
            raise ClosedError("the ticket was closed")
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __repr__(self) -> str:
        if self._closed:
            return "<swiftcl.Ticket, closed>"
        return f"<swiftcl.Ticket of task {self._info.task}, {self._info.bytes} bytes>"

    def __reduce__(self) -> Tuple[Any, ...]:
        return _restore, (self.to_bytes(), self._library.path)

    def _call(self, name: str, *arguments: Any) -> None:
        self._enter()
        try:
            self._library.check(getattr(self._library, name)(self._handle, *arguments))
        finally:
            self._leave()

    # ---------------------------------------------------------------- facts

    @property
    def info(self) -> TicketInfo:
        """What the ticket is: task, sizes, multiply-adds, scratch."""
        return self._info

    @property
    def input_dtype(self) -> np.dtype:
        """The dtype that inputs have; arrays of it are read without a copy."""
        return INPUT_DTYPES[self._info.input_type]

    @property
    def classes(self) -> np.ndarray:
        """The labels that the columns of the logits stand for, int32 (classes,)."""
        result = np.empty(self._info.class_count, np.int32)
        self._call("swiftcl_ticket_classes", pointer(result), result.size, None)
        return result

    def winners(self, layer: int) -> np.ndarray:
        """The winner's index in each block of a layer, int32 (blocks,); -1 where a block abstains."""
        # No layer has more blocks than a network has units in one.
        result, count = np.empty(1 << 16, np.int32), ctypes.c_size_t()
        self._call("swiftcl_ticket_winners", layer_index(layer), pointer(result), result.size, ctypes.byref(count))
        return result[:count.value].copy()

    @property
    def is_int8(self) -> bool:
        """Whether it has eight-bit weights and predicts with integers."""
        return self._info.weights == abi.constants["SWIFTCL_WEIGHTS_I8"]

    def to_bytes(self) -> bytes:
        """The ticket itself."""
        self._enter()
        try:
            return self._data[:self._info.bytes].tobytes()
        finally:
            self._leave()

    # ----------------------------------------------------------- prediction

    def predict(self, x: Any, out: Optional[np.ndarray] = None) -> np.ndarray:
        """Raw logits, float32 (rows, classes); columns as :attr:`classes` says."""
        rows = self._rows(x)
        result = output(out, (rows.shape[0], self._info.class_count), np.float32)
        scratch = self._scratch_for(self._info.row_scratch_bytes, rows.shape[0])
        self._call("swiftcl_ticket_predict", rows.ctypes.data, rows.shape[0], pointer(result), result.size,
                   scratch.ctypes.data, scratch.nbytes)
        return result

    def predict_labels(self, x: Any, out: Optional[np.ndarray] = None) -> np.ndarray:
        """The label of the largest logit of each row, int32 (rows,)."""
        rows = self._rows(x)
        result = output(out, (rows.shape[0],), np.int32)
        scratch = self._scratch_for(self._info.row_scratch_bytes, rows.shape[0])
        self._call("swiftcl_ticket_predict_labels", rows.ctypes.data, rows.shape[0], pointer(result), result.size,
                   scratch.ctypes.data, scratch.nbytes)
        return result

    def predict_integers(self, x: Any, out: Optional[np.ndarray] = None) -> np.ndarray:
        """Logits of an int8 ticket as integers, int32 (rows, classes); times ``info.logit_scale`` they are floats."""
        rows = self._rows(x)
        result = output(out, (rows.shape[0], self._info.class_count), np.int32)
        scratch = self._scratch_for(self._info.row_scratch_bytes, rows.shape[0])
        self._call("swiftcl_ticket_predict_integers", rows.ctypes.data, rows.shape[0], pointer(result), result.size,
                   scratch.ctypes.data, scratch.nbytes)
        return result

    # --------------------------------------------------------- quantisation

    def quantize(self, x: Any, **options: Any) -> bytes:
        """This ticket with eight-bit weights, calibrated on some rows like those to be predicted.

        ``options`` are the fields of ``swiftcl_quantize_options``. What accuracy
        it costs, :func:`compare_tickets` tells.
        """
        rows = self._rows(x)
        wanted = initialise(self._library, abi.structs["swiftcl_quantize_options"]())
        for name, value in options.items():
            set_field(wanted, name, value)
        size = ctypes.c_size_t()
        self._call("swiftcl_ticket_quantized_bytes", ctypes.byref(size))
        buffer = np.empty(size.value, np.uint8)
        scratch = self._scratch_for(self._info.row_scratch_bytes, rows.shape[0])
        self._call("swiftcl_ticket_quantize", ctypes.byref(wanted), rows.ctypes.data, rows.shape[0],
                   buffer.ctypes.data, buffer.nbytes, None, scratch.ctypes.data, scratch.nbytes)
        return buffer.tobytes()

    def _rows(self, x: Any) -> np.ndarray:
        return np.require(as_rows(x, self._info.inputs, self.input_dtype), requirements=["C", "A"])

    def _scratch_for(self, row_bytes: int, rows: int) -> np.ndarray:
        """This thread's scratch: for so many rows, or for as many as are of use."""
        wanted = row_bytes * max(1, min(rows, self._info.fast_rows))
        scratch = getattr(self._scratch, "array", None)
        if scratch is None or scratch.nbytes < wanted:
            self._scratch.array = scratch = _aligned(wanted)
        return scratch


def predict_tickets(tickets: Iterable[Ticket], x: Any) -> List[np.ndarray]:
    """Logits of several tickets for the same rows, float32 (rows, classes) each.

    The inputs are checked and converted once, and every chunk of rows passes
    all the tickets; they must describe the same input.
    """
    listed = list(tickets)
    if not listed:
        return []
    first = listed[0]
    if any(ticket._library is not first._library for ticket in listed):
        raise ValueError("tickets of different libraries")
    rows = first._rows(x)
    results = [np.empty((rows.shape[0], ticket._info.class_count), np.float32) for ticket in listed]
    scratch = first._scratch_for(max(ticket._info.row_scratch_bytes for ticket in listed), rows.shape[0])
    used: List[Ticket] = []
    try:
        for ticket in listed:
            ticket._enter()
            used.append(ticket)
        handles = (_handle_type * len(listed))(*(ticket._handle for ticket in listed))
        arrays, counts = arrays_of(results)
        first._library.check(first._library.swiftcl_ticket_predict_many(
            handles, len(listed), rows.ctypes.data, rows.shape[0], arrays, counts, scratch.ctypes.data, scratch.nbytes))
    finally:
        for ticket in used:
            ticket._leave()
    return results


def compare_tickets(reference: Ticket, ticket: Ticket, x: Any, labels: Any) -> Comparison:
    """Accuracy of two tickets on the same labelled rows, and how many points the second loses."""
    if reference._library is not ticket._library:
        raise ValueError("tickets of different libraries")
    rows = reference._rows(x)
    named = as_labels(labels, rows.shape[0])
    result = sized("swiftcl_comparison")
    scratch = reference._scratch_for(max(reference._info.row_scratch_bytes, ticket._info.row_scratch_bytes), 1)
    ticket._enter()
    try:
        reference._call("swiftcl_ticket_compare", ticket._handle, rows.ctypes.data, pointer(named), rows.shape[0],
                        scratch.ctypes.data, scratch.nbytes, ctypes.byref(result))
    finally:
        ticket._leave()
    return Comparison._read(result)


def arrays_of(results: List[np.ndarray]) -> Tuple[Any, Any]:
    """float32 arrays as ``float *const *`` and their sizes as ``const size_t *``."""
    kind = ctypes.POINTER(ctypes.c_float)
    arrays = (kind * len(results))(*(ctypes.cast(result.ctypes.data, kind) for result in results))
    return arrays, (ctypes.c_size_t * len(results))(*(result.size for result in results))


def _readable(source: Any) -> np.ndarray:
    """The bytes of a path or a buffer, in place where the alignment allows."""
    if isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as file:
            empty = os.fstat(file.fileno()).st_size == 0  # which cannot be mapped
            source = b"" if empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    data = np.frombuffer(source, np.uint8) if memoryview(source).nbytes else _aligned(0)
    if data.ctypes.data % _ALIGNMENT:
        copy = _aligned(data.nbytes)
        copy[:] = data
        return copy
    return data


def _aligned(size: int) -> np.ndarray:
    block = np.empty(size + _CACHE_LINE, np.uint8)
    start = -block.ctypes.data % _CACHE_LINE
    return block[start:start + size]


def _free(library: Library, handle: Any, data: np.ndarray) -> None:
    library.swiftcl_ticket_free(handle)  # the data live until here


def _restore(data: bytes, path: str) -> Ticket:
    default = default_library()
    return Ticket(data, library=default if default.path == path else Library(path))
