"""What the forms of a setting cost that swiftcl_network_propose chooses among: bytes of the plan, and time.

784-256 (eight times)-10 in steps of 256 rows and 784-800-800-10 in steps of 128, J = 8: as described (`mean`), with
`recompute` of 2 and 3, with top-2, with both. Times of a training step while the task competes and once it has
committed to its winners; all forms take turns in one process, medians. Writes build/bench/what-fits.json.

Variables: ROUNDS (15); QUICK=1 is 5.
"""

import json
import statistics
import time

import numpy as np

from common import settings
from common.results import fingerprint
from common.runs import swiftcl
from common.table import number, print_table

RESULT = settings.ROOT / "build" / "bench" / "what-fits.json"
ROUNDS = settings.integer("ROUNDS", 5 if settings.flag("QUICK") else 15)
J, INPUTS, CLASSES = 8, 784, 10
NETWORKS = {"784-256 (eight times)-10": ([256] * 8, 256), "784-800-800-10": ([800] * 2, 128)}
FORMS = {
    "mean": dict(sampler="mean"),
    "mean, recompute 2": dict(sampler="mean", recompute=2),
    "mean, recompute 3": dict(sampler="mean", recompute=3),
    "top-2": dict(sampler="top-k", top_k=2),
    "top-2, recompute 2": dict(sampler="top-k", top_k=2, recompute=2),
}


def medians(networks, x, y):
    """Milliseconds of a step of each network, by turns."""
    times = {name: [] for name in networks}
    for turn in range(ROUNDS + 1):
        for name, network in networks.items():
            start = time.perf_counter()
            network.train_step(x, y)
            if turn:
                times[name].append(1e3 * (time.perf_counter() - start))
    return {name: statistics.median(values) for name, values in times.items()}


def measure(widths, rows):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, INPUTS)).astype(np.float32)
    y = rng.integers(0, CLASSES, rows).astype(np.int32)
    layers = [swiftcl.dense(width, J) for width in widths] + [swiftcl.head(CLASSES)]
    options = dict(inputs=INPUTS, max_batch=rows, max_tasks=4, expected_tasks=4, seed=0)
    networks = {name: swiftcl.Network(layers, **options, **form) for name, form in FORMS.items()}
    for network in networks.values():
        network.begin_task(expected_steps=10000, compete_steps=5000)
    competing = medians(networks, x, y)
    for network in networks.values():
        network.commit_task()
    committed = medians(networks, x, y)
    found = []
    for name, form in FORMS.items():
        plan = swiftcl.plan(layers, **options, **form)
        found.append(dict(form=name, total_bytes=plan.total_bytes, activation_bytes=plan.activation_bytes,
                          competing_ms=competing[name], committed_ms=committed[name],
                          competing=competing[name] / competing["mean"], committed=committed[name] / committed["mean"]))
        networks[name].close()
    return found


def main():
    result = {"build": fingerprint(swiftcl.default_library()), "networks": {}}
    for title, (widths, rows) in NETWORKS.items():
        found = result["networks"][title] = measure(widths, rows)
        print(f"\n{title}, J = {J}, steps of {rows} rows\n")
        print_table(["", "kB planned", "of it taking turns", "competing, ms", "/mean", "committed, ms", "/mean"],
                    [[row["form"], number(row["total_bytes"] / 1000, 0), number(row["activation_bytes"] / 1000, 0),
                      number(row["competing_ms"]), number(row["competing"]), number(row["committed_ms"]),
                      number(row["committed"])] for row in found])
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"\nsaved in {RESULT.relative_to(settings.ROOT)}")


if __name__ == "__main__":
    main()
