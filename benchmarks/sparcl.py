"""SparCL: sparse from the first step to the last, beside the dense network that is trained alike.

Class-incremental, one network of J = 1 that all tasks train, DER++ with 500 exemplars from the second task on.
classil is the accuracy with the task unknown, taskil with the task known, both by the newest logits, means
over the five test sets. Four tables, and one of winners with masks:

mlp       Split MNIST, 784-800-800-10, one epoch a task in batches of 32, masks updated every 100 steps with
          regrowth by chance, all rows used. Twice: gradients clipped to a norm of 1, and of 3, on which the dense
          network depends more than the sparse ones.
epochs    The same for 10 epochs a task, norm 1, regrowth by gradient, with data removal and without.
resnet18  Split CIFAR-10, ResNet-18 of width 20, 5 epochs a task, as the paper trains: plain SGD at .03,
          cross-entropy of new rows over new classes only, masks updated every tenth of a task.
counter   ResNet-18 of width 64, a step that recalls a batch: what the paper's way of counting makes of the paper's run.
composition  Split MNIST as class-il.py has it for ER: a ticket a task, J = 8 and 4, class head, and masks inside the
          tickets, made at the commit and updated every 100 steps from there. Forgetting must be 0.

`75 %` masks three weights of four, in blocks of eight outputs unless it says otherwise. Of the weights that
are left four fifths have a gradient: 60, 80, 92 and 96 % of all weights have none at 50, 75, 90 and 95 %. Data removal
is the paper's 30 % of a task's rows, in four parts a tenth, two, three and four tenths of the way: with 10 epochs
before the second to the fifth, with 5 half of it before the second and half before the third. Split CIFAR-10 for 5
epochs removes 10 %, for 30 % of so few steps are missed; rows with the paper's share are beside it. `fewer, paper` is
how many times fewer multiply-adds than the same table's dense row, as the paper counts them (docs/algorithms.md
B.7), `fewer, all` the same of all of them; `bytes/dense` is of parameters, optimiser and gradients.

Variables: NETWORK=mlp,epochs,resnet18,counter,composition; ROWS, words of which a row's name must have one (ROWS=dense,75);
SEEDS (0,1,2); MINUTES, after which no further run is begun; QUICK=1 is 2,000 rows a task, seed 0, and one epoch of
CIFAR-10; THREADS (1) of the network; FRESH=1 runs again what build/bench/sparcl.json has already.
"""

import time
from dataclasses import asdict, dataclass, field

import numpy as np

from common import data, settings
from common.bench import open_results
from common.runs import TaskData, swiftcl
from common.sparse_runs import PAPER_REMOVED, Run, fixed_intervals, learn, paper_intervals, steps_of
from common.sparse_tickets import learn_tickets
from common.table import Progress, Verdict, at_least, exactly, number, print_table, within

PAIRS, BATCH, EXEMPLARS = [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]], 32, 500
QUICK, THREADS = settings.flag("QUICK"), settings.integer("THREADS", 1)
#: Share of all weights whose gradient is not computed: four fifths of the kept ones have one.
GRADIENT = {0.50: 0.60, 0.75: 0.80, 0.90: 0.92, 0.95: 0.96}
DENSE = dict(sharing="shared", protection="none", sampler="random", max_tasks=len(PAIRS), max_batch=BATCH,
             replay="derpp", replay_rows=EXEMPLARS, replay_batch=BATCH)
#: How far a sparse row may be below the dense row of its table.
MNIST_POINTS, CIFAR_POINTS = 0.7, 1.5
#: Share of a task's rows that 5 epochs of CIFAR-10 can spare; the paper's 30 % have 50 epochs.
REMOVED = 0.1
FEWER_AT_95 = 15


@dataclass
class Method:
    """One row of a table."""

    name: str
    sparsity: float = 0.0
    removed: float = 0.0  #: share of a task's rows that data removal takes
    options: dict = field(default_factory=dict)
    seeds: list = None  #: those of the table
    least: float = None  #: accuracy that it must reach
    below_dense: float = None  #: points that it may be under the dense row


