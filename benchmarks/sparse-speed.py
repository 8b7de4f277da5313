"""Sparse training in milliseconds and bytes, beside the same network dense.

784-800-800-10 and ResNet-18 of width 64, J = 1, batch 32, SGD with momentum, one thread. All
variants are in one process and take turns, round after round, so that whatever disturbs the machine hits
all alike. A number is the median over rounds of the medians of single steps, processor time where that is
less than the clock's. Masks stand still; four fifths of the kept weights have a gradient, chosen every 30 steps.

`step` is the whole training step. `masked layers` are those with a mask, forward, both gradients and update, as the
library times them, less what other programs had of the step; in the dense network the same layers. `rest` is the share of
the step that is outside of these: first convolution, shortcuts, normalisation, activations, head. `mean` is over all steps, those that choose
gradients anew included. `update` is what an update of all masks takes beside a step. `bytes` are those of
parameters, optimiser and gradients. `/dense` is beside the dense network; `must` stands behind what it holds for.

Variables: NETWORK=mlp,resnet18; ROUNDS (12 and 4); QUICK=1 is a quarter of them, without bars.
Writes build/bench/sparse-speed.json.
"""

import json
import os
import statistics
import time
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np

from common import settings
from common.process import idle_ticks
from common.results import fingerprint
from common.runs import swiftcl
from common.sparse_runs import dense_bytes, forms_of, held_bytes, masked_layers
from common.table import Progress, Verdict, at_most, number, print_table

RESULT = settings.ROOT / "build" / "bench" / "sparse-speed.json"
BATCH, CLASSES, QUICK = 32, 10, settings.flag("QUICK")
#: At most so many times the dense network's: masked layers, whole step, bytes. By sparsity, in blocks.
LAYER_BARS, STEP_BARS = {0.75: 0.45, 0.90: 0.25, 0.95: 0.18}, {0.75: 0.55, 0.90: 0.40, 0.95: 0.33}
BYTE_BARS, IRREGULAR_BAR = {0.90: 0.25}, 1.0
WARM_UP = 1


@dataclass
class Variant:
    """A row of a table."""

    name: str
    sparsity: float = 0.0
    kind: str = "block"
    gradients: bool = True  #: a gradient mask as well
    options: dict = field(default_factory=dict)

    def described(self):
        if not self.sparsity:
            return {}
        given = dict(sparsity=self.sparsity, sparsity_kind=self.kind, **self.options)
        if self.gradients:
            given.update(gradient_sparsity=1 - 0.8 * (1 - self.sparsity))
        return given


VARIANTS = [
    Variant("dense"), Variant("75 %", 0.75), Variant("90 %", 0.90), Variant("95 %", 0.95),
    Variant("75 %, all gradients", 0.75, gradients=False),
    Variant("90 %, irregular", 0.90, "irregular"), Variant("95 %, irregular", 0.95, "irregular")]


@dataclass
class Shape:
    """A network that is measured."""

    title: str
    layers: list
    inputs: int
    options: dict
    rounds: int
    steps: int  #: of a variant in a round


SHAPES = {
    "mlp": Shape("784-800-800-10", [swiftcl.dense(800, 1), swiftcl.dense(800, 1), swiftcl.head(CLASSES)], 784, {},
                 12, 20),
    "resnet18": Shape("ResNet-18 of width 64, 32 x 32 x 3", swiftcl.resnet18(width=64, block_size=1, classes=CLASSES),
                      3072, dict(input_channels=3, input_layout="planar"), 4, 4),
}


class Measured:
    """One variant's open network and what its steps took."""

    def __init__(self, shape, variant):
        self.variant, self.shape = variant, shape
        self.net = swiftcl.Network(
            shape.layers, shape.inputs, seed=0, sharing="shared", protection="none", sampler="random",
            learning_rate=1e-4, max_batch=BATCH, max_tasks=1, **shape.options, **variant.described())
        self.net.begin_task()
        self.net.time_layers()
        rng = np.random.default_rng(0)
        self.x = rng.random((BATCH, shape.inputs), np.float32)
        self.y = rng.integers(0, CLASSES, BATCH).astype(np.int32)
        masked, places = masked_layers(shape.layers)
        self.masked = [places.index(place) for place in masked]
        self.medians, self.layer_medians, self.all = [], [], []

    def step(self):
        """Milliseconds of one step, and of its masked layers."""
        before = self.layer_seconds()
        processor, began = time.process_time_ns(), time.perf_counter_ns()
        self.net.train_step(self.x, self.y)
        wall = time.perf_counter_ns() - began
        passed = min(wall, time.process_time_ns() - processor)
        after = self.layer_seconds()
        # Layers have the clock's time: what other programs took of it is taken off evenly.
        return 1e-6 * passed, None if after is None else 1e3 * (after - before) * passed / wall

    def layer_seconds(self):
        """Of the masked layers, forward and backward with the update, summed since the network began."""
        times = self.net.layer_seconds()
        return sum(times[layer][0] + times[layer][1] for layer in self.masked)

    def go(self, steps):
        """One turn."""
        for _ in range(WARM_UP):
            self.net.train_step(self.x, self.y)
        times = [self.step() for _ in range(steps)]
        self.all += [whole for whole, _ in times]
        self.medians.append(statistics.median(whole for whole, _ in times))
        if times[0][1] is not None:
            self.layer_medians.append(statistics.median(masked for _, masked in times))

    def row(self):
        spent = self.net.accounting
        sparse = bool(self.variant.sparsity)
        return {
            "method": self.variant.name, "sparsity": self.variant.sparsity, "kind": self.variant.kind,
            "shape": self.shape.title, "batch": BATCH, "step_ms": statistics.median(self.medians),
            "mean_ms": statistics.mean(self.all),
            "layers_ms": statistics.median(self.layer_medians) if self.layer_medians else None,
            "bytes": held_bytes(spent), "dense_bytes": dense_bytes(spent),
            "forms": forms_of(self.net, self.shape.layers) if sparse else {}}


