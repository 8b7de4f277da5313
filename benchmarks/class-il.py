"""Split MNIST, Class-IL: five tasks of two digits each, and at test time nobody says which task a row is of.

784-800-800-10, about 12,000 rows x 1 epoch a task in batches of 32 beside 32 recalled rows,
a memory of 500 and of 200 exemplars. Each task has all classes so far, so digits not yet seen
have no logit. One training is asked by several rules: the newest task (last mask), the largest logit
over tasks (max logit), the class head fitted on the memory, and those that infer the task
from probability or entropy. classil is the mean over the five sets with the task unknown,
taskil with the task known, inferred the share of rows whose task the rule names.

Variables: EXEMPLARS (500,200), SAMPLES (rows a task at most); QUICK=1 is 2,000 rows a task;
SEEDS (0,1,2); FRESH=1 runs again what build/bench/class-il.json has already.
"""

import time

import numpy as np

from common import data, settings
from common.bench import open_results
from common.runs import swiftcl
from common.table import Progress, Verdict, at_least, exactly, number, print_table

WIDTH, BATCH, PAIRS = 800, 32, [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]
MNIST = data.mnist()
RULES = ["last_mask", "max_logit", "class_head", "max_probability", "lowest_entropy"]
SHOWN = {"last_mask": "newest ticket", "max_logit": "max logit", "class_head": "class head",
         "max_probability": "max probability", "lowest_entropy": "lowest entropy"}

DENSE = dict(sharing="shared", protection="none", sampler="random")
BALANCED = dict(replay_policy="balanced", replay_store="at_end")
DISTILL = dict(replay="distill", distill_teacher="all_rows", replay_new_rows="balanced", **BALANCED)


def training(name, J, rules, start="fresh", classes="so far", bars=None, **options):
    """One way to train; `rules` are what its table has rows for, `bars` by (rule, exemplars)."""
    return dict(name=name, J=J, rules=rules, start=start, classes=classes, bars=bars or {}, options=options)


TRAININGS = [
    training("dense fine-tuning", 1, ["last_mask"], **DENSE),
    training("dense ER", 1, ["last_mask"], replay="er", **DENSE),
    training("dense DER++", 1, ["last_mask"], classes="all", replay="derpp", replay_alpha=0.5, clip_norm=1.0,
             bars={("last_mask", 500): 89.5}, **DENSE),
    training("no replay in the subnetworks", 8, ["max_logit", "class_head"], **BALANCED),
    training("ER", 8, RULES, replay="er", bars={("class_head", 500): 91.5, ("class_head", 200): 86.5}, **BALANCED),
    training("ER, warm start", 8, ["last_mask", "class_head"], "warm", replay="er", **BALANCED),
    training("ER, random winners", 8, ["last_mask", "class_head"], replay="er", sampler="random", **BALANCED),
    training("ER, new rows masked", 8, ["last_mask", "class_head"], replay="er", replay_new_rows="masked", **BALANCED),
    training("balanced CE + KD, warm start", 8, RULES, "warm", **DISTILL),
    training("ER", 4, ["last_mask", "class_head"], replay="er", **BALANCED),
    training("balanced CE + KD, warm start", 4, ["max_logit", "class_head"], "warm", **DISTILL),
]


def options_of(way, exemplars):
    given = dict(data.MNIST_INPUT, sampler="mean", expected_tasks=len(PAIRS), max_tasks=len(PAIRS), max_batch=BATCH)
    given.update(way["options"])
    if way["name"] != "dense fine-tuning":
        given.update(replay_rows=exemplars, replay_batch=BATCH)
    if way["J"] > 1:
        given.update(class_head=1)
    return given


def learn(way, exemplars, samples, seed):
    """Trains once; returns what every rule says after the last task."""
    x, y, x_test, y_test = MNIST
    rng = np.random.default_rng(seed)
    layers = [swiftcl.dense(WIDTH, way["J"]), swiftcl.dense(WIDTH, way["J"]), swiftcl.head(10)]
    ours = way["J"] > 1
    rules = RULES if ours else ["last_mask"]
    matrices = {rule: swiftcl.ProtocolMatrices(len(PAIRS), 10) for rule in rules}
    sets, seconds, head_seconds, asked = [], 0.0, 0.0, {}
    with swiftcl.Network(layers, seed=seed, **options_of(way, exemplars)) as net:
        for t, pair in enumerate(PAIRS):
            rows = rng.permutation(np.flatnonzero(np.isin(y, pair)))[:samples]
            classes = list(range(10 if way["classes"] == "all" else 2 * t + 2))
            started = time.perf_counter()
            with net.task(classes=classes, start=way["start"] if t else "fresh",
                          expected_steps=swiftcl.steps(len(rows), BATCH)) as task:
                net.fit(x[rows], y[rows], batch=BATCH, progress=False)
            seconds += time.perf_counter() - started
            if ours:
                started = time.perf_counter()
                net.fit_class_head()
                head_seconds += time.perf_counter() - started
            tests = np.isin(y_test, pair)
            sets.append((task, x_test[tests], y_test[tests]))
            for rule in rules:
                asked[rule] = net.evaluate_all(sets, rule, matrices[rule])
        known = matrices[rules[0]].task_il[-1] if ours else [dense_task(net, *item, pair)
                                                             for item, pair in zip(sets, PAIRS)]
        return dict(
            taskil=float(np.mean(known)), task_forgetting=asked[rules[0]].task_forgetting if ours else None,
            exemplars=net.replay_info().rows, seconds=seconds, head_seconds=head_seconds,
            macs_vs_dense=net.accounting.macs_vs_dense,
            # Where every task has all classes, a class says nothing about the task.
            rules={rule: dict(classil=e.class_accuracy, forgetting=e.class_forgetting,
                              inferred=None if way["classes"] == "all" else e.inferred_accuracy,
                              task_accuracy=matrices[rule].class_il[-1].tolist()) for rule, e in asked.items()})


