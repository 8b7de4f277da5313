"""One step and one prediction with 1 thread and with more, in turn, in one process.

784-1600-1600-10, dense (J = 1) and after commit with J = 8, batch 1, 8, 32 and 128,
SGD with momentum. Between two measurements lie milliseconds, so that a load of the
machine meets both; the smallest time of many is what the machine can do, the median
what it did. Writes build/bench/threads.json.

Variables: THREADS (2) is what 1 is held against; QUICK=1 takes fewer measurements.
"""

import json
import statistics
import time

import numpy as np

from common import settings
from common.table import print_table

swiftcl = settings.import_swiftcl()
THREADS = settings.integer("THREADS", 2)
SECONDS = 1 if settings.flag("QUICK") else 4
INPUTS, WIDTH, CLASSES = 784, 1600, 10


def prepared(J, threads):
    net = swiftcl.Network([swiftcl.dense(WIDTH, J), swiftcl.dense(WIDTH, J), swiftcl.head(CLASSES)],
                          inputs=INPUTS, learning_rate=1e-4)
    net.begin_task()
    net.commit_task()
    net.threads = threads
    return net


def microseconds(work, warm, times):
    for _ in range(warm):
        work()
    start = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - start) / times * 1e6


def measure(J, batch):
    rng = np.random.default_rng(0)
    x = rng.random((batch, INPUTS), np.float32)
    y = rng.integers(0, CLASSES, batch).astype(np.int32)
    nets = {threads: prepared(J, threads) for threads in (1, THREADS)}
    times = {(what, threads): [] for what in ("step", "predict") for threads in nets}
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end or len(times["step", 1]) < 5:
        for threads, net in nets.items():
            times["step", threads].append(microseconds(lambda: net.train_step(x, y), 2, 4))
            times["predict", threads].append(microseconds(lambda: net.predict(swiftcl.OPEN, x), 2, 4))
    same = nets[1].to_bytes() == nets[THREADS].to_bytes()
    for net in nets.values():
        net.close()
    for what in ("step", "predict"):
        one, more = times[what, 1], times[what, THREADS]
        yield {"what": what, "shape": f"{INPUTS}-{WIDTH}-{WIDTH}-{CLASSES}", "J": J, "batch": batch,
               "threads": THREADS, "one_us": min(one), "more_us": min(more), "one_median_us": statistics.median(one),
               "more_median_us": statistics.median(more), "faster": min(one) / min(more), "same_bits": same}


rows = [row for J in (1, 8) for batch in (1, 8, 32, 128) for row in measure(J, batch)]
print(f"\n{INPUTS}-{WIDTH}-{WIDTH}-{CLASSES}, {swiftcl.default_library().kernel_name}: microseconds\n")
print_table(
    ["what", "J", "batch", "1 thread", f"{THREADS} threads", "faster", "median", "median", "same bits"],
    [[row["what"], str(row["J"]), str(row["batch"]), *(f"{row[key]:.0f}" for key in ("one_us", "more_us")),
      f"{row['faster']:.2f}x", *(f"{row[key]:.0f}" for key in ("one_median_us", "more_median_us")),
      "yes" if row["same_bits"] else "NO"] for row in rows], left=1)
path = settings.ROOT / "build" / "bench" / "threads.json"
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text(json.dumps({"rows": rows}, indent=1))
raise SystemExit(not all(row["same_bits"] for row in rows))
