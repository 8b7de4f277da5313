"""The network: one object, one owner, every call of the C interface that is about it."""

from __future__ import annotations

import ctypes
import os
import threading
import weakref
from typing import Any, BinaryIO, Callable, Dict, Iterable, List, Optional, Sequence, Tuple, Type, Union

import numpy as np

from . import _streams
from ._abi import abi
from ._arrays import INPUT_DTYPES, as_ids, as_labels, as_rows, as_targets, output, pointer
from ._integers import integer, layer_index, task_number
from ._library import Library, default_library
from ._progress import Watcher
from .errors import ArgumentError, ClosedError
from .evaluation import ProtocolMatrices
from .options import build_options, class_array, initialise, plan_of, set_field, sized
from .records import (
    Accounting, Capacity, ClassHeadInfo, DataInfo, Evaluation, FitReport, LayerInfo, MaskInfo, Normalisation, Plan,
    ReplayInfo, Step, TaskInfo,
)
from .task import Task, TaskContext
from .ticket import Ticket, arrays_of

__all__ = ["OPEN", "UNTIL_END", "Network"]

#: Stands for the open task wherever a task is asked for.
OPEN: int = abi.constants["SWIFTCL_TASK_OPEN"]  # type: ignore[assignment]

#: For ``compete_steps``: the competition lasts until the task ends.
UNTIL_END: int = abi.constants["SWIFTCL_COMPETE_ALWAYS"]  # type: ignore[assignment]

TaskLike = Union[int, Task]
Path = Union[str, "os.PathLike[str]"]


