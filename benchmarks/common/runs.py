"""One task after another: trains, evaluates after every task, and compares old outputs bit for bit."""

import time
from dataclasses import dataclass, field
from typing import Optional

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
    """What one seed gave: all None but `diverged` where training was refused for values that are not finite."""

    accuracy: Optional[float] = None
    forgetting: Optional[float] = None
    learning_accuracy: Optional[float] = None
    macs_vs_dense: Optional[float] = None
    bit_identical: Optional[bool] = None
    seconds: Optional[float] = None
    task_accuracy: list = field(default_factory=list)
    block_share: list = field(default_factory=list)
    refused: list = field(default_factory=list)
    peak_bytes: int = 0
    classil: Optional[float] = None
    step_us: list = field(default_factory=list)
    diverged: Optional[str] = None  #: the library's message

    @classmethod
    def saved(cls, values):
        """As a file has it; older ones call the accuracy with the task unknown `class_il`."""
        values = dict(values)
        older = values.pop("class_il", None)
        return cls(**{"classil": older, **values})


def run_tasks(layers, tasks, epochs, batch, options, task_options=None, masked=True, seen=False,
              unknown=False, say=lambda text: None):
    """Learns the tasks in order and returns a Run.

    `tasks` is an iterable of TaskData. `seconds` counts training alone (begin,
    fit, end), not data, evaluation or comparison. A task that the network
    refuses for want of units counts as 0 % and is listed. With `masked` false
    a task's head has all classes while it trains, and only its own classes are
    looked at when it is tested. With `seen` it has the classes of all tasks so
    far, which replay needs. With `unknown`, accuracy with the task unknown is
    measured at the end too. `step_us` are a task's microseconds of processor
    time a step, competition included.
    """
    matrix, learned, probes, shares, refused = swiftcl.AccuracyMatrix(), [], [], [], []
    seconds, step_us, classes = 0.0, [], []
    with swiftcl.Network(layers, **options) as net:
        for number, data in enumerate(tasks):
            say(f"task {number + 1}")
            given = dict(task_options(number) if task_options else {})
            if data.classes is not None:
                classes = classes + [label for label in data.classes if label not in classes]
                given.update(classes=classes if seen else data.classes, mask_classes=masked)
            steps = swiftcl.steps(len(data.x), batch, epochs)
            started, processor = time.perf_counter(), time.process_time()
            try:
                with net.task(expected_steps=steps, **given) as task:
                    net.fit(data.x, data.y, epochs=epochs, batch=batch, progress=False)
                step_us.append(1e6 * (time.process_time() - processor) / steps)
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
            matrix.add(accuracies(net, learned, masked and not seen))
        identical = all(net.predict(task, rows).tobytes() == bits for task, rows, bits in probes)
        scores = matrix.scores()
        return Run(
            accuracy=scores.average_accuracy, forgetting=scores.forgetting,
            learning_accuracy=scores.learning_accuracy, macs_vs_dense=net.accounting.macs_vs_dense,
            bit_identical=identical, seconds=seconds, task_accuracy=matrix.values[-1].tolist(),
            block_share=shares, refused=refused, peak_bytes=net.memory[1],
            classil=class_il(net, [item for item in learned if item is not None]) if unknown else None,
            step_us=step_us)


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


def class_il(net, learned):
    """Accuracy with the task unknown: the largest logit of all classes so far, each class's from the task that had
    it last."""
    labels = np.array([label for _, data in learned for label in data.classes])
    last = {label: task for task, _ in learned for label in net.task_classes(task)}
    tasks = sorted({int(last[label]) for label in labels})
    right = rows = 0
    for _, data in learned:
        logits = dict(zip(tasks, net.predict_tasks(tasks, data.x_test)))
        columns = [logits[int(last[label])][:, list(net.task_classes(last[label])).index(label)] for label in labels]
        right += int((labels[np.argmax(columns, 0)] == data.y_test).sum())
        rows += len(data.y_test)
    return 100.0 * right / rows


def summary(runs):
    """The means over seeds that every row has, and the spread of the accuracy; None where some seed has no number."""
    def mean(name):
        values = [getattr(run, name) for run in runs]
        return None if None in values else float(np.mean(values))

    diverged = sorted({run.diverged for run in runs if run.diverged})
    if diverged:
        nothing = ("accuracy", "forgetting", "macs_vs_dense", "bit_identical", "seconds", "learning_accuracy",
                   "accuracy_std", "classil")
        return {**dict.fromkeys(nothing), "diverged": diverged}
    row = {
        "accuracy": mean("accuracy"), "forgetting": mean("forgetting"), "macs_vs_dense": mean("macs_vs_dense"),
        "bit_identical": all(run.bit_identical for run in runs), "seconds": mean("seconds"),
        "learning_accuracy": mean("learning_accuracy"),
        "accuracy_std": float(np.std([run.accuracy for run in runs])),
        "task_accuracy": np.mean([run.task_accuracy for run in runs], 0).tolist(),
        "block_share": np.mean([run.block_share for run in runs], 0).tolist(),
        "peak_bytes": int(max(run.peak_bytes for run in runs)),
    }
    row["classil"] = mean("classil")
    if all(run.step_us for run in runs):
        row["step_us"] = np.min([run.step_us for run in runs], 0).tolist()
    refused = sorted({number for run in runs for number in run.refused})
    if refused:
        row["refused"] = refused
    return row
