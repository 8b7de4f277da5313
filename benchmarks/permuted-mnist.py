"""Permuted MNIST: the main table, bars beside the numbers.

Every task is the ten digits with the pixels in another order (the first task
leaves them as they are). 784-800-800-10, ReLU, SGD with momentum .9, rate .03
falling to a tenth, batch 32; inputs (x - .1307)/.3081. Permutations and chosen
rows follow from the seed, which is the network's seed too.

Variables: J, TASKS, SAMPLES (rows a task), EPOCHS, SAMPLER run a table of their
own; QUICK=1 is 10 tasks x 5,000 x 2 epochs; SEEDS (0,1,2); FRESH=1 runs again
what build/bench/permuted-mnist.json has already. A table that was stopped goes
on where it was: every seed of every row is saved by itself.
"""

import time

import numpy as np

from common import data, settings
from common.bench import Row, measure, open_results, show
from common.runs import TaskData, swiftcl
from common.table import Verdict, at_least, at_most, exactly, number, print_table

WIDTH, BATCH = 800, 32
MNIST = data.mnist()
SAMPLERS = ["mean", "gumbel", "straight_through", "top_k", "random"]


def layers(block_size):
    return [swiftcl.dense(WIDTH, block_size), swiftcl.dense(WIDTH, block_size), swiftcl.head(10)]


def permuted(tasks, samples):
    """seed -> the tasks: the same rows for every task, in its own order of pixels."""
    def of_seed(seed):
        x, y, x_test, y_test = MNIST
        rng = np.random.default_rng(seed)
        orders = [np.arange(784)] + [rng.permutation(784) for _ in range(tasks - 1)]
        if samples < len(x):
            chosen = np.sort(rng.permutation(len(x))[:samples])
            x, y = x[chosen], y[chosen]
        for order in orders:
            yield TaskData(x[:, order], y, x_test[:, order], y_test)

    return of_seed


#: (J, tasks, rows, epochs) -> what learned winners must reach.
BARS = {
    (8, 10, 60000, 1): {"accuracy": at_least(96.6), "macs_vs_dense": at_most(0.07)},
    (4, 10, 60000, 1): {"accuracy": at_least(96.5)},
    (2, 10, 60000, 1): {"accuracy": at_least(96.2)},
    (8, 10, 20000, 1): {"macs_vs_dense": at_most(0.09)},
    (8, 20, 60000, 1): {"accuracy": at_least(95.6)},
    (8, 10, 5000, 2): {"accuracy": at_least(90.8)},
}
KEPT = {"forgetting": exactly(0), "bit_identical": exactly(True)}


def row(method, sampler, J, tasks, samples, epochs, bars=None, note="", **options):
    given = dict(data.MNIST_INPUT, sampler=sampler, expected_tasks=tasks, max_tasks=max(16, tasks), unserved="reuse")
    given.update(options)
    return Row(method, sampler, J, tasks, samples, epochs, BATCH, given, layers, permuted(tasks, samples),
               bars=bars or {}, note=note)


def winners(sampler, J, tasks, samples, epochs):
    """Tickets that never change: learned winners, or random ones as the honest baseline.

    A block that gets no free unit uses an owned one again, as in the prototype's table.
    """
    bars = dict(KEPT)
    if sampler == "mean":
        bars.update(BARS.get((J, tasks, samples, epochs), {}))
    return row("random" if sampler == "random" else "learned", sampler, J, tasks, samples, epochs, bars)


def abstaining(J, tasks, samples, epochs):
    """The library's default: a block that gets no free unit has none. Cheaper, and narrower in later tasks."""
    return row("learned, abstaining", "mean", J, tasks, samples, epochs, dict(KEPT), unserved="abstain")


def dense(tasks, samples, epochs):
    return row("dense fine-tuning", "random", 1, tasks, samples, epochs, sharing="shared", protection="none")


def paper(J, tasks, samples, epochs, forgets=None):
    note = f"our prototype forgot {forgets} points" if forgets else ""
    return row("the paper's rule", "mean", J, tasks, samples, epochs, note=note, protection="none", allocation="any",
               usage_bias=3.0)


def table(sizes, tasks, samples, epochs, samplers=("mean", "random")):
    """Winners of every size and sampler, then dense fine-tuning."""
    rows = [winners(sampler, J, tasks, samples, epochs) for J in sizes for sampler in samplers]
    return rows + [dense(tasks, samples, epochs)]


def quick_rows():
    return table([8], 10, 5000, 2) + [abstaining(8, 10, 5000, 2), paper(8, 10, 5000, 2)]


def full_rows():
    rows = table([8, 4, 2], 10, 60000, 1) + [abstaining(8, 10, 60000, 1)]
    rows += [paper(J, 10, 60000, 1, forgets) for J, forgets in ((8, 0.6), (4, 2.7), (2, 9.2))]
    for tasks, samples in ((10, 20000), (20, 60000)):
        rows += [winners(sampler, 8, tasks, samples, 1) for sampler in ("mean", "random")]
    rows.append(abstaining(8, 20, 60000, 1))
    return rows + quick_rows()


def chosen_rows(quick):
    """The table of the variables that were set."""
    tasks = settings.integer("TASKS", 10)
    samples = settings.integer("SAMPLES", 5000 if quick else 60000)
    epochs = settings.integer("EPOCHS", 2 if quick else 1)
    samplers = settings.names("SAMPLER", SAMPLERS, ["mean", "random"])
    if "random" not in samplers:
        samplers.append("random")
    return table(settings.integers("J", [8]), tasks, samples, epochs, samplers)