@dataclass
class Table:
    """Rows that are trained alike."""

    title: str
    key: str
    epochs: int
    layers: list
    tasks: list
    options: dict
    intervals: object  #: steps of a task -> options of the masks' schedule
    all_classes: bool
    methods: list
    bars: bool

    def options_of(self, method):
        steps = min(steps_of(len(task.x), self.epochs, BATCH, method.removed) for task in self.tasks)
        sparse = {}
        if method.sparsity:
            sparse = dict(sparsity=method.sparsity, gradient_sparsity=GRADIENT[method.sparsity],
                          **self.intervals(steps))
        if method.removed:
            sparse.update(data_samples=max(len(task.x) for task in self.tasks))
        return {**DENSE, **self.options, **sparse, **method.options}

    def parameters(self, method):
        return dict(table=self.key, sparsity=method.sparsity, removed=method.removed, epochs=self.epochs,
                    rows=[len(task.x) for task in self.tasks], batch=BATCH, all_classes=self.all_classes,
                    threads=THREADS, options=self.options_of(method))


def split(pictures, rows_a_task):
    """Five tasks of two classes; the first rows of each, the same for every seed."""
    x, y, x_test, y_test = pictures
    result = []
    for pair in PAIRS:
        rows, tests = np.flatnonzero(np.isin(y, pair))[:rows_a_task], np.isin(y_test, pair)
        result.append(TaskData(x[rows], y[rows], x_test[tests], y_test[tests], classes=list(pair)))
    return result


def mlp(epochs, clip=1):
    """Split MNIST as the dense DER++ row of class-il.py has it."""
    bars = [Method("75 %", 0.75, least=89.8, below_dense=MNIST_POINTS),
            Method("90 %", 0.90, least=89.0, below_dense=MNIST_POINTS)]
    if epochs == 1:
        regrowth, key = "random", "mlp" if clip == 1 else f"mlp, clip {clip}"
        methods = [Method("dense DER++"), *bars]
        if clip == 1:
            methods += [Method("95 %", 0.95)] + [
                Method(f"{round(100 * sparsity)} %, {name}", sparsity, options=options)
                for name, options in (("irregular", dict(sparsity_kind="irregular")),
                                      ("regrowth by gradient", dict(regrowth="gradient")))
                for sparsity in (0.75, 0.90)]
            methods.append(Method("90 %, masks stand", 0.90, options=dict(mask_interval=0)))
    else:
        regrowth, key = "gradient", "epochs"
        methods = [Method("dense DER++")] + [
            Method(f"{round(100 * sparsity)} %{'' if removed else ', all rows'}", sparsity, removed)
            for sparsity in (0.75, 0.90, 0.95) for removed in (PAPER_REMOVED, 0.0)]
    return Table(
        f"Split MNIST 5 x 2, 784-800-800-10, {epochs} epoch{'s' if epochs > 1 else ''} a task, clip_norm {clip}",
        key, epochs, [swiftcl.dense(800, 1), swiftcl.dense(800, 1), swiftcl.head(10)],
        split(data.mnist(), settings.integer("SAMPLES", 2000 if QUICK else 12000)),
        dict(data.MNIST_INPUT, replay_alpha=0.5, clip_norm=float(clip), regrowth=regrowth),
        lambda steps: fixed_intervals(steps, 100), True, methods, not QUICK and settings.text("SAMPLES") is None)


def resnet18():
    """Split CIFAR-10 as the paper trains, for fewer epochs. Regrowth is the paper's, by chance.

    Rows of the open task are recalled as well: with new rows over new classes only, nothing else would tell
    these from older ones.
    """
    seed = dict(seeds=[0])
    methods = [
        Method("dense DER++"),
        Method("75 %", 0.75, REMOVED, below_dense=CIFAR_POINTS),
        Method("75 %, the paper's share removed", 0.75, PAPER_REMOVED),
        Method("75 %, all rows", 0.75, **seed),
        Method("75 %, scored by magnitude", 0.75, REMOVED, dict(score_current=0.0, score_replay=0.0), **seed),
        Method("75 %, all gradients", 0.75, REMOVED, dict(gradient_sparsity=0.0), **seed),
        Method("75 %, regrowth by gradient", 0.75, REMOVED, dict(regrowth="gradient"), **seed),
        Method("75 %, irregular", 0.75, REMOVED, dict(sparsity_kind="irregular"), **seed),
        Method("90 %", 0.90, REMOVED, **seed),
        Method("95 %", 0.95, REMOVED, **seed),
    ]
    epochs = settings.integer("EPOCHS", 1 if QUICK else 5)
    return Table(
        f"Split CIFAR-10 5 x 2, ResNet-18 of width 20, {epochs} epoch{'s' if epochs > 1 else ''} a task", "resnet18",
        epochs, swiftcl.resnet18(width=20, block_size=1, classes=10),
        split(data.cifar10(), settings.integer("SAMPLES", 1000 if QUICK else 4000)),
        dict(data.CIFAR_INPUT, learning_rate=0.03, momentum=0.0, schedule="constant", replay_alpha=0.1,
             replay_beta=0.5, replay_new_rows="masked", replay_recall="any"),
        paper_intervals, False, methods,
        not QUICK and settings.text("SAMPLES") is None and settings.text("EPOCHS") is None)