def dense_task(net, _, x, y, pair):
    """Task-IL of the one dense network: its newest logits, the other digits left out."""
    newest = net.tasks[-1]
    columns = [list(net.task_classes(newest)).index(label) for label in pair]
    return 100.0 * float((np.array(pair)[net.predict(newest, x)[:, columns].argmax(1)] == y).mean())


def table(exemplars, samples, seeds, quick, results, progress, verdict):
    header = ["method", "rule", "J", "exemplars", "classil %", "must", "forgetting", "inferred %", "taskil %",
              "forgetting", "must", "macs/dense", "s training", "s head"]
    lines = []
    for way in TRAININGS:
        kept = options_of(way, exemplars).get("replay_rows", 0)
        parameters = dict(method=way["name"], J=way["J"], start=way["start"], classes=way["classes"], samples=samples,
                          exemplars=kept, batch=BATCH, options=options_of(way, exemplars))
        runs = []
        for seed in seeds:
            run = results.run(parameters, seed)
            if run is None:
                values = learn(way, exemplars, samples, seed)
                run = results.add_run(parameters, seed, values)
                best = max(rule["classil"] for rule in values["rules"].values())
                progress.finish(f"{way['name']} J={way['J']} {exemplars}, seed {seed}: {best:.2f} %")
            runs.append(run)
        values = [run["values"] for run in runs]

        def mean(*path, values=values):
            found = []
            for value in values:
                for key in path:
                    value = value[key]
                found.append(value)
            return None if None in found else float(np.mean(found))

        for rule in way["rules"]:
            row = results.add_row(dict(parameters, rule=rule), seeds, runs, {
                "method": way["name"], "rule": rule, "J": way["J"], "exemplars": int(mean("exemplars")),
                "samples": samples, "classil": mean("rules", rule, "classil"),
                "classil_std": float(np.std([v["rules"][rule]["classil"] for v in values])),
                "forgetting": mean("rules", rule, "forgetting"), "inferred": mean("rules", rule, "inferred"),
                "taskil": mean("taskil"), "task_forgetting": mean("task_forgetting"),
                "macs_vs_dense": mean("macs_vs_dense"), "seconds": mean("seconds"),
                "head_seconds": mean("head_seconds")})
            what = f"{way['name']}, {rule}, J={way['J']}, {exemplars} exemplars"
            bar = None if quick else way["bars"].get((rule, exemplars))
            lines.append([
                way["name"] + ("" if results.is_current(row) else " *"), SHOWN[rule], way["J"], row["exemplars"],
                f"{row['classil']:.2f} ±{row['classil_std']:.2f}",
                verdict.cell(f"{what}, classil", row["classil"], at_least(bar) if bar else None),
                number(row["forgetting"], 1), number(row["inferred"], 1), number(row["taskil"]),
                number(row["task_forgetting"]),
                verdict.cell(f"{what}, taskil forgetting", row["task_forgetting"],
                             exactly(0) if way["J"] > 1 else None),
                number(row["macs_vs_dense"], 4), number(row["seconds"], 1), number(row["head_seconds"], 2)])
    print(f"\nSplit MNIST 5 x 2, Class-IL, {exemplars} exemplars, 784-800-800-10, {samples} rows a task at most, "
          f"means over seeds {seeds}\n")
    print_table(header, lines, left=2)
    if any(line[0].endswith(" *") for line in lines):
        print("  * measured with another build of the library; FRESH=1 runs it again")


def main():
    seeds = settings.integers("SEEDS", [0, 1, 2])
    memories = settings.integers("EXEMPLARS", [500, 200])
    quick = settings.flag("QUICK")
    samples = settings.integer("SAMPLES", 2000 if quick else 12000)
    quick = quick or settings.text("SAMPLES") is not None
    results, verdict = open_results("class-il"), Verdict()
    progress = Progress(len(TRAININGS) * len(memories) * len(seeds))
    for exemplars in memories:
        table(exemplars, samples, seeds, quick, results, progress, verdict)
    verdict.report()
    print(f"saved in {results.path.relative_to(settings.ROOT)}")


if __name__ == "__main__":
    main()
