"""Omniglot with rotations: twenty tasks of twelve characters each, the task known at test time.

The first 240 characters in the files' order. A character's 20 drawings, each turned by
0, 90, 180 and 270 degrees, make 80 pictures: those of 15 people train (60), those of
the other 5 test (20), so no drawing is on both sides. 28 x 28 with a black border of
two pixels. LeNet: convolutions of 5 x 5 with 32 and 64 maps, each with a max-pooling of
3 x 3, then 1280 and 768 units; that is half as wide as the large LeNet usual here, whose
dense steps take four times as long. J = 4, and four fresh units a block for every task
(`growing`); Adam, rate .001, batch 16, 6 epochs. taskil is the accuracy with the task known,
classil with the task unknown, by the largest logit of all tickets, each for its classes;
runs of older files have none ("-").

Variables: J, TASKS (up to 100), EPOCHS, SAMPLER run a table of their own; QUICK=1 is 8
tasks; SEEDS (0,1,2); FRESH=1 runs again what build/bench/omniglot.json has already.
"""

import numpy as np

from common import data, settings
from common.bench import Row, measure, open_results, show
from common.runs import TaskData, swiftcl
from common.table import Verdict, at_least, at_most, exactly, number

WIDTHS, CLASSES, BATCH, RATE = (32, 64, 1280, 768), 12, 16, 0.001
PEOPLE, SIDE, BORDER = 20, 28, 2
SAMPLERS = ["mean", "gumbel", "straight_through", "top_k", "random"]
TICKETS = dict(allocation="growing")
KEPT = {"forgetting": exactly(0), "bit_identical": exactly(True)}
ACCURACY, OVER_DENSE, FLAT = 70, 20, 1.15  #: percent; points; a late task's step over an early one's
#: Mean and deviation of the padded pictures' values in [0, 1].
INPUT = dict(inputs=(SIDE + 2 * BORDER) ** 2, input_type="u8", input_scale=1 / (255 * 0.2), input_offset=-0.057 / 0.2)


def layers(tasks):
    def of_size(J):
        side = SIDE + 2 * BORDER
        return [swiftcl.conv(WIDTHS[0], J, 5, padding=2, image=(side, side)), swiftcl.max_pool(3, 2, 1),
                swiftcl.conv(WIDTHS[1], J, 5, padding=2), swiftcl.max_pool(3, 2, 1),
                swiftcl.dense(WIDTHS[2], J), swiftcl.dense(WIDTHS[3], J), swiftcl.head(tasks * CLASSES)]

    return of_size


def rotated(drawings):
    """(characters, people, 28, 28) to (characters, people * 4 rotations, 32 * 32)."""
    padded = np.pad(drawings, ((0, 0), (0, 0), (BORDER, BORDER), (BORDER, BORDER)))
    turned = np.stack([np.rot90(padded, turns, axes=(2, 3)) for turns in range(4)], 2)
    return np.ascontiguousarray(turned).reshape(len(drawings), -1, INPUT["inputs"])


def characters(tasks):
    drawings = data.omniglot(tasks * CLASSES)

    def of_seed(seed):
        rng = np.random.default_rng(seed)
        for task in range(tasks):
            first, people = task * CLASSES, rng.permutation(PEOPLE)
            parts = []
            for chosen in (people[:15], people[15:]):
                x = rotated(drawings[first:first + CLASSES, chosen])
                y = np.repeat(np.arange(first, first + CLASSES, dtype=np.int32), x.shape[1])
                parts += [x.reshape(-1, INPUT["inputs"]), y]
            yield TaskData(*parts, classes=list(range(first, first + CLASSES)))

    return of_seed


def row(method, sampler, J, tasks, epochs, start="fresh", **options):
    given = dict(INPUT, sampler=sampler, expected_tasks=tasks, max_tasks=tasks, optimizer="adam", learning_rate=RATE)
    given.update(options)
    return Row(method, sampler, J, tasks, CLASSES * 60, epochs, BATCH, given, layers(tasks), characters(tasks),
               unknown=True, task_options=lambda number: {"start": start if number else "fresh"})


def table(sizes, samplers, tasks, epochs):
    rows = []
    for J in sizes:
        for sampler in samplers:
            rows.append(row("random" if sampler == "random" else "learned", sampler, J, tasks, epochs, **TICKETS))
        rows.append(row("learned, copy-on-write", "mean", J, tasks, epochs, start="copy_on_write", **TICKETS))
    rows.append(row("dense fine-tuning", "random", 1, tasks, epochs, sharing="shared", protection="none"))
    return rows


def step_growth(steps):
    """Microseconds a step of the last three tasks over those of the first three."""
    return float(np.median(steps[-3:]) / np.median(steps[:3]))


def main():
    seeds = settings.integers("SEEDS", [0, 1, 2])
    chosen = any(settings.text(name) for name in ("J", "TASKS", "EPOCHS", "SAMPLER"))
    quick = settings.flag("QUICK")
    samplers = settings.names("SAMPLER", SAMPLERS, ["mean", "random"])
    if "random" not in samplers:
        samplers.append("random")
    tasks = min(100, settings.integer("TASKS", 8 if quick else 20))
    rows = table(settings.integers("J", [4]), samplers, tasks, settings.integer("EPOCHS", 6))
    results, verdict = open_results("omniglot"), Verdict()
    saved = measure(results, rows, seeds)
    dense = saved[-1]
    for line, result in zip(rows, saved):
        result["step_growth"] = step_growth(result["step_us"]) if "step_us" in result else None
        if line.J > 1:
            line.bars = dict(KEPT)
            if not chosen and not quick:
                over = dense["accuracy"]
                if over is None:
                    verdict.not_judged(f"{line.method}, accuracy beside dense fine-tuning", "that diverged")
                least = ACCURACY if over is None else max(ACCURACY, round(over + OVER_DENSE, 2))
                line.bars.update(accuracy=at_least(least), step_growth=at_most(FLAT))
    results.write()
    shape = "-".join(map(str, WIDTHS))
    title = f"Omniglot with rotations, {tasks} x {CLASSES}, Task-IL, {shape}, means over seeds {seeds}"
    show(title, results, rows, saved, verdict, [
        ("classil %", "classil", 2), ("exemplars", "exemplars", 0), ("right after %", "learning_accuracy", 2), ("step, last/first", "step_growth", 3)])
    print(f"  accuracy must be {ACCURACY} % and {OVER_DENSE} points over dense fine-tuning, which has "
          f"{number(dense['learning_accuracy'])} % right after each task")
    print("  step: processor time a step, competition included, of the last three tasks over the first three")
    verdict.report()
    print(f"saved in {results.path.relative_to(settings.ROOT)}")


if __name__ == "__main__":
    main()
