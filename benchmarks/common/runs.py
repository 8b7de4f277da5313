"""One task after another: trains, evaluates after every task, and compares old outputs bit for bit."""

import time
from dataclasses import dataclass, field

import numpy as np

from .settings import import_swiftcl

swiftcl = import_swiftcl()

PROBE_ROWS = 500


@dataclass
class TaskData:
    """The rows of one task; `classes` are its labels where they are not all of the head's."""

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    classes: list = None


@dataclass
class Run:
    """What one seed gave."""

    accuracy: float
    forgetting: float
    learning_accuracy: float
    macs_vs_dense: float
    bit_identical: bool
    seconds: float
    task_accuracy: list = field(default_factory=list)
    block_share: list = field(default_factory=list)
    refused: list = field(default_factory=list)
    peak_bytes: int = 0


def run_tasks(layers, tasks, epochs, batch, options, task_options=None, masked=True, say=lambda text: None):
    """Learns the tasks in order and returns a Run.

    `tasks` is an iterable of TaskData. `seconds` counts training alone (begin,
    fit, end), not data, evaluation or comparison. A task that the network
    refuses for want of units counts as 0 % and is listed. With `masked` false
    a task's head has all classes while it trains, and only its own classes are
    looked at when it is tested.
    """
    matrix, learned, probes, shares, refused = swiftcl.AccuracyMatrix(), [], [], [], []
    seconds = 0.0
    with swiftcl.Network(layers, **options) as net:
        for number, data in enumerate(tasks):
            say(f"task {number + 1}")
            given = dict(task_options(number) if task_options else {})
            if data.classes is not None:
                given.update(classes=data.classes, mask_classes=masked)
            steps = swiftcl.steps(len(data.x), batch, epochs)
            started = time.perf_counter()
            try:
                with net.task(expected_steps=steps, **given) as task:
                    net.fit(data.x, data.y, epochs=epochs, batch=batch, progress=False)
            except swiftcl.CapacityError:
                refused.append(number)
                learned.append(None)
                shares.append(0.0)
            else:
                info = task.info
                learned.append((task, data))
                shares.append(100.0 * info.served_blocks / max(1, info.blocks))
                probes.append((task, data.x_test[:PROBE_ROWS], net.predict(task, data.x_test[:PROBE_ROWS]).tobytes()))
            seconds += time.perf_counter() - started if number not in refused else 0.0
            matrix.add(accuracies(net, learned, masked))
        identical = all(net.predict(task, rows).tobytes() == bits for task, rows, bits in probes)
        scores = matrix.scores()
        return Run(
            accuracy=scores.average_accuracy, forgetting=scores.forgetting,
            learning_accuracy=scores.learning_accuracy, macs_vs_dense=net.accounting.macs_vs_dense,
            bit_identical=identical, seconds=seconds, task_accuracy=matrix.values[-1].tolist(),
            block_share=shares, refused=refused, peak_bytes=net.memory[1])


def accuracies(net, learned, masked):
    """Accuracy on every task so far; 0 for one that was refused."""
    result = []
    for item in learned:
        if item is None:
            result.append(0.0)
            continue
        task, data = item
        if masked or data.classes is None:
            result.append(net.evaluate(task, data.x_test, data.y_test))
        else:
            columns = [list(net.task_classes(task)).index(label) for label in data.classes]
            chosen = np.array(data.classes)[net.predict(task, data.x_test)[:, columns].argmax(1)]
            result.append(100.0 * float((chosen == data.y_test).mean()))
    return result


def summary(runs):
    """The means over seeds that every row has, and the spread of the accuracy."""
    def mean(name):
        return float(np.mean([getattr(run, name) for run in runs]))

    row = {
        "accuracy": mean("accuracy"), "forgetting": mean("forgetting"), "macs_vs_dense": mean("macs_vs_dense"),
        "bit_identical": all(run.bit_identical for run in runs), "seconds": mean("seconds"),
        "learning_accuracy": mean("learning_accuracy"),
        "accuracy_std": float(np.std([run.accuracy for run in runs])),
        "task_accuracy": np.mean([run.task_accuracy for run in runs], 0).tolist(),
        "block_share": np.mean([run.block_share for run in runs], 0).tolist(),
        "peak_bytes": int(max(run.peak_bytes for run in runs)),
    }
    refused = sorted({number for run in runs for number in run.refused})
    if refused:
        row["refused"] = refused
    return row