class Network:
    """A network of blocks of competing units that learns one task after another.

    ::

        with swiftcl.Network([swiftcl.dense(800, 8), swiftcl.dense(800, 8), swiftcl.head(10)],
                             inputs=784, seed=1, expected_tasks=10) as net:
            with net.task(expected_steps=swiftcl.steps(len(x), batch=32)) as task:
                net.fit(x, y, batch=32)
            net.evaluate(task, x_test, y_test)

    ``layers`` are what :func:`swiftcl.dense` and :func:`swiftcl.head` return,
    the head last; ``inputs`` is the number of elements of one row. Every field
    of ``swiftcl_options`` is a keyword (:func:`swiftcl.option_names`,
    :func:`swiftcl.describe`); fields with named values take the names
    (``sampler="gumbel"``), ``input_type`` a numpy dtype as well, and
    ``input_scale`` / ``input_offset`` a number or one per channel.
    ``preset="paper"`` starts from the options closest to the paper.
    ``fixed_memory=True`` builds the network inside one buffer of exactly the
    planned size and allocates nothing afterwards. ``library`` is a
    :class:`swiftcl.Library` or the path of one.

    A network is used by one thread at a time: calls from a second thread wait.
    The library lets go of the interpreter lock while it works. Inputs in C
    order with the network's dtype are read in place; others are copied, and
    float64 is rounded to float32 by it.
    """

    def __init__(
        self,
        layers: Sequence[ctypes.Structure],
        inputs: int,
        seed: int = 0,
        *,
        library: Union[None, Library, Path] = None,
        preset: str = "",
        fixed_memory: bool = False,
        **options: Any,
    ) -> None:
        loaded = _library(library)
        struct, keep = build_options(loaded, layers, inputs, seed, preset, options)
        handle = _handle_type()
        memory = None
        if fixed_memory:
            needed = plan_of(loaded, struct)
            memory = _aligned(needed.total_bytes, needed.alignment)
            status = loaded.swiftcl_network_create_in(
                ctypes.byref(struct), memory.ctypes.data, memory.nbytes, ctypes.byref(handle))
        else:
            status = loaded.swiftcl_network_create(ctypes.byref(struct), ctypes.byref(handle))
        loaded.check(status)
        self._adopt(loaded, handle, struct.inputs, INPUT_DTYPES[struct.input_type], memory)
        del keep

    def _adopt(
        self, library: Library, handle: Any, inputs: int, dtype: np.dtype, memory: Optional[np.ndarray] = None
    ) -> None:
        self._library = library
        self._handle = handle
        self._memory = memory
        self._lock = threading.RLock()
        self._busy = False
        self._inputs = inputs
        self._dtype = dtype
        self._finalizer = weakref.finalize(self, _free, library, handle, memory)

    # ------------------------------------------------------------- lifetime

    def close(self) -> None:
        """Frees the network. Closing twice is fine; any other call then raises ClosedError."""
        with self._lock:
            if self._busy:
                raise RuntimeError("a network cannot be closed from its own callback")
            self._finalizer()

    @property
    def closed(self) -> bool:
        """Whether the network was closed."""
        return not self._finalizer.alive

    def __enter__(self) -> "Network":
        if self.closed:
            raise ClosedError("the network was closed")
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __repr__(self) -> str:
        if self.closed:
            return "<swiftcl.Network, closed>"
        return f"<swiftcl.Network, {self._inputs} inputs of {self._dtype}>"

    def __reduce__(self) -> Tuple[Any, ...]:
        return _restore, (self.to_bytes(), self._library.path)

    def _call(self, name: str, *arguments: Any) -> None:
        """One call of the library with this network first; raises on any status but OK."""
        with self._lock:
            if self._busy:
                raise RuntimeError("a network cannot be used from its own callback")
            if not self._finalizer.alive:
                raise ClosedError("the network was closed")
            self._busy = True
            try:
                status = getattr(self._library, name)(self._handle, *arguments)
                if status != 0:
                    raise self._library.error(status, self._handle)
            finally:
                self._busy = False

    # ---------------------------------------------------------------- facts

    @property
    def inputs(self) -> int:
        """Elements of one row."""
        return self._inputs

    @property
    def input_dtype(self) -> np.dtype:
        """The dtype that inputs have; arrays of it are read without a copy."""
        return self._dtype

    @property
    def library(self) -> Library:
        """The library the network lives in."""
        return self._library

    @property
    def warnings(self) -> List[str]:
        """What the library finds doubtful in the description, one sentence each."""
        bits = ctypes.c_uint32()
        self._call("swiftcl_network_warnings", ctypes.byref(bits))
        return self._library.warning_texts(bits.value)

    @property
    def memory(self) -> Tuple[int, int]:
        """Bytes held now, and the most that was ever held."""
        current, peak = ctypes.c_uint64(), ctypes.c_uint64()
        self._call("swiftcl_network_memory", ctypes.byref(current), ctypes.byref(peak))
        return current.value, peak.value

    @property
    def accounting(self) -> Accounting:
        """Multiply-adds so far, of all tasks, beside those of the dense network; seconds; and bytes held for training."""
        return self._report("swiftcl_accounting_get", Accounting)

    @property
    def learning_rate(self) -> float:
        """The rate of the next step. Setting it makes it constant until the task ends;
        without an open task it is the new base rate of the tasks to come."""
        value = ctypes.c_float()
        self._call("swiftcl_learning_rate_get", ctypes.byref(value))
        return value.value

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        self._call("swiftcl_set_learning_rate", rate)

    @property
    def threads(self) -> int:
        """How many threads share the network's large products, the caller's included; 1 at first.

        Results do not depend on it, bit for bit. More than the machine has processors is of no
        use. It is not saved, and a forked child's networks have 1. In the OpenBLAS flavour it is
        the number of OpenBLAS's threads, one for the whole process, and results may depend on it."""
        value = ctypes.c_uint32()
        self._call("swiftcl_threads_get", ctypes.byref(value))
        return value.value

    @threads.setter
    def threads(self, count: int) -> None:
        self._call("swiftcl_set_threads", integer(count, ctypes.c_uint32, "threads"))

    def _report(self, name: str, record: Any, *arguments: Any) -> Any:
        result = sized(record._struct.__name__)
        self._call(name, *arguments, ctypes.byref(result))
        return record._read(result)

    # ---------------------------------------------------------------- tasks

    def task(self, classes: Optional[Iterable[int]] = None, *, expected_steps: int = 0, **options: Any) -> TaskContext:
        """A task as a ``with`` block: begins on entry, ends on success, is aborted by an exception.

        ``classes`` are its labels (None: all of the head), ``expected_steps``
        the number of training steps that are planned (0: unknown). Further
        keywords are the fields of ``swiftcl_task_options``: ``start``
        ("fresh", "warm", "copy_on_write"), ``compete_steps`` (``swiftcl.UNTIL_END``
        to compete to the last step), ``mask_classes``, ``user_tag``.
        """
        return TaskContext(self, dict(options, classes=classes, expected_steps=expected_steps))

    def begin_task(
        self, classes: Optional[Iterable[int]] = None, *, expected_steps: int = 0, **options: Any
    ) -> Task:
        """Begins a task (see :meth:`task`) and returns its handle."""
        struct, keep = self._task_options(classes, expected_steps, options)
        number = ctypes.c_int32()
        self._call("swiftcl_task_begin", ctypes.byref(struct), ctypes.byref(number))
        del keep
        return Task(self, number.value)

    def reopen_task(
        self, task: TaskLike, classes: Optional[Iterable[int]] = None, *, expected_steps: int = 0, **options: Any
    ) -> Task:
        """Opens a finished task again to train it on; refused where a later task shares its edges."""
        struct, keep = self._task_options(classes, expected_steps, options)
        number = task_number(task)
        self._call("swiftcl_task_reopen", number, ctypes.byref(struct))
        del keep
        return Task(self, number)

    def _task_options(
        self, classes: Optional[Iterable[int]], expected_steps: int, options: Dict[str, Any]
    ) -> Tuple[ctypes.Structure, Any]:
        struct = initialise(self._library, abi.structs["swiftcl_task_options"]())
        keep = None
        if classes is not None:
            keep = class_array(classes)
            struct.classes, struct.class_count = keep, len(keep)
        set_field(struct, "expected_steps", expected_steps)
        for name, value in options.items():
            if name == "class_count":
                raise TypeError("class_count follows from classes")
            set_field(struct, name, value)
        return struct, keep

    def commit_task(self) -> None:
        """Ends the competition now: the winners stand."""
        self._call("swiftcl_task_commit")

    def end_task(self) -> TaskInfo:
        """Finishes the open task: its ticket never changes again."""
        return self._report("swiftcl_task_end", TaskInfo)

    def abort_task(self) -> None:
        """Drops the open task; the network is as it was before it began."""
        self._call("swiftcl_task_abort")

    def remove_task(self, task: TaskLike) -> None:
        """Removes a finished task and frees its units."""
        self._call("swiftcl_task_remove", task_number(task))

    @property
    def tasks(self) -> List[int]:
        """The numbers of the finished tasks, oldest first."""
        with self._lock:
            count = ctypes.c_size_t()
            self._call("swiftcl_task_count", ctypes.byref(count))
            numbers = np.empty(max(1, count.value), np.int32)
            self._call("swiftcl_task_list", pointer(numbers), numbers.size, ctypes.byref(count))
            return [int(number) for number in numbers[:count.value]]

    def task_info(self, task: TaskLike = OPEN) -> TaskInfo:
        """What is known of a task: steps, phase, winners, density, multiply-adds."""
        return self._report("swiftcl_task_info_get", TaskInfo, task_number(task))

    def task_classes(self, task: TaskLike = OPEN) -> np.ndarray:
        """The labels that the columns of the task's logits stand for, int32 (classes,)."""
        with self._lock:
            result = np.empty(self.task_info(task).class_count, np.int32)
            count = ctypes.c_size_t()
            self._call("swiftcl_task_classes", task_number(task), pointer(result), result.size, ctypes.byref(count))
            return result[:count.value]

    # ------------------------------------------------------------- training

    def train_step(self, x: Any, y: Any, ids: Optional[Any] = None) -> Step:
        """One step on a batch: x (rows, inputs), y (rows,) labels.

        With ``ids`` (rows,), numbers of the examples since :meth:`data_begin`, it takes down which
        rows were right. All ids differ, and none was removed.
        """
        rows = self._rows(x)
        labels = as_labels(y, rows.shape[0])
        if ids is None:
            return self._report("swiftcl_train_step", Step, rows.ctypes.data, pointer(labels), rows.shape[0])
        return self._report("swiftcl_train_step_ids", Step, rows.ctypes.data, pointer(labels),
                            pointer(as_ids(ids, rows.shape[0])), rows.shape[0])

    def train_step_targets(self, x: Any, targets: Any) -> Step:
        """One step on a batch with squared error: x (rows, inputs), targets (rows, outputs) float32."""
        rows = self._rows(x)
        with self._lock:
            width = self.task_info(OPEN).class_count
            values = as_targets(targets, rows.shape[0], width)
            return self._report("swiftcl_train_step_targets", Step, rows.ctypes.data, pointer(values), rows.shape[0])

    def fit(
        self,
        x: Any,
        y: Any,
        epochs: int = 1,
        batch: int = 32,
        *,
        shuffle: bool = True,
        progress: Union[None, bool, Callable[[Any], Any]] = None,
    ) -> FitReport:
        """Trains the open task on all rows: x (rows, inputs), y (rows,) labels.

        ``progress`` None shows a bar when standard error is a terminal and tqdm
        is installed, True always shows it, False runs without any callback (and
        without Ctrl-C); a function is called with a :class:`swiftcl.Progress`
        after every step and stops the run by returning a true value
        (:class:`swiftcl.Stopped` is raised) or by raising, which ``fit``
        re-raises. Steps that were finished are kept.
        """
        rows = self._rows(x)
        labels = as_labels(y, rows.shape[0])
        options = initialise(self._library, abi.structs["swiftcl_fit_options"]())
        set_field(options, "epochs", epochs)
        set_field(options, "batch", batch)
        set_field(options, "shuffle", bool(shuffle))
        with Watcher(progress) as watcher:
            if watcher.callback is not None:
                options.progress = watcher.callback
            result = sized("swiftcl_fit_report")
            try:
                self._call("swiftcl_fit", rows.ctypes.data, pointer(labels), rows.shape[0],
                           ctypes.byref(options), ctypes.byref(result))
            finally:
                watcher.reraise()
        return FitReport._read(result)

    def _rows(self, x: Any, what: str = "x") -> np.ndarray:
        return as_rows(x, self._inputs, self._dtype, what)

    # ----------------------------------------------------------- prediction

    def predict(self, task: TaskLike, x: Any, out: Optional[np.ndarray] = None) -> np.ndarray:
        """Raw logits, float32 (rows, classes of the task); columns as :meth:`task_classes` says.

        ``task`` is a finished one, also while another is open, or ``swiftcl.OPEN``.
        """
        rows = self._rows(x)
        with self._lock:
            width = self.task_info(task).class_count
            result = output(out, (rows.shape[0], width), np.float32)
            self._call("swiftcl_predict", task_number(task), rows.ctypes.data, rows.shape[0],
                       pointer(result), result.size)
        return result

    def predict_labels(self, task: TaskLike, x: Any, out: Optional[np.ndarray] = None) -> np.ndarray:
        """The label of the largest logit of each row, int32 (rows,)."""
        rows = self._rows(x)
        result = output(out, (rows.shape[0],), np.int32)
        self._call("swiftcl_predict_labels", task_number(task), rows.ctypes.data, rows.shape[0],
                   pointer(result), result.size)
        return result

    def predict_tasks(self, tasks: Iterable[TaskLike], x: Any) -> List[np.ndarray]:
        """Logits of several tasks for the same rows, float32 (rows, classes of the task) each.

        The inputs are checked and converted once.
        """
        rows = self._rows(x)
        with self._lock:
            numbers = np.array([task_number(task) for task in tasks], np.int32)
            if not numbers.size:
                return []
            results = [np.empty((rows.shape[0], self.task_info(int(n)).class_count), np.float32) for n in numbers]
            arrays, counts = arrays_of(results)
            self._call("swiftcl_predict_tasks", pointer(numbers), numbers.size, rows.ctypes.data, rows.shape[0],
                       arrays, counts)
        return results

    def evaluate(self, task: TaskLike, x: Any, y: Any) -> float:
        """Accuracy of a task on labelled rows, in percent."""
        rows = self._rows(x)
        labels = as_labels(y, rows.shape[0])
        result = ctypes.c_double()
        self._call("swiftcl_evaluate", task_number(task), rows.ctypes.data, pointer(labels), rows.shape[0],
                   ctypes.byref(result))
        return result.value

    def evaluate_tasks(self, sets: Iterable[Tuple[TaskLike, Any, Any]]) -> np.ndarray:
        """Accuracies in percent, float64 (sets,), of (task, x, y) triples: one row of the accuracy matrix."""
        array, keep = self._sets(sets)
        result = np.empty(len(array), np.float64)
        self._call("swiftcl_evaluate_tasks", array, len(array), pointer(result))
        del keep
        return result

    def _sets(self, sets: Iterable[Tuple[TaskLike, Any, Any]]) -> Tuple[Any, List[Any]]:
        items = list(sets)
        array = (abi.structs["swiftcl_dataset"] * len(items))()
        keep = []
        for index, (task, x, y) in enumerate(items):
            rows = self._rows(x, f"x of set {index}")
            labels = as_labels(y, rows.shape[0], f"y of set {index}")
            array[index].inputs, array[index].rows = rows.ctypes.data, rows.shape[0]
            array[index].labels = pointer(labels)
            array[index].task = task_number(task, f"task of set {index}")
            keep += [rows, labels]
        return array, keep

    # ------------------------------------------------- classes across tasks

    def fit_class_head(self, **options: Any) -> ClassHeadInfo:
        """Fits the class head on the replay memory; the network needs ``class_head=True`` and no open task.

        Keywords are the fields of ``swiftcl_class_head_options``: ``epochs``, ``learning_rate``,
        ``weight_decay``, ``deviation_floor``, ``seed``.
        """
        struct = initialise(self._library, abi.structs["swiftcl_class_head_options"]())
        for name, value in options.items():
            set_field(struct, name, value)
        return self._report("swiftcl_class_head_fit", ClassHeadInfo, ctypes.byref(struct))

    @property
    def class_head(self) -> ClassHeadInfo:
        """The class head as it stands; zeros where there is none."""
        return self._report("swiftcl_class_head_info_get", ClassHeadInfo)

    def predict_classes(self, x: Any, rule: Any = "last_mask", out: Optional[np.ndarray] = None) -> np.ndarray:
        """The class of each row, its task unknown, int32 (rows,).

        ``rule`` is "last_mask" (the newest task decides), "max_logit", "class_head" (after
        :meth:`fit_class_head`), "max_probability" or "lowest_entropy".
        """
        return self._by_rule("swiftcl_predict_classes", x, rule, out)

    def infer_task(self, x: Any, rule: Any = "last_mask", out: Optional[np.ndarray] = None) -> np.ndarray:
        """The task that a rule takes each row to be of, int32 (rows,)."""
        return self._by_rule("swiftcl_infer_task", x, rule, out)

    def _by_rule(self, name: str, x: Any, rule: Any, out: Optional[np.ndarray]) -> np.ndarray:
        rows = self._rows(x)
        result = output(out, (rows.shape[0],), np.int32)
        self._call(name, rule_number(rule), rows.ctypes.data, rows.shape[0], pointer(result), result.size)
        return result

    def class_scores(self, x: Any, rule: Any = "last_mask", out: Optional[np.ndarray] = None) -> np.ndarray:
        """Logits (or, for "max_probability", probabilities) by label, float32 (rows, max_classes);
        -inf for a class that the rule does not know."""
        rows = self._rows(x)
        with self._lock:
            info = sized("swiftcl_network_info")
            self._call("swiftcl_network_info_get", ctypes.byref(info))
            result = output(out, (rows.shape[0], info.max_classes), np.float32)
            self._call("swiftcl_class_scores", rule_number(rule), rows.ctypes.data, rows.shape[0],
                       pointer(result), result.size)
        return result

    def evaluate_all(
        self, sets: Iterable[Tuple[TaskLike, Any, Any]], rule: Any = "last_mask",
        matrices: Optional[ProtocolMatrices] = None,
    ) -> Evaluation:
        """Class-IL and Task-IL accuracy of all tasks so far, from (task, x, y) triples in the order learned.

        With ``matrices``, a :class:`swiftcl.ProtocolMatrices` that is kept from call to call, one row of
        its accuracy matrices and its confusion matrix are filled, and forgetting and transfer are told.
        """
        array, keep = self._sets(sets)
        options = initialise(self._library, abi.structs["swiftcl_evaluate_options"]())
        options.rule = rule_number(rule)
        if matrices is not None:
            matrices._lend(options)
        result = self._report("swiftcl_evaluate_all", Evaluation, array, len(array), ctypes.byref(options))
        if matrices is not None:
            matrices.tasks = len(array)
        del keep
        return result

    # -------------------------------------------------------------- who won

    def layer_info(self, layer: int) -> LayerInfo:
        """Width, blocks, free and owned units of one layer."""
        return self._report("swiftcl_layer_info_get", LayerInfo, layer_index(layer))

    def capacity(self, layer: int) -> Capacity:
        """What the next task would get of one layer."""
        return self._report("swiftcl_capacity_get", Capacity, layer_index(layer))

    def winners(self, task: TaskLike, layer: int) -> np.ndarray:
        """The winner's index in each block, int32 (blocks,); -1 where a block abstains or is undecided."""
        with self._lock:
            result = np.empty(self.layer_info(layer).blocks, np.int32)
            self._call("swiftcl_winners", task_number(task), layer_index(layer), pointer(result), result.size)
        return result

    def winner_mask(self, task: TaskLike, layer: int) -> np.ndarray:
        """bool (blocks, units per block): winners of a finished task, live candidates of the open one."""
        return self._per_unit("swiftcl_winner_mask", task, layer, np.uint8).view(np.bool_)

    def winner_probabilities(self, task: TaskLike, layer: int) -> np.ndarray:
        """The posterior, float32 (blocks, units per block)."""
        return self._per_unit("swiftcl_winner_probabilities", task, layer, np.float32)

    def _per_unit(self, name: str, task: TaskLike, layer: int, dtype: Type[Any]) -> np.ndarray:
        with self._lock:
            info = self.layer_info(layer)
            result = np.empty((info.blocks, info.units_per_block), dtype)
            self._call(name, task_number(task), layer_index(layer), pointer(result), result.size)
        return result

    def overlap(self, a: TaskLike, b: TaskLike, layer: int) -> Tuple[int, int]:
        """Winners that two tasks share, and the blocks in which both have one."""
        shared, both = ctypes.c_uint32(), ctypes.c_uint32()
        self._call("swiftcl_overlap", task_number(a, "a"), task_number(b, "b"), layer_index(layer),
                   ctypes.byref(shared), ctypes.byref(both))
        return shared.value, both.value

    # ----------------------------------------------------------- parameters

    def parameters(self, task: TaskLike, layer: int) -> Tuple[np.ndarray, np.ndarray]:
        """Copies of the packed weights (outputs, inputs) and biases (outputs,), float32.

        Rows are the task's winners (or live candidates, or classes), columns
        the units alive in the layer below.
        """
        with self._lock:
            outputs, inputs = self._shape(task, layer)
            weights, biases = np.empty((outputs, inputs), np.float32), np.empty(outputs, np.float32)
            self._call("swiftcl_parameters_get", task_number(task), layer_index(layer), pointer(weights),
                       weights.size, pointer(biases), biases.size)
        return weights, biases

    def set_parameters(self, task: TaskLike, layer: int, weights: Any, biases: Any) -> None:
        """Sets what :meth:`parameters` returns; refused where a finished task owns an edge that would change."""
        with self._lock:
            outputs, inputs = self._shape(task, layer)
            w = as_targets(weights, outputs, inputs, "weights")
            b = as_targets(np.asarray(biases).reshape(-1, 1), outputs, 1, "biases")
            self._call("swiftcl_parameters_set", task_number(task), layer_index(layer), pointer(w), w.size,
                       pointer(b), b.size)

    def mask_info(self, layer: int, task: TaskLike = OPEN) -> MaskInfo:
        """What a layer's weight mask keeps, and how the layer runs by it."""
        return self._report("swiftcl_mask_info_get", MaskInfo, task_number(task), layer_index(layer))

    def weight_mask(self, layer: int, task: TaskLike = OPEN) -> np.ndarray:
        """Which weights are kept, bool (outputs, inputs) in the order of :meth:`parameters`."""
        with self._lock:
            mask = np.empty(self._shape(task, layer), np.uint8)
            self._call("swiftcl_weight_mask", task_number(task), layer_index(layer), pointer(mask), mask.size)
        return mask.view(np.bool_)

    def gradient_mask(self, layer: int) -> np.ndarray:
        """Which weights of the open task have their gradient computed, as :meth:`weight_mask`."""
        with self._lock:
            mask = np.empty(self._shape(OPEN, layer), np.uint8)
            self._call("swiftcl_gradient_mask", layer_index(layer), pointer(mask), mask.size)
        return mask.view(np.bool_)

    def time_layers(self, on: bool = True) -> None:
        """Measures from here on how long training steps take in each layer, or stops it."""
        self._call("swiftcl_layer_times", int(bool(on)))

    def layer_seconds(self) -> List[Tuple[float, float]]:
        """Seconds (forward, backward) of each layer with parameters since :meth:`time_layers`."""
        result = []
        forward, backward = ctypes.c_double(), ctypes.c_double()
        with self._lock:
            info = sized("swiftcl_network_info")
            self._call("swiftcl_network_info_get", ctypes.byref(info))
            for layer in range(info.layer_count):
                try:
                    self._call("swiftcl_layer_seconds", layer, ctypes.byref(forward), ctypes.byref(backward))
                except ArgumentError:  # a layer without parameters
                    continue
                result.append((forward.value, backward.value))
        return result

    def normalisation(self, task: TaskLike, layer: int) -> Normalisation:
        """What the batch normalisation at ``layer`` of the description has for each unit of ``task``.

        The shift is the bias of the layer before it, in :meth:`parameters`.
        """
        with self._lock:
            units, _ = self._shape(task, layer - 1)
            values = [np.empty(units, np.float32) for _ in range(3)]
            self._call("swiftcl_norm_get", task_number(task), layer_index(layer), *map(pointer, values), units)
        return Normalisation(*values)

    def set_normalisation(self, task: TaskLike, layer: int, scale: Any, mean: Any, variance: Any) -> None:
        """Sets what :meth:`normalisation` returns, in the open task."""
        with self._lock:
            units, _ = self._shape(task, layer - 1)
            values = [as_targets(np.asarray(v).reshape(-1, 1), units, 1, name)
                      for v, name in ((scale, "scale"), (mean, "mean"), (variance, "variance"))]
            self._call("swiftcl_norm_set", task_number(task), layer_index(layer), *map(pointer, values), units)

    def calibrate(self, x: Any) -> None:
        """Estimates the open task's statistics of every batch normalisation anew from rows (rows, inputs)."""
        rows = self._rows(x)
        self._call("swiftcl_task_calibrate", rows.ctypes.data, rows.shape[0])

    def _shape(self, task: TaskLike, layer: int) -> Tuple[int, int]:
        outputs, inputs = ctypes.c_size_t(), ctypes.c_size_t()
        self._call("swiftcl_parameter_shape", task_number(task), layer_index(layer),
                   ctypes.byref(outputs), ctypes.byref(inputs))
        return outputs.value, inputs.value

    # --------------------------------------------------------------- replay

    def replay_info(self) -> ReplayInfo:
        """Capacity, rows and bytes of the replay memory; zeros for a network without one."""
        return self._report("swiftcl_replay_info_get", ReplayInfo)

    def replay_add(self, x: Any, y: Any) -> None:
        """Offers rows to the replay memory: x (rows, inputs), y (rows,) labels.

        They count as rows of the open task or, without one, of the task finished last.
        """
        rows = self._rows(x)
        labels = as_labels(y, rows.shape[0])
        self._call("swiftcl_replay_add", rows.ctypes.data, pointer(labels), rows.shape[0])

    def replay_counts(self) -> np.ndarray:
        """Rows kept of each class, uint32 (classes,)."""
        with self._lock:
            result = np.empty(self.replay_info().classes, np.uint32)
            self._call("swiftcl_replay_counts", pointer(result), result.size)
        return result

    def replay_row(self, row: int) -> Tuple[np.ndarray, int, int]:
        """One stored row as it was given, (inputs,) of the network's dtype; its label; its task."""
        inputs = np.empty(self._inputs, self._dtype)
        label, task = ctypes.c_int32(), ctypes.c_int32()
        self._call("swiftcl_replay_row", integer(row, ctypes.c_size_t, "row"), inputs.ctypes.data, inputs.nbytes,
                   ctypes.byref(label), ctypes.byref(task))
        return inputs, label.value, task.value

    def replay_forget(
        self, *, row: Optional[int] = None, label: Optional[int] = None, task: Optional[TaskLike] = None
    ) -> int:
        """Removes one row, all rows of a label, or all rows of a task; returns how many they were."""
        asked = [(what, value) for what, value in (("ROW", row), ("CLASS", label), ("TASK", task)) if value is not None]
        if len(asked) != 1:
            raise TypeError("replay_forget takes one of row, label and task")
        what, value = asked[0]
        which = task_number(value) if what == "TASK" else integer(value, ctypes.c_int64, what.lower())
        rows = ctypes.c_size_t()
        self._call("swiftcl_replay_forget", abi.constants[f"SWIFTCL_FORGET_{what}"], which, ctypes.byref(rows))
        return rows.value

    # --------------------------------------------------------- data removal

    def data_begin(self, samples: int) -> None:
        """Follows the open task's examples 0 to samples - 1: all kept, nothing known of them.

        The network has room for as many as its option ``data_samples`` says.
        """
        self._call("swiftcl_data_begin", integer(samples, ctypes.c_size_t, "samples"))

    def data_remove(self, count: int) -> int:
        """Removes the ``count`` easiest of the examples seen since the last removal from the open task.

        Returns how many they were. ``data_rule`` says what is easy: "forgetting" or "misclassified".
        """
        removed = ctypes.c_size_t()
        self._call("swiftcl_data_remove", integer(count, ctypes.c_size_t, "count"), ctypes.byref(removed))
        return removed.value

    def data_kept(self) -> np.ndarray:
        """The examples of the open task that are kept, uint32, ascending."""
        with self._lock:
            count = ctypes.c_size_t()
            self._call("swiftcl_data_kept", None, 0, ctypes.byref(count))
            result = np.empty(count.value, np.uint32)
            self._call("swiftcl_data_kept", pointer(result), result.size, None)
        return result

    def data_info(self) -> DataInfo:
        """How many examples are followed, kept and seen, and what share of the data was presented."""
        return self._report("swiftcl_data_info_get", DataInfo)

    # ---------------------------------------------------------- persistence

    @property
    def checkpoint_size(self) -> int:
        """Bytes of a checkpoint taken now."""
        size = ctypes.c_uint64()
        self._call("swiftcl_checkpoint_size", ctypes.byref(size))
        return size.value

    def save(self, target: Union[Path, BinaryIO]) -> None:
        """Writes a checkpoint: to a path (the old file stays whole if power fails) or to a binary stream."""
        if hasattr(target, "write"):
            with _streams.Writer(target) as writer:
                self._call("swiftcl_network_save_to", writer.callback, None)
        else:
            self._call("swiftcl_network_save", _streams.path_bytes(target))

    def to_bytes(self) -> bytes:
        """A checkpoint in memory."""
        with self._lock:
            buffer = np.empty(self.checkpoint_size, np.uint8)
            written = ctypes.c_size_t()
            self._call("swiftcl_network_save_memory", buffer.ctypes.data, buffer.nbytes, ctypes.byref(written))
            return buffer[:written.value].tobytes()

    def export_ticket(self, task: TaskLike) -> bytes:
        """A finished task as a ticket that predicts by itself (:class:`swiftcl.Ticket`)."""
        with self._lock:
            size = ctypes.c_size_t()
            self._call("swiftcl_ticket_bytes", task_number(task), ctypes.byref(size))
            buffer = np.empty(size.value, np.uint8)
            self._call("swiftcl_ticket_export", task_number(task), buffer.ctypes.data, buffer.nbytes, None)
            return buffer.tobytes()

    def export_int8_ticket(self, task: TaskLike, x: Any, **options: Any) -> bytes:
        """A finished task as a ticket with eight-bit weights, calibrated on some rows (:meth:`Ticket.quantize`)."""
        with Ticket(self.export_ticket(task), library=self._library) as ticket:
            return ticket.quantize(x, **options)

    def save_ticket(self, task: TaskLike, path: Path) -> None:
        """Writes a finished task's ticket to a file, whole or not at all."""
        self._call("swiftcl_ticket_save", task_number(task), _streams.path_bytes(path))

    @classmethod
    def load(cls, source: Union[Path, BinaryIO], *, library: Union[None, Library, Path] = None) -> "Network":
        """Reads a checkpoint from a path or a binary stream; training goes on bit for bit where it was."""
        loaded = _library(library)
        handle = _handle_type()
        if hasattr(source, "read"):
            with _streams.Reader(source) as reader:
                loaded.check(loaded.swiftcl_network_load_from(reader.callback, None, None, ctypes.byref(handle)))
        else:
            loaded.check(loaded.swiftcl_network_load(_streams.path_bytes(source), None, ctypes.byref(handle)))
        return cls._loaded(loaded, handle)

    @classmethod
    def from_bytes(cls, data: Any, *, library: Union[None, Library, Path] = None) -> "Network":
        """The network of a checkpoint in memory: bytes, or anything with the buffer protocol."""
        loaded = _library(library)
        handle = _handle_type()
        buffer = np.frombuffer(data, np.uint8)
        loaded.check(loaded.swiftcl_network_load_memory(
            buffer.ctypes.data, buffer.nbytes, None, ctypes.byref(handle)))
        return cls._loaded(loaded, handle)

    @classmethod
    def _loaded(cls, library: Library, handle: Any) -> "Network":
        network = cls.__new__(cls)
        try:
            inputs, dtype = _shape_of_rows(library, handle)
        except BaseException:
            library.swiftcl_network_free(handle)
            raise
        network._adopt(library, handle, inputs, dtype)
        return network