def wanted(method):
    words = (settings.text("ROWS") or "").replace(",", " ").split()
    return not words or any(word in method.name for word in words)


def measured(table, seeds, results, progress, until):
    """(method, its runs): those saved, and those there is time for."""
    found = []
    for method in table.methods:
        if not wanted(method):
            continue
        parameters, runs = table.parameters(method), []
        for seed in [seed for seed in seeds if method.seeds is None or seed in method.seeds]:
            run = results.run(parameters, seed)
            if run is None and time.monotonic() < until:
                title = f"{table.key}, {method.name}, seed {seed}"
                try:
                    values = learn(table.layers, table.tasks, table.options_of(method), table.epochs, BATCH, seed,
                                   table.all_classes, method.removed, THREADS,
                                   lambda text, title=title: progress.show(f"{title}, {text}"))
                    said = f"{values.classil:.2f} %, {values.seconds:.1f} s"
                except swiftcl.NonFiniteError as error:
                    values, said = Run(diverged=str(error)), "diverged"
                run = results.add_run(parameters, seed, asdict(values))
                progress.finish(f"{title}: {said}")
            if run is not None:
                runs.append(run)
        found.append((method, runs))
    return found


def means(runs):
    """Of the numbers of some seeds; None where one has none."""
    values = [run["values"] for run in runs]
    row = {}
    for name in ("classil", "classil_forgetting", "taskil", "taskil_forgetting", "paper_macs", "paper_dense_macs",
                 "full_macs", "full_dense_macs", "seconds", "library_seconds", "bytes", "dense_bytes", "steps", "rows"):
        numbers = [value[name] for value in values]
        row[name] = None if None in numbers or not numbers else float(np.mean(numbers))
    row["classil_std"] = None if row["classil"] is None else float(np.std([v["classil"] for v in values]))
    row["forms"] = values[-1]["forms"] if values else {}
    row["diverged"] = sorted({value["diverged"] for value in values if value["diverged"]})
    return row


def times(more, less):
    return more / less if more and less else None


def bar_of(method, row, dense, table, seeds_are_all):
    """What the accuracy must be: the larger of the row's own bar and the dense row's less what is allowed."""
    if not table.bars or (method.least is None and method.below_dense is None):
        return None, ""
    if not seeds_are_all or dense["classil"] is None:
        return None, "not all seeds are measured"
    return at_least(round(max(method.least or 0.0, dense["classil"] - (method.below_dense or 100.0)), 2)), ""


