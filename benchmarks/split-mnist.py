"""Split MNIST, Task-IL: five tasks of two digits each, the task known at test time.

784-800-800-10, J = 8 (100 units a layer and task), about 12,000 rows x 1 epoch a
task, only the task's two classes have logits; otherwise as permuted-mnist.

Variables: J, SAMPLES (rows a task at most), EPOCHS, SAMPLER run a table of their
own; QUICK=1 is 2,000 rows a task; SEEDS (0,1,2); FRESH=1 runs again what
build/bench/split-mnist.json has already.
"""

import numpy as np

from common import data, settings
from common.bench import Row, measure, open_results, show
from common.runs import TaskData, swiftcl
from common.table import Verdict, at_least, exactly

WIDTH, BATCH, PAIRS = 800, 32, [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]
MNIST = data.mnist()
SAMPLERS = ["mean", "gumbel", "straight_through", "top_k", "random"]
KEPT = {"forgetting": exactly(0), "bit_identical": exactly(True)}


def layers(block_size):
    return [swiftcl.dense(WIDTH, block_size), swiftcl.dense(WIDTH, block_size), swiftcl.head(10)]


def split(samples):
    def of_seed(seed):
        x, y, x_test, y_test = MNIST
        rng = np.random.default_rng(seed)
        for pair in PAIRS:
            rows = rng.permutation(np.flatnonzero(np.isin(y, pair)))[:samples]
            tests = np.isin(y_test, pair)
            yield TaskData(x[rows], y[rows], x_test[tests], y_test[tests], classes=pair)

    return of_seed


def row(method, sampler, J, samples, epochs, bars=None, masked=True, **options):
    given = dict(data.MNIST_INPUT, sampler=sampler, expected_tasks=len(PAIRS))
    given.update(options)
    return Row(method, sampler, J, len(PAIRS), samples, epochs, BATCH, given, layers, split(samples), masked=masked,
               bars=bars or {})


def table(sizes, samplers, samples, epochs, accuracy=None):
    bars = dict(KEPT, accuracy=at_least(accuracy)) if accuracy else KEPT
    rows = []
    for J in sizes:
        for sampler in samplers:
            rows.append(row("random" if sampler == "random" else "learned", sampler, J, samples, epochs,
                            bars if sampler == "mean" else KEPT))
    shared = dict(sharing="shared", protection="none")
    rows.append(row("dense fine-tuning", "random", 1, samples, epochs, **shared))
    rows.append(row("dense fine-tuning, trained on all logits", "random", 1, samples, epochs, masked=False, **shared))
    return rows


def main():
    seeds = settings.integers("SEEDS", [0, 1, 2])
    chosen = any(settings.text(name) for name in ("J", "SAMPLES", "EPOCHS", "SAMPLER"))
    samplers = settings.names("SAMPLER", SAMPLERS, ["mean", "random"])
    if "random" not in samplers:
        samplers.append("random")
    quick = settings.flag("QUICK")
    samples = settings.integer("SAMPLES", 2000 if quick else 12000)
    rows = table(settings.integers("J", [8]), samplers, samples, settings.integer("EPOCHS", 1),
                 None if chosen or quick else 99.4)
    results = open_results("split-mnist")
    saved = measure(results, rows, seeds)
    verdict = show(f"Split MNIST 5 x 2, Task-IL, 784-800-800-10, means over seeds {seeds}", results, rows, saved,
                   Verdict())
    verdict.report()
    print(f"saved in {results.path.relative_to(settings.ROOT)}")


if __name__ == "__main__":
    main()