_handle_type = ctypes.POINTER(abi.structs["swiftcl_network"])


def rule_number(rule: Any) -> int:
    """A SWIFTCL_RULE_ constant by its name, or the number itself."""
    if isinstance(rule, str):
        rules = abi.values("RULE_")
        key = rule.lower().replace("-", "_")
        if key not in rules:
            raise ValueError(f"rule is {rule!r}, expected one of {', '.join(rules)}")
        return rules[key]
    return integer(rule, ctypes.c_int32, "rule")


def _free(library: Library, handle: Any, memory: Optional[np.ndarray]) -> None:
    library.swiftcl_network_free(handle)  # memory, if any, lives until here


def _shape_of_rows(library: Library, handle: Any) -> Tuple[int, np.dtype]:
    """Elements and dtype of one row of a network that a checkpoint described."""
    info = sized("swiftcl_network_info")
    library.check(library.swiftcl_network_info_get(handle, ctypes.byref(info)), handle)
    return info.inputs, INPUT_DTYPES[info.input_type]


def _library(library: Union[None, Library, Path]) -> Library:
    if library is None:
        return default_library()
    return library if isinstance(library, Library) else Library(library)


def _restore(data: bytes, path: str) -> Network:
    default = default_library()
    return Network.from_bytes(data, library=default if default.path == path else Library(path))


def _aligned(size: int, alignment: int) -> np.ndarray:
    block = np.zeros(size + alignment, np.uint8)
    start = -block.ctypes.data % alignment
    return block[start:start + size]
