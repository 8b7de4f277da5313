"""Tickets with eight-bit weights beside the float tickets that they were made of.

MNIST, 784-800-800-10, J = 8, all ten digits as one task, one epoch; the same with
convolutions, 8-16 maps; UCI HAPT, 768-400-400-6, J = 4, ten people as ten tasks (means over
their tickets) and as one task. Calibrated on 500 training rows, tested on the test
rows. Must lose no more than half a point, at no more than 0.3 of the bytes; the few maps, whose
records weigh as much as their weights, must only be as accurate. Times of a
prediction of 1 and of 256 rows: both tickets by turns in one process, medians.
Writes build/bench/int8.json; exits with 0 only if all bars were met.

Variables: SEEDS (0,1,2); EPOCHS; QUICK=1 is seed 0 with a fifth of MNIST and three people.
"""

import statistics
import sys
import time

import numpy as np

import hapt
from common import data, settings
from common.bench import open_results
from common.runs import TaskData, swiftcl
from common.table import Progress, Verdict, at_most, number, print_table

QUICK = settings.flag("QUICK")
SEEDS = settings.integers("SEEDS", [0] if QUICK else [0, 1, 2])
PEOPLE = 3 if QUICK else 10
CALIBRATION, TURNS = 500, 9
LOST, RATIO = at_most(0.5), at_most(0.3)


def mnist(seed):
    x, y, x_test, y_test = data.mnist()
    return [TaskData(*(part[::5] if QUICK else part for part in (x, y, x_test, y_test)))]


def everyone(seed):
    parts = [hapt.person(subject) for subject in hapt.PEOPLE[seed % 3][:PEOPLE]]
    return [TaskData(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("x", "y", "x_test", "y_test")))]


def maps():
    return [swiftcl.conv(32, 4, 5, 2, 2, image=(28, 28)), swiftcl.batch_norm(), swiftcl.max_pool(2),
            swiftcl.conv(64, 4, 3, padding=1), swiftcl.average_pool(2), swiftcl.head(10)]


HAPT = dict(inputs=768, input_type="i16", input_channels=6, input_layout="interleaved", input_scale=hapt.SCALE,
            input_offset=hapt.OFFSET, unserved="reuse")
MNIST_LAYERS = [swiftcl.dense(800, 8), swiftcl.dense(800, 8), swiftcl.head(10)]
#: name, tasks by seed, layers, options, epochs, batch
TABLE = [
    ("MNIST, dense", mnist, MNIST_LAYERS, dict(data.MNIST_INPUT, learning_rate=0.05), 1, 32),
    ("MNIST, convolutions", mnist, maps(), dict(data.MNIST_INPUT, learning_rate=0.05), 1, 32),
    (f"HAPT, {PEOPLE} people as tasks", lambda seed: hapt.people(PEOPLE)(seed % 3), hapt.layers(4),
     dict(HAPT, learning_rate=0.02, expected_tasks=PEOPLE), 6, 16),
    (f"HAPT, {PEOPLE} people as one task", everyone, hapt.layers(4), dict(HAPT, learning_rate=0.02), 6, 16),
]


def median_us(calls):
    """Microseconds of each call, by turns: a load of the machine meets all of them."""
    times = [[] for _ in calls]
    for _ in range(TURNS):
        for call, seen in zip(calls, times):
            call()
            repeats, start = 0, time.perf_counter()
            while time.perf_counter() - start < 0.01:
                call()
                repeats += 1
            seen.append((time.perf_counter() - start) / repeats * 1e6)
    return [statistics.median(seen) for seen in times]


def measure(name, tasks, layers, options, epochs, batch, seed):
    """One seed's means over its tickets."""
    epochs = settings.integer("EPOCHS", epochs)
    results = []
    with swiftcl.Network(layers, seed=seed, max_batch=batch, **options) as net:
        for rows in tasks(seed):
            with net.task(expected_steps=swiftcl.steps(len(rows.x), batch, epochs)) as task:
                net.fit(rows.x, rows.y, epochs=epochs, batch=batch, progress=False)
            chosen = np.random.default_rng(seed).permutation(len(rows.x))[:CALIBRATION]
            with swiftcl.Ticket(net.export_ticket(task)) as ticket, \
                    swiftcl.Ticket(ticket.quantize(rows.x[chosen])) as small:
                found = swiftcl.compare_tickets(ticket, small, rows.x_test, rows.y_test)
                values = dict(float=found.reference_accuracy, int8=found.accuracy, lost=found.lost,
                              agreement=found.agreement, float_bytes=ticket.info.bytes, int8_bytes=small.info.bytes,
                              float_scratch=ticket.info.row_scratch_bytes, int8_scratch=small.info.row_scratch_bytes)
                for count in (1, 256):
                    x = np.resize(rows.x_test, (count, rows.x_test.shape[1]))
                    room = np.empty((count, ticket.info.class_count), np.float32)
                    values[f"float_us_{count}"], values[f"int8_us_{count}"] = median_us(
                        [lambda t=t: t.predict(x, out=room) for t in (ticket, small)])
                results.append(values)
    return {key: float(np.mean([values[key] for values in results])) for key in results[0]}


def main():
    results, verdict, lines = open_results("int8"), Verdict(), []
    progress = Progress(len(TABLE) * len(SEEDS))
    for name, tasks, layers, options, epochs, batch in TABLE:
        parameters = {"name": name, "options": options, "epochs": settings.integer("EPOCHS", epochs), "quick": QUICK}
        runs = []
        for seed in SEEDS:
            run = results.run(parameters, seed)
            if run is None or run["build"] != results.build:
                run = results.add_run(parameters, seed, measure(name, tasks, layers, options, epochs, batch, seed))
            runs.append(run)
            progress.finish(f"{name}, seed {seed}: lost {run['values']['lost']:.2f}")
        means = {key: float(np.mean([run["values"][key] for run in runs])) for key in runs[0]["values"]}
        means["ratio"] = means["int8_bytes"] / means["float_bytes"]
        row = results.add_row(parameters, SEEDS, runs, {"name": name, **means})
        lines.append([
            name, number(row["float"]), number(row["int8"]), number(row["lost"]),
            verdict.cell(f"{name}, points lost", row["lost"], LOST), number(row["agreement"]),
            f"{row['float_bytes']:.0f}", f"{row['int8_bytes']:.0f}", number(row["ratio"], 3),
            verdict.cell(f"{name}, bytes", row["ratio"], None if "convolutions" in name else RATIO),
            *(number(row[f"{kind}_us_{count}"], 1) for count in (1, 256) for kind in ("float", "int8"))])
    print(f"\nint8 tickets beside float tickets, means over seeds {SEEDS}, {swiftcl.default_library().kernel_name}\n")
    print_table(["", "float %", "int8 %", "lost", "must", "same label %", "bytes", "int8", "ratio", "must", "us, 1 row", "int8",
                 "us, 256 rows", "int8"], lines)
    verdict.report()
    print(f"saved in {results.path.relative_to(settings.ROOT)}")
    sys.exit(verdict.exit_status)


if __name__ == "__main__":
    main()
