"""What the Python contenders share: one-line commands in, one line of JSON out, and a clock.

The counterpart of contender.h: every step is timed by itself, the answer holds quantiles.
"""

import json
import sys
import time

import numpy as np

POOL_ROWS, PIXELS, CLASSES, WARM_UP = 1024, 784, 10, 2
LEARNING_RATE, MOMENTUM = 0.001, 0.9


def serve(commands):
    """Answers commands `name integer ...` until standard input ends."""
    for line in sys.stdin:
        name, *arguments = line.split()
        try:
            answer = commands[name](*(int(argument) for argument in arguments))
        except Exception as error:  # whatever it is, the benchmark is to say it
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


def pool(rows):
    """Random rows cut into batches: a list of (inputs, labels)."""
    rng = np.random.default_rng(1)
    inputs = rng.standard_normal((POOL_ROWS, PIXELS), dtype=np.float32)
    labels = np.arange(POOL_ROWS) * 7 % CLASSES
    return [(np.ascontiguousarray(inputs[i:i + rows]), labels[i:i + rows])
            for i in range(0, POOL_ROWS - rows + 1, rows)]


class Stopwatch:
    """Time as the wall has it, or the processor's time where that is less: see contender.h."""

    def __init__(self):
        self.processor, self.wall = time.process_time_ns(), time.perf_counter_ns()

    def stop(self):
        """(nanoseconds that count, nanoseconds on the wall)."""
        wall, processor = time.perf_counter_ns() - self.wall, time.process_time_ns() - self.processor
        return min(wall, processor), wall


def timed(work, batches, count):
    """Calls work(*batch) count times, round the batches, and times every call."""
    samples, wall = np.empty(count), 0
    clock, processor_clock = time.perf_counter_ns, time.process_time_ns
    for i in range(-WARM_UP, count):
        batch = batches[i % len(batches)]
        processor, began = processor_clock(), clock()
        work(*batch)
        passed = clock() - began
        processor = processor_clock() - processor
        if i >= 0:
            samples[i] = 1e-3 * min(passed, processor)
            wall += 1e-3 * passed
    return {"count": count, "median": float(np.median(samples)), "p10": float(np.percentile(samples, 10)),
            "best": float(samples.min()), "alone": float(samples.sum() / wall)}
