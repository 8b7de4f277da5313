"""Split CIFAR-10, Task-IL: five tasks of two classes each, the task known at test time.

20,000 training and 5,000 test pictures of 32 x 32 x 3 bytes. Three convolutions of
3 x 3, each with a max-pooling, 32, 64 and 64 maps, then 128 units and the head, J = 4,
batch 16, rate .02, 3 epochs a task; then once more with clipped gradients, which is kinder
to dense fine-tuning. Dense ER and DER++ are the dense network (J = 1) on the classes of all
tasks so far with 500 exemplars. taskil is the accuracy with the task known, classil with the
task unknown, by the largest logit of all classes: of the one network for the dense rows, of
each class's ticket for the others. A row of which a run met values that are not finite says
that it diverged.

Then ResNet-18, width 20, 5 epochs a task, seed 0 (half an hour; not with QUICK=1).

Then a half as wide dense network on all ten classes at once, beside PyTorch: the same
initial values, rows, order and rates.

Variables: J, EPOCHS, SAMPLER run a table of their own; QUICK=1 is fewer epochs; SEEDS
(0,1,2); NETWORK=resnet18 or conv is the table of that network alone; FRESH=1 runs again
what build/bench/cifar10.json has already.
"""

import numpy as np

from common import data, settings
from common.bench import Row, measure, open_results, show
from common.parity import compare, small_conv_net
from common.runs import TaskData, swiftcl
from common.table import Verdict, at_least, exactly

WIDTHS, BATCH, RATE, CLIP, EXEMPLARS = (32, 64, 64, 128), 16, 0.02, 1, 500
PAIRS = [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]
PICTURES = data.cifar10()
SHARED = dict(sharing="shared", protection="none")
SAMPLERS = ["mean", "gumbel", "straight_through", "top_k", "random"]
KEPT = {"forgetting": exactly(0), "bit_identical": exactly(True)}
OVER_DENSE, UNDER_RANDOM = 15, 1
COLUMNS = [("classil %", "classil", 2), ("exemplars", "exemplars", 0)]


def split(seed):
    x, y, x_test, y_test = PICTURES
    for pair in PAIRS:
        rows, tests = np.isin(y, pair), np.isin(y_test, pair)
        yield TaskData(x[rows], y[rows], x_test[tests], y_test[tests], classes=pair)


def row(method, sampler, J, epochs, layers=None, start="fresh", seen=False, **options):
    given = dict(data.CIFAR_INPUT, sampler=sampler, expected_tasks=len(PAIRS), learning_rate=RATE)
    given.update(options)
    return Row(method, sampler, J, len(PAIRS), len(PICTURES[0]) // len(PAIRS), epochs, BATCH, given,
               layers or (lambda size: small_conv_net(WIDTHS, size)), split, seen=seen, unknown=True,
               task_options=lambda number: {"start": start if number else "fresh"})


def tickets(J, samplers, epochs, layers=None, **options):
    """Learned and random winners; blocks without a free unit use an owned one, for the tasks are related."""
    options.update(unserved="reuse")
    rows = [row("random" if sampler == "random" else "learned", sampler, J, epochs, layers, **options)
            for sampler in samplers]
    rows.append(row("learned, copy-on-write", "mean", J, epochs, layers, start="copy_on_write", **options))
    return rows


def dense(epochs, layers=None, **options):
    return row("dense fine-tuning", "random", 1, epochs, layers, **SHARED, **options)


def replayed(epochs, **options):
    memory = dict(SHARED, seen=True, replay_rows=EXEMPLARS, replay_batch=BATCH, **options)
    return [row("dense ER", "random", 1, epochs, replay="er", **memory),
            row("dense DER++", "random", 1, epochs, replay="derpp", **memory)]


def table(title, results, rows, seeds, verdict, over_dense=None, under_random=None):
    """Measures rows and prints them; what the tickets must reach hangs on the rows beside them."""
    saved = measure(results, rows, seeds)
    accuracy = {line.method: result["accuracy"] for line, result in zip(rows, saved)}
    for line in rows:
        if line.J == 1:
            continue
        least = []
        hangs = [("dense fine-tuning", over_dense)] if over_dense and line.sampler == "mean" else []
        if under_random and "copy-on-write" in line.method:
            hangs.append(("random", -under_random))
        for beside, points in hangs:
            if accuracy[beside] is None:
                verdict.not_judged(f"{line.method}, accuracy beside {beside}", f"{beside} diverged")
            else:
                least.append(accuracy[beside] + points)
        line.bars = dict(KEPT, accuracy=at_least(round(max(least), 2))) if least else dict(KEPT)
    show(title, results, rows, saved, verdict, COLUMNS)
    if over_dense:
        print(f"  accuracy of learned winners must be {over_dense} points over dense fine-tuning")
    if under_random:
        print(f"  that of copy-on-write must be no more than {under_random} under random winners")


def residual(results, verdict):
    """ResNet-18 in the same protocol, with one seed: its dense row alone takes 15 minutes."""
    def resnet(J):
        return swiftcl.resnet18(width=20, block_size=J, classes=10)

    rows = tickets(4, ["mean", "random"], 5, resnet) + [dense(5, resnet)]
    table("ResNet-18, width 20, 5 epochs a task, seed 0", results, rows, [0], verdict, OVER_DENSE, UNDER_RANDOM)


def main():
    seeds = settings.integers("SEEDS", [0, 1, 2])
    chosen = any(settings.text(name) for name in ("J", "EPOCHS", "SAMPLER"))
    quick = settings.flag("QUICK")
    samplers = settings.names("SAMPLER", SAMPLERS, ["mean", "random"])
    if "random" not in samplers:
        samplers.append("random")
    epochs = settings.integer("EPOCHS", 1 if quick else 3)
    sizes = settings.integers("J", [4])
    results, verdict = open_results("cifar10"), Verdict()
    shape, bars = "-".join(map(str, WIDTHS)), not chosen and not quick
    network = settings.names("NETWORK", ["conv", "resnet18"], ["conv", "resnet18"])
    if network == ["resnet18"]:
        residual(results, verdict)
        verdict.report()
        print(f"saved in {results.path.relative_to(settings.ROOT)}")
        return
    rows = [line for J in sizes for line in tickets(J, samplers, epochs)] + [dense(epochs)]
    if not chosen:
        rows += replayed(epochs)
    table(f"Split CIFAR-10 5 x 2, Task-IL, {shape}-10, means over seeds {seeds}", results, rows, seeds, verdict,
          *((OVER_DENSE, UNDER_RANDOM) if bars else ()))
    if not chosen:
        rows = tickets(4, samplers, epochs, clip_norm=CLIP) + [dense(epochs, clip_norm=CLIP)]
        table(f"The same, gradients clipped to a norm of {CLIP}", results,
              rows + replayed(epochs, clip_norm=CLIP), seeds, verdict, under_random=UNDER_RANDOM if bars else None)
    if bars and "resnet18" in network:
        residual(results, verdict)
    if not chosen:
        compare(results, PICTURES, seeds, 1 if quick else 3, verdict)
    verdict.report()
    print(f"saved in {results.path.relative_to(settings.ROOT)}")


if __name__ == "__main__":
    main()