def show(table, seeds, results, progress, until, verdict):
    found = measured(table, seeds, results, progress, until)
    rows = {method.name: means(runs) for method, runs in found}
    # What is saved for the dense row counts, whether it was asked for or not.
    first = table.methods[0]
    saved = [results.run(table.parameters(first), seed) for seed in seeds]
    dense_runs = [run for run in saved if run is not None]
    dense = means(dense_runs)
    lines, notes = [], []
    for method, runs in found:
        row = rows[method.name]
        what = f"{table.key}, {method.name}"
        missing = [seed for seed in seeds if (method.seeds is None or seed in method.seeds)
                   and seed not in [run["seed"] for run in runs]]
        if missing:
            notes.append(f"{method.name}: not yet measured for seeds {', '.join(map(str, missing))}")
        if row["diverged"]:
            notes.append(f"{method.name}: diverged: {'; '.join(row['diverged'])}")
        # Against the dense row of the same seeds: the data are the same for all.
        row.update(
            fewer_paper=times(dense["paper_macs"] or row["paper_dense_macs"], row["paper_macs"]),
            fewer_full=times(dense["full_macs"] or row["full_dense_macs"], row["full_macs"]),
            bytes_share=times(row["bytes"], row["dense_bytes"]))
        bar, why = bar_of(method, row, dense, table, not missing and len(dense_runs) == len(saved))
        if why:
            verdict.not_judged(f"{what}, classil", why)
        mark = ""
        if runs:
            kept = results.add_row(table.parameters(method), [run["seed"] for run in runs], runs,
                                   dict(row, table=table.key, method=method.name))
            mark = "" if results.is_current(kept) else " *"
        fewer = at_least(FEWER_AT_95) if table.bars and method.sparsity == 0.95 and runs else None
        lines.append([
            method.name + mark, len(runs), accuracy_cell(row),
            "not judged" if why else verdict.cell(f"{what}, classil", row["classil"], bar),
            number(row["classil_forgetting"], 1), number(row["taskil"]), number(row["taskil_forgetting"], 1),
            number(row["fewer_paper"], 1), verdict.cell(f"{what}, fewer, paper", row["fewer_paper"], fewer),
            number(row["fewer_full"], 1), number(row["bytes_share"], 3), number(row["seconds"], 1),
            number(times(row["seconds"], dense["seconds"]), 2), forms_cell(row["forms"])])
    print(f"\n{table.title}, {EXEMPLARS} exemplars, means over seeds {seeds}\n")
    print_table(["method", "seeds", "classil %", "must", "forgetting", "taskil %", "forgetting", "fewer, paper", "must",
                 "fewer, all", "bytes/dense", "seconds", "/dense", "layers run as"], lines)
    if any(line[0].endswith(" *") for line in lines):
        notes.append("* measured with another build of the library; FRESH=1 runs it again")
    for note in notes:
        print(f"  {note}")


def accuracy_cell(row):
    if row["diverged"]:
        return "diverged"
    return "-" if row["classil"] is None else f"{row['classil']:.2f} ±{row['classil_std']:.2f}"


def forms_cell(forms):
    return ", ".join(f"{name} {count}" for name, count in sorted(forms.items()))


#: Split CIFAR-10 of the paper: 10,000 rows x 50 epochs x 5 tasks; what it prints, in 1e15 operations.
PAPER_ROWS, PAPER_DENSE, PAPER_SPARSE, PAPER_DATA = 2.5e6, 11.1, 2.0, 0.775


def counter(results, verdict):
    """Operations of the paper's run, two a multiply-add, from a step of the full-size network that recalls a batch.

    The paper charges every step for one, those of the first task too; the step before it fills the memory.
    """
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (BATCH, 3072)).astype(np.uint8), rng.integers(0, 10, BATCH).astype(np.int32)
    options = dict(DENSE, **data.CIFAR_INPUT, replay="er", replay_new_rows="masked", replay_recall="any", learning_rate=1e-4)
    lines = []
    for name, sparse, share, printed, points in (
            ("ER", {}, 1.0, PAPER_DENSE, 0.1),
            ("ER, 75 %", dict(sparsity=0.75, gradient_sparsity=GRADIENT[0.75]), PAPER_DATA, PAPER_SPARSE, 0.2)):
        with swiftcl.Network(swiftcl.resnet18(width=64, block_size=1, classes=10), seed=0, **options, **sparse) as net:
            with net.task(expected_steps=2):
                net.train_step(x, y)
                first = net.accounting
                net.train_step(x, y)
                both = net.accounting
        value = 2e-15 * PAPER_ROWS * share * (both.paper_macs - first.paper_macs) / BATCH
        row = dict(method=name, operations_e15=value, printed_e15=printed,
                   full_macs_per_row=(both.full_macs - first.full_macs) / BATCH)
        results.set(f"counter {name}", row)
        lines.append([name, number(value), printed, verdict.cell(
            f"counter, {name}, operations less those printed", round(value - printed, 3), within(points))])
    print("\nResNet-18 of width 64, operations of the paper's Split CIFAR-10 run in 1e15, as the paper counts\n")
    print_table(["method", "ours", "the paper's", "difference"], lines)


#: Of the table of winners with masks: units a block, and shares that are masked.
COMPOSED = [(J, sparsity) for J in (8, 4) for sparsity in (0.0, 0.50, 0.75, 0.90)]


def composed(J, sparsity):
    return f"J = {J}, {round(100 * sparsity)} %"