def pin():
    """This process to its idlest core."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    before = idle_ticks()
    time.sleep(1)
    after = idle_ticks()
    core = max(sorted(os.sched_getaffinity(0)), key=lambda core: after.get(core, 0) - before.get(core, 0))
    os.sched_setaffinity(0, {core})
    return core


def update_ms(shape, variant, steps):
    """What an update of all masks takes: every second step of this network does one."""
    options = dict(mask_interval=2, gradient_interval=1 << 20)
    measured = Measured(shape, Variant(variant.name, variant.sparsity, variant.kind, variant.gradients, options))
    with measured.net:
        times = [measured.step()[0] for _ in range(2 * steps + 2)][2:]
        return max(0.0, statistics.median(times[0::2]) - statistics.median(times[1::2]))


def measure(shape, progress):
    """The rows of one network."""
    rounds = settings.integer("ROUNDS", max(2, shape.rounds // (4 if QUICK else 1)))
    with ExitStack() as stack:
        variants = []
        for variant in VARIANTS:
            measured = Measured(shape, variant)
            stack.enter_context(measured.net)
            variants.append(measured)
        for number_of in range(rounds):
            for measured in variants if number_of % 2 == 0 else reversed(variants):
                progress.show(f"{shape.title}, round {number_of + 1} of {rounds}, {measured.variant.name}")
                measured.go(shape.steps)
        rows = [measured.row() for measured in variants]
    for row, variant in zip(rows, VARIANTS):
        row["update_ms"] = update_ms(shape, variant, 3) if variant.sparsity and variant.gradients else None
    dense = rows[0]
    for row in rows:
        row["step_share"] = row["step_ms"] / dense["step_ms"]
        row["mean_share"] = row["mean_ms"] / dense["mean_ms"]
        row["layers_share"] = row["layers_ms"] / dense["layers_ms"] if row["layers_ms"] else None
        row["rest"] = 1 - row["layers_ms"] / row["step_ms"] if row["layers_ms"] else None
        row["bytes_share"] = row["bytes"] / row["dense_bytes"] if row["dense_bytes"] else None
    progress.finish(shape.title)
    return rows


def bars_of(variant):
    """(masked layers, step, bytes), at most so many times the dense network's."""
    if QUICK or not variant.sparsity or not variant.gradients:
        return None, None, None
    if variant.kind != "block":
        return None, at_most(IRREGULAR_BAR), None
    bars = (table.get(variant.sparsity) for table in (LAYER_BARS, STEP_BARS, BYTE_BARS))
    return tuple(at_most(bar) if bar else None for bar in bars)


def show(shape, rows, verdict):
    lines = []
    for variant, row in zip(VARIANTS, rows):
        what = f"{shape.title}, {variant.name}"
        layers, step, held = bars_of(variant)
        if layers and row["layers_share"] is None:
            layers_cell = verdict.not_judged(f"{what}, masked layers", "the library has no times of layers")
        else:
            layers_cell = verdict.cell(f"{what}, masked layers", row["layers_share"], layers)
        lines.append([
            variant.name, number(row["step_ms"]), number(row["step_share"], 3),
            verdict.cell(f"{what}, step", row["step_share"], step), number(row["layers_ms"]),
            number(row["layers_share"], 3), layers_cell,
            "-" if row["rest"] is None else f"{100 * row['rest']:.0f} %", number(row["mean_share"], 3),
            number(row["update_ms"]), f"{row['bytes']:,}", number(row["bytes_share"], 3),
            verdict.cell(f"{what}, bytes", row["bytes_share"], held),
            ", ".join(f"{form} {count}" for form, count in sorted(row["forms"].items()))])
    print(f"\n{shape.title}, batch {BATCH}, one thread, {swiftcl.default_library().kernel_name}; milliseconds\n")
    print_table(["method", "step", "/dense", "must", "masked layers", "/dense", "must", "rest", "mean, /dense",
                 "update", "bytes", "/dense", "must", "layers run as"], lines)


def main():
    chosen = settings.names("NETWORK", list(SHAPES), list(SHAPES))
    core, verdict, progress = pin(), Verdict(), Progress(len(chosen))
    content = {"rows": []}
    if RESULT.is_file():  # the networks that were not asked for stay as they are
        kept = json.loads(RESULT.read_text())["rows"]
        content["rows"] = [row for row in kept if row["network"] not in chosen]
    content["machine"] = {"core": core, "build": fingerprint(swiftcl.default_library()), "quick": QUICK}
    for name in chosen:
        rows = [dict(row, network=name) for row in measure(SHAPES[name], progress)]
        show(SHAPES[name], rows, verdict)
        content["rows"] += rows
        RESULT.parent.mkdir(parents=True, exist_ok=True)
        RESULT.write_text(json.dumps(content, indent=1) + "\n")
    verdict.report()
    print(f"saved in {RESULT.relative_to(settings.ROOT)}")
    raise SystemExit(verdict.exit_status)


if __name__ == "__main__":
    main()
