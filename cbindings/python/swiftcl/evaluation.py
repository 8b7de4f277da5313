"""Accuracy matrices and their scores."""

from __future__ import annotations

import ctypes
from typing import Any, List, Sequence

import numpy as np

from ._arrays import pointer
from ._integers import integer
from ._library import default_library
from .options import sized
from .records import Scores

__all__ = ["AccuracyMatrix", "ProtocolMatrices", "score", "steps"]


class ProtocolMatrices:
    """What :meth:`swiftcl.Network.evaluate_all` fills, kept from call to call.

    ``class_il`` and ``task_il`` are accuracy matrices, float64 (tasks, tasks),
    NaN where nothing was evaluated; ``confusion`` is uint64 (classes, classes),
    [label, class the rule named], of the last call.
    """

    def __init__(self, tasks: int, classes: int) -> None:
        tasks = integer(tasks, ctypes.c_uint32, "tasks", low=1)
        classes = integer(classes, ctypes.c_uint32, "classes", low=1)
        self.class_il = np.full((tasks, tasks), np.nan)
        self.task_il = np.full((tasks, tasks), np.nan)
        self.confusion = np.zeros((classes, classes), np.uint64)
        self.tasks = 0  #: sets of the last call

    def _lend(self, options: ctypes.Structure) -> None:
        options.class_il, options.task_il = pointer(self.class_il), pointer(self.task_il)
        options.confusion = pointer(self.confusion)
        options.matrix_tasks, options.confusion_classes = len(self.class_il), len(self.confusion)


def steps(rows: int, batch: int = 32, epochs: int = 1) -> int:
    """Training steps that ``fit`` takes: the last batch of an epoch may be smaller."""
    rows = integer(rows, ctypes.c_size_t, "rows")
    batch = integer(batch, ctypes.c_uint32, "batch", low=1)
    epochs = integer(epochs, ctypes.c_uint32, "epochs")
    return -(-rows // batch) * epochs


def score(matrix: Any) -> Scores:
    """Average accuracy, forgetting, backward transfer and learning accuracy, in percent.

    ``matrix[k, i]`` is the accuracy on task i after task k was learned, float64
    (tasks, tasks); only the lower triangle is read.
    """
    values = np.tril(np.asarray(matrix, np.float64))
    if values.ndim != 2 or values.shape[0] != values.shape[1]:
        raise ValueError(f"the matrix has shape {values.shape}, expected (tasks, tasks)")
    values = np.ascontiguousarray(np.where(np.tri(values.shape[0], dtype=bool), values, 0.0))
    library, result = default_library(), sized("swiftcl_scores")
    library.check(library.swiftcl_score(pointer(values), values.shape[0], ctypes.byref(result)))
    return Scores._read(result)


class AccuracyMatrix:
    """Grows by a row after every task.

    ::

        matrix = swiftcl.AccuracyMatrix()
        for ...:
            ...
            matrix.add(net.evaluate_tasks(sets_so_far))
        print(matrix.scores().forgetting)
    """

    def __init__(self) -> None:
        self._rows: List[np.ndarray] = []

    def add(self, accuracies: Sequence[float]) -> None:
        """The accuracies on tasks 0 to k after task k."""
        row = np.array(accuracies, np.float64)
        if row.shape != (len(self._rows) + 1,):
            raise ValueError(f"row {len(self._rows)} has shape {row.shape}, expected ({len(self._rows) + 1},)")
        self._rows.append(row)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def values(self) -> np.ndarray:
        """float64 (tasks, tasks); NaN above the diagonal."""
        result = np.full((len(self), len(self)), np.nan)
        for index, row in enumerate(self._rows):
            result[index, :row.size] = row
        return result

    def scores(self) -> Scores:
        """The scores of the rows so far."""
        return score(self.values)
