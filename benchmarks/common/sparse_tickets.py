"""Winners and masks together: a ticket a task, asked by the class head and with the task known."""

import time

import numpy as np

from .runs import swiftcl


def learn_tickets(layers, tasks, options, batch, seed, threads):
    """Learns the tasks one after the other, each with all classes so far; a dict of percent, points and bytes."""
    rng, classes, sets, seconds, asked = np.random.default_rng(seed), [], [], 0.0, None
    labels = sorted(label for data in tasks for label in data.classes)
    matrices = swiftcl.ProtocolMatrices(len(tasks), len(labels))
    with swiftcl.Network(layers, seed=seed, **options) as net:
        net.threads = threads
        for data in tasks:
            classes += data.classes
            order = rng.permutation(len(data.x))
            started = time.perf_counter()
            with net.task(classes=list(classes), expected_steps=swiftcl.steps(len(data.x), batch)) as task:
                net.fit(data.x[order], data.y[order], batch=batch, progress=False)
            seconds += time.perf_counter() - started
            net.fit_class_head()
            sets.append((task, data.x_test, data.y_test))
            asked = net.evaluate_all(sets, "class_head", matrices)
        infos = [task.info for task, _, _ in sets]
        return dict(
            taskil=float(np.mean(matrices.task_il[-1])), classil=asked.class_accuracy,
            forgetting=asked.task_forgetting, macs_vs_dense=net.accounting.macs_vs_dense,
            ticket_bytes=sum(info.ticket_bytes for info in infos),
            committed_at=float(np.mean([info.committed_at for info in infos])),
            density=float(np.mean([info.weight_density for info in infos])), seconds=seconds)
