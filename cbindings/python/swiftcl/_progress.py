"""The progress callback of ``fit``: a bar, a caller's function, or only Ctrl-C."""

from __future__ import annotations

import sys
import time
from typing import Any, Optional

from ._abi import abi
from .records import Progress

__all__ = ["Watcher"]

_KIND = abi.callbacks["swiftcl_progress_fn"]


class Watcher:
    """Holds the callback of one run and the exception that was raised inside it."""

    def __init__(self, progress: Any) -> None:
        if progress not in (None, True, False) and not callable(progress):
            raise TypeError(f"progress is {progress!r}, expected None, True, False or a function")
        self._error: Optional[BaseException] = None
        self._function = progress if callable(progress) else None
        self._tqdm = _bar_class(progress)
        self._bar: Any = None
        self._shown = 0.0
        self.callback: Any = None if progress is False else _KIND(self._guarded)

    def _guarded(self, context: Any, progress: Any) -> int:
        try:
            if self._function is not None:
                return 1 if self._function(Progress._read(progress.contents)) else 0
            if self._tqdm is not None:
                self._show(progress.contents)
            return 0
        except BaseException as error:  # KeyboardInterrupt too: it stops the run and is raised by fit
            self._error = error
            return 1

    def _show(self, now: Any) -> None:
        if self._bar is None:
            self._bar = self._tqdm(total=now.steps, unit="step", leave=False)
        last = now.step >= now.steps
        if last or time.monotonic() - self._shown > 0.1:
            self._shown = time.monotonic()
            self._bar.set_postfix_str(f"epoch {now.epoch} loss {now.loss:.4f}", refresh=False)
            self._bar.update(now.step - self._bar.n)

    def reraise(self) -> None:
        """Raises what the callback raised, in place of the status it caused."""
        error, self._error = self._error, None
        if error is not None:
            raise error from None

    def __enter__(self) -> "Watcher":
        return self

    def __exit__(self, *_: Any) -> None:
        self.callback = None
        if self._bar is not None:
            self._bar.close()


def _bar_class(progress: Any) -> Any:
    if progress is None and not sys.stderr.isatty():
        return None
    if progress not in (None, True):
        return None
    try:
        from tqdm import tqdm
    except ImportError:
        if progress is True:
            raise ImportError("progress=True needs the package tqdm") from None
        return None
    return tqdm
