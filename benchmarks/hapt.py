"""UCI HAPT: ten people as ten tasks, the six activities as classes.

Windows of 128 samples x 6 channels from the phone's accelerometer and gyroscope,
768-400-400-6, J = 4, fair share of 10, batch 16, rate .02, 6 epochs. Of each
person, activity and recording, in order of time, the first 65 % train and the
last 30 % test: windows overlap by half, so a random split would leak.

Variables: J, TASKS (people, up to 10), EPOCHS, SAMPLER run a table of their own;
QUICK=1 is 2 epochs; SEEDS (0,1,2: each has its ten people); FRESH=1 runs again
what build/bench/hapt.json has already.
"""

import numpy as np

from common import data, settings
from common.bench import Row, measure, open_results, show
from common.runs import TaskData, swiftcl
from common.table import Verdict, at_least, exactly

PEOPLE = {
    0: [18, 9, 29, 10, 19, 20, 26, 21, 30, 22],
    1: [25, 9, 3, 24, 8, 28, 16, 19, 2, 20],
    2: [21, 16, 9, 3, 27, 8, 13, 5, 10, 7],
}
CLASSES, BATCH = 6, 16
SAMPLERS = ["mean", "gumbel", "straight_through", "top_k", "random"]
KEPT = {"forgetting": exactly(0), "bit_identical": exactly(True)}
WINDOWS = data.hapt()


def channel_scaling():
    """Each channel to mean 0 and deviation 1 over all windows, as scale and offset of the raw counts."""
    values = WINDOWS["x"].reshape(-1, 6).astype(np.float64)
    mean, deviation = values.mean(0), values.std(0)
    return (1 / deviation).tolist(), (-mean / deviation).tolist()


SCALE, OFFSET = channel_scaling()


def layers(block_size):
    return [swiftcl.dense(400, block_size), swiftcl.dense(400, block_size), swiftcl.head(CLASSES)]


def person(subject):
    train, test = [], []
    mine = (WINDOWS["subject"] == subject) & (WINDOWS["y"] < CLASSES)
    for label in range(CLASSES):
        for experiment in np.unique(WINDOWS["experiment"][mine]):
            rows = np.flatnonzero(mine & (WINDOWS["y"] == label) & (WINDOWS["experiment"] == experiment))
            rows = rows[np.argsort(WINDOWS["start"][rows], kind="stable")]
            train.append(rows[:int(0.65 * len(rows))])
            test.append(rows[len(rows) - int(0.30 * len(rows)):])
    train, test = np.concatenate(train), np.concatenate(test)
    x, y = WINDOWS["x"], WINDOWS["y"].astype(np.int32)
    return TaskData(x[train], y[train], x[test], y[test])


def people(count):
    return lambda seed: (person(subject) for subject in PEOPLE[seed][:count])


def row(method, sampler, J, tasks, epochs, bars=None, start="fresh", **options):
    given = dict(
        inputs=768, input_type="i16", input_channels=6, input_layout="interleaved", input_scale=SCALE,
        input_offset=OFFSET, sampler=sampler, expected_tasks=tasks, unserved="reuse", learning_rate=0.02)
    given.update(options)
    rows = int(np.mean([len(person(subject).x) for subject in PEOPLE[0][:tasks]]))
    return Row(method, sampler, J, tasks, rows, epochs, BATCH, given, layers, people(tasks),
               task_options=lambda number: {"start": start if number else "fresh"}, bars=bars or {})


def table(sizes, samplers, tasks, epochs, accuracy=None):
    rows = []
    for J in sizes:
        bars = dict(KEPT, accuracy=at_least(accuracy)) if accuracy else KEPT
        rows.append(row("warm start with head", "random", J, tasks, epochs, bars, start="warm"))
        for sampler in samplers:
            rows.append(row("random" if sampler == "random" else "learned", sampler, J, tasks, epochs, KEPT))
        rows.append(row("learned, copy-on-write", "mean", J, tasks, epochs, KEPT, start="copy_on_write"))
    rows.append(row("dense fine-tuning", "random", 1, tasks, epochs, sharing="shared", protection="none"))
    return rows


def main():
    seeds = settings.integers("SEEDS", [0, 1, 2])
    unknown = [seed for seed in seeds if seed not in PEOPLE]
    if unknown:
        raise SystemExit(f"SEEDS has {unknown[0]}, expected some of {', '.join(map(str, PEOPLE))}")
    chosen = any(settings.text(name) for name in ("J", "TASKS", "EPOCHS", "SAMPLER"))
    samplers = settings.names("SAMPLER", SAMPLERS, ["mean", "random"])
    if "random" not in samplers:
        samplers.append("random")
    quick = settings.flag("QUICK")
    tasks = min(10, settings.integer("TASKS", 10))
    rows = table(settings.integers("J", [4]), samplers, tasks, settings.integer("EPOCHS", 2 if quick else 6),
                 None if chosen or quick else 88.5)
    results = open_results("hapt")
    saved = measure(results, rows, seeds)
    verdict = show(f"UCI HAPT, {tasks} people as tasks, 768-400-400-6, means over seeds {seeds}", results, rows, saved,
                   Verdict())
    verdict.report()
    print(f"saved in {results.path.relative_to(settings.ROOT)}")


if __name__ == "__main__":
    main()