def composition(seeds, results, progress, until, verdict):
    """Masks inside of tickets, by units a block and sparsity."""
    tasks = split(data.mnist(), settings.integer("SAMPLES", 2000 if QUICK else 12000))
    steps = min(swiftcl.steps(len(task.x), BATCH) for task in tasks)
    lines, unmasked, current = [], {}, True
    for J, sparsity in COMPOSED:
        name = composed(J, sparsity)
        if not wanted(Method(name)):
            continue
        options = dict(data.MNIST_INPUT, sampler="mean", expected_tasks=len(PAIRS), max_tasks=len(PAIRS),
                       max_batch=BATCH, replay="er", replay_rows=EXEMPLARS, replay_batch=BATCH,
                       replay_policy="balanced", replay_store="at_end", class_head=1)
        if sparsity:
            options.update(sparsity=sparsity, gradient_sparsity=GRADIENT[sparsity], **fixed_intervals(steps, 100))
        parameters = dict(table="composition", J=J, sparsity=sparsity, rows=[len(task.x) for task in tasks],
                          batch=BATCH, threads=THREADS, options=options)
        runs = []
        for seed in seeds:
            run = results.run(parameters, seed)
            if run is None and time.monotonic() < until:
                layers = [swiftcl.dense(800, J), swiftcl.dense(800, J), swiftcl.head(10)]
                values = learn_tickets(layers, tasks, options, BATCH, seed, THREADS)
                run = results.add_run(parameters, seed, values)
            if run is not None:
                progress.finish(f"composition, {name}, seed {seed}: {run['values']['classil']:.2f} %")
                runs.append(run)
        if not runs:
            continue
        row = {key: float(np.mean([run["values"][key] for run in runs])) for key in runs[0]["values"]}
        row["classil_std"] = float(np.std([run["values"]["classil"] for run in runs]))
        row = results.add_row(parameters, [run["seed"] for run in runs], runs,
                              dict(row, table="composition", method=name))
        current = current and results.is_current(row)
        if not sparsity:
            unmasked[J] = row
        lines.append([
            name, len(runs), number(row["taskil"]), less(row, unmasked.get(J), "taskil"),
            f"{row['classil']:.2f} ±{row['classil_std']:.2f}", less(row, unmasked.get(J), "classil"),
            number(row["forgetting"]),
            verdict.cell(f"composition, {name}, forgetting", row["forgetting"], exactly(0)),
            number(row["macs_vs_dense"], 4), f"{row['ticket_bytes'] / 1000:.0f}", number(row["seconds"], 1)])
    print(f"\nSplit MNIST 5 x 2, 784-800-800-10, a ticket a task with a mask inside, class head, {EXEMPLARS} exemplars, "
          f"means over seeds {seeds}\n")
    print_table(["units a block, masked", "seeds", "taskil %", "", "classil %", "", "forgetting", "must", "macs/dense",
                 "kB of tickets", "seconds"], lines)
    if not current:
        print("  some were measured with another build of the library; FRESH=1 runs them again")


def less(row, unmasked, name):
    """Points beside the row without masks."""
    return "" if unmasked in (None, row) else f"{row[name] - unmasked[name]:+.2f}"


def main():
    seeds = settings.integers("SEEDS", [0] if QUICK else [0, 1, 2])
    names = ["mlp", "epochs", "resnet18", "counter", "composition"]
    chosen = settings.names("NETWORK", names, names)
    minutes = settings.text("MINUTES")
    until = time.monotonic() + 60 * settings.integer("MINUTES", 1) if minutes else float("inf")
    results, verdict = open_results("sparcl"), Verdict()
    tables = [make() for name, make in (("mlp", lambda: mlp(1)), ("mlp", lambda: mlp(1, clip=3)),
                                        ("epochs", lambda: mlp(2 if QUICK else 10)), ("resnet18", resnet18))
              if name in chosen]
    missing = sum(results.run(table.parameters(method), seed) is None
                  for table in tables for method in table.methods if wanted(method)
                  for seed in seeds if method.seeds is None or seed in method.seeds)
    progress = Progress(missing + ("composition" in chosen) * len(seeds) * sum(
        wanted(Method(composed(*row))) for row in COMPOSED))
    if "counter" in chosen:
        counter(results, verdict)
    for table in tables:
        show(table, seeds, results, progress, until, verdict)
    if "composition" in chosen:
        composition(seeds, results, progress, until, verdict)
    verdict.report()
    print(f"saved in {results.path.relative_to(settings.ROOT)}")


if __name__ == "__main__":
    main()
