"""Class-incremental training with masks: batches with numbers of rows, data removal between epochs, scores."""

import time
from dataclasses import dataclass, field
from typing import Optional

import numpy as np

from .runs import swiftcl

#: The paper removes 30 % of a task's rows, a quarter of these each time, a tenth, two, three and four tenths of
#: the way through the task's epochs.
PAPER_REMOVED, REMOVALS, PAPER_TENTHS = 0.3, 4, 10
#: And it updates masks ten times a task; the last of these is final.
UPDATES, FINAL_UPDATE = 10, 9


@dataclass
class Run:
    """What one seed gave; percent, seconds, bytes. All None but `diverged` where values were not finite."""

    classil: Optional[float] = None
    classil_forgetting: Optional[float] = None
    taskil: Optional[float] = None
    taskil_forgetting: Optional[float] = None
    paper_macs: Optional[int] = None
    paper_dense_macs: Optional[int] = None
    full_macs: Optional[int] = None
    full_dense_macs: Optional[int] = None
    seconds: Optional[float] = None  #: of the loop, removal included, evaluation not
    library_seconds: Optional[float] = None  #: inside of training steps
    bytes: Optional[int] = None  #: parameters, optimiser and gradients
    dense_bytes: Optional[int] = None
    steps: Optional[int] = None
    rows: Optional[int] = None  #: presented, of all tasks and epochs
    forms: dict = field(default_factory=dict)  #: how masked layers were run -> how many
    class_accuracy: list = field(default_factory=list)
    task_accuracy: list = field(default_factory=list)
    diverged: Optional[str] = None


def removals(rows, epochs, share):
    """Rows to remove before each epoch of a task, a share of all: the paper's schedule, at the boundaries there are.

    Tenths of the way that are no boundary wait for the next one: 10 epochs remove before the second to
    the fifth, 5 epochs half of it before the second and half before the third.
    """
    counts = [0] * epochs
    for number in range(1, REMOVALS + 1):
        epoch = -(-number * epochs // PAPER_TENTHS)
        if epoch < epochs:
            counts[epoch] += int(share * rows / REMOVALS)
    return counts


def steps_of(rows, epochs, batch, removed):
    """Steps of a task."""
    steps = 0
    for count in removals(rows, epochs, removed):
        rows -= count
        steps += swiftcl.steps(rows, batch)
    return steps


def paper_intervals(steps):
    """mask_interval and mask_final_step of a task of so many steps: a tenth of it, and nine tenths."""
    interval = max(1, steps // UPDATES)
    return dict(mask_interval=interval, mask_final_step=FINAL_UPDATE * interval)


def fixed_intervals(steps, interval):
    """The same with an interval of one's own: the last update that nine tenths of the task have is final."""
    return dict(mask_interval=interval, mask_final_step=max(1, FINAL_UPDATE * steps // UPDATES // interval) * interval)


def masked_layers(layers):
    """Places in the description of the layers that are masked by default, and of all layers with parameters."""
    dense, head, conv = (layer.kind for layer in (swiftcl.dense(1), swiftcl.head(1), swiftcl.conv(1)))
    places = [place for place, layer in enumerate(layers) if layer.kind in (dense, head, conv)]
    masked = [place for place in places
              if layers[place].kind == dense
              or layers[place].kind == conv and place != places[0]
              and layers[place].kernel_height * layers[place].kernel_width > 1]
    return masked, places


#: As swiftcl_mask_info has them, SWIFTCL_FORM_...
FORMS = ["dense", "rows", "planes", "unmasked"]


def forms_of(net, layers):
    """How each masked layer was run, counted."""
    counts = {}
    for place in masked_layers(layers)[0]:
        name = FORMS[net.mask_info(place).form]
        counts[name] = counts.get(name, 0) + 1
    return counts


def learn_task(net, data, rng, epochs, batch, removed):
    """All epochs of the open task; returns rows presented. Dense rows see their batches in the same way."""
    kept = np.arange(len(data.x), dtype=np.uint32)
    presented = 0
    if removed:
        net.data_begin(len(kept))
    for count in removals(len(kept), epochs, removed):
        if count:
            net.data_remove(count)
            kept = np.sort(net.data_kept()).astype(np.uint32)
        order = rng.permutation(kept)
        presented += len(order)
        for first in range(0, len(order), batch):
            ids = order[first:first + batch]
            if removed:
                net.train_step(data.x[ids], data.y[ids], ids=ids)
            else:
                net.train_step(data.x[ids], data.y[ids])
    return presented


def accuracies(net, task, learned):
    """Of every task so far, by the newest logits: among all classes, and among the task's own."""
    labels, among_all, among_own = np.array(net.task_classes(task)), [], []
    for data in learned:
        logits = net.predict(task, data.x_test)
        own = [list(labels).index(label) for label in data.classes]
        among_all.append(100.0 * float((labels[logits.argmax(1)] == data.y_test).mean()))
        among_own.append(100.0 * float((np.array(data.classes)[logits[:, own].argmax(1)] == data.y_test).mean()))
    return among_all, among_own


def learn(layers, tasks, options, epochs, batch, seed, all_classes, removed, threads, say=lambda text: None):
    """Learns the tasks one after the other and returns a Run.

    `all_classes`: every task has all classes from the start; otherwise those so far. `removed` is the share of a
    task's rows that data removal takes, 0 for none.
    """
    rng = np.random.default_rng(seed)
    every = sorted(label for data in tasks for label in data.classes)
    matrices, classes = (swiftcl.AccuracyMatrix(), swiftcl.AccuracyMatrix()), []
    seconds, presented, learned = 0.0, 0, []
    with swiftcl.Network(layers, seed=seed, **options) as net:
        net.threads = threads
        for number, data in enumerate(tasks):
            say(f"task {number + 1}")
            classes += data.classes
            started = time.perf_counter()
            with net.task(classes=every if all_classes else classes,
                          expected_steps=steps_of(len(data.x), epochs, batch, removed)) as task:
                presented += learn_task(net, data, rng, epochs, batch, removed)
                forms = forms_of(net, layers) if options.get("sparsity") else {}
                spent = net.accounting  # while the task is open: its bytes are held
            seconds += time.perf_counter() - started
            learned.append(data)
            for matrix, row in zip(matrices, accuracies(net, task, learned)):
                matrix.add(row)
        class_scores, task_scores = (matrix.scores() for matrix in matrices)
        return Run(
            classil=class_scores.average_accuracy, classil_forgetting=class_scores.forgetting,
            taskil=task_scores.average_accuracy, taskil_forgetting=task_scores.forgetting,
            paper_macs=spent.paper_macs, paper_dense_macs=spent.paper_dense_macs, full_macs=spent.full_macs,
            full_dense_macs=spent.full_dense_macs, seconds=seconds, library_seconds=spent.seconds,
            bytes=held_bytes(spent), dense_bytes=dense_bytes(spent), steps=spent.steps, rows=presented,
            forms=forms, class_accuracy=matrices[0].values[-1].tolist(),
            task_accuracy=matrices[1].values[-1].tolist())


def held_bytes(spent):
    """Parameters, optimiser and gradients, as an accounting has them."""
    return spent.parameter_bytes + spent.optimizer_bytes + spent.gradient_bytes


def dense_bytes(spent):
    """The same of the dense network."""
    return spent.dense_parameter_bytes + spent.dense_optimizer_bytes + spent.dense_gradient_bytes