def compare_with_random(rows, saved, verdict):
    """Learned winners against random ones of the same setting."""
    settings_of = [(r.J, r.tasks, r.samples, r.epochs) for r in rows]
    lines = []
    for r, key, result in zip(rows, settings_of, saved):
        if r.method != "learned":
            continue
        for other, other_key, other_result in zip(rows, settings_of, saved):
            if other.method == "random" and other_key == key:
                gap = result["accuracy"] - other_result["accuracy"]
                bar = at_least(-0.2) if r.samples == 60000 and r.tasks == 10 and r.sampler == "mean" else None
                lines.append([f"{r.sampler} J={r.J}, {r.tasks} x {r.samples} x {r.epochs}", f"{gap:+.2f}",
                              verdict.cell(f"learned - random, J={r.J}", round(gap, 3), bar)])
    if lines:
        print("\nLearned winners minus random winners, points\n")
        print_table(["setting", "gap", "must"], lines)


def beyond_the_expected(results, seeds, verdict):
    """14 tasks where 10 were expected: what each gets, and how well it does."""
    tasks, samples, epochs = 14, 5000, 2
    rows = [row(method, "mean", 8, tasks, samples, epochs, dict(KEPT), expected_tasks=10, **options)
            for method, options in (("fair(10), abstains", {"unserved": "abstain"}), ("fair(10), reuses", {}),
                                    ("growing", {"allocation": "growing"}))]
    saved = measure(results, rows, seeds)
    show("More tasks than expected", results, rows, saved, verdict)
    growing = saved[-1]
    lines = []
    for task in range(tasks):
        cells = [task + 1]
        for result in saved:
            refused = task in result.get("refused", [])
            cells += ["refused" if refused else f"{result['block_share'][task]:.1f}",
                      "-" if refused else f"{result['task_accuracy'][task]:.2f}"]
        gap = growing["task_accuracy"][task] - growing["task_accuracy"][0]
        cells += [f"{gap:+.2f}", verdict.cell(f"growing, task {task + 1} against task 1", round(gap, 3), at_least(-1.0))]
        lines.append(cells)
    print("\nEach task's share of blocks, and its accuracy\n")
    print_table(["task"] + [cell for r in rows for cell in (f"{r.method}: blocks %", "accuracy %")]
                + ["to task 1", "must"], lines)
    for r, result in zip(rows, saved):
        silent = [task + 1 for task in range(tasks)
                  if result["block_share"][task] == 0 and task not in result.get("refused", [])]
        verdict.cell(f"{r.method}, tasks that are silently empty networks", len(silent), exactly(0))
        print(f"  {r.method}: tasks that are silently an empty network: {silent or 'none'}")


def step_time(verdict, rounds=400):
    """Microseconds of one training step after commit, J = 8 and J = 1 in turn, on the same rows."""
    nets, times = {}, {8: [], 1: []}
    for J in times:
        shared = dict(sharing="shared", protection="none") if J == 1 else {}
        net = nets[J] = swiftcl.Network(layers(J), seed=0, sampler="random", **data.MNIST_INPUT, **shared)
        net.begin_task(expected_steps=2 * rounds)
        if net.task_info().phase == swiftcl.Phase.COMPETE:
            net.commit_task()
    rng = np.random.default_rng(0)
    starts = rng.integers(0, len(MNIST[0]) - BATCH, rounds)
    for index, start in enumerate(starts):
        x, y = MNIST[0][start:start + BATCH], MNIST[1][start:start + BATCH]
        for J in (8, 1) if index % 2 else (1, 8):
            began = time.perf_counter()
            nets[J].train_step(x, y)
            times[J].append(time.perf_counter() - began)
    for net in nets.values():
        net.close()
    medians = {J: 1e6 * float(np.median(values[rounds // 10:])) for J, values in times.items()}
    fastest = {J: 1e6 * float(np.percentile(values[rounds // 10:], 10)) for J, values in times.items()}
    ratio, quiet = medians[8] / medians[1], fastest[8] / fastest[1]
    print("\nOne step after commit, batch 32, 784-800-800-10, in turn on the same rows\n")
    print_table(["", "J=8 us", "J=1 us", "ratio", "must"], [
        ["median", number(medians[8], 1), number(medians[1], 1), number(ratio, 4),
         verdict.cell("step J=8 / step J=1", round(ratio, 4), at_most(0.12))],
        ["10th percentile", number(fastest[8], 1), number(fastest[1], 1), number(quiet, 4),
         verdict.cell("step J=8 / step J=1, 10th percentile", round(quiet, 4), at_most(0.12))]])
    return {"batch": BATCH, "rounds": rounds, "j8_us": medians[8], "j1_us": medians[1], "ratio": ratio,
            "j8_us_p10": fastest[8], "j1_us_p10": fastest[1], "ratio_p10": quiet}


def main():
    seeds = settings.integers("SEEDS", [0, 1, 2])
    quick = settings.flag("QUICK")
    chosen = any(settings.text(name) for name in ("J", "TASKS", "SAMPLES", "EPOCHS", "SAMPLER"))
    rows = chosen_rows(quick) if chosen else quick_rows() if quick else full_rows()
    results, verdict = open_results("permuted-mnist"), Verdict()
    measure(results, sorted(rows, key=lambda r: r.J == 1), seeds)  # dense nets take longest: they come last
    saved = measure(results, rows, seeds)
    show(f"Permuted MNIST, 784-800-800-10, means over seeds {seeds}", results, rows, saved, verdict)
    compare_with_random(rows, saved, verdict)
    if not chosen and not quick:
        beyond_the_expected(results, seeds, verdict)
    if not chosen:
        results.set("step_time", dict(step_time(verdict), build=results.build))
    verdict.report()
    print(f"saved in {results.path.relative_to(settings.ROOT)}")


if __name__ == "__main__":
    main()
