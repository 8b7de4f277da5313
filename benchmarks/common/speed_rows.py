"""What the speed benchmark makes of its answers: rows with their bars, limits, the whole run."""

import os
import sys
from pathlib import Path

import numpy as np

from .process import Contender, Time
from .settings import ROOT

BATCHES = [1, 8, 32, 128]
SHAPES = {"dense": "784-1600-1600-10", "packed": "784-200-200-10"}
#: (what, peer) -> the least ratio, by batch.
BARS = {
    ("step", "pytorch-dense"): {1: 120, 8: 60, 32: 50, 128: 38},
    ("step", "pytorch-packed"): {1: 7, 8: 2.3, 32: 2, 128: 1.7},
    ("step", "c-openblas"): {1: 1, 8: 1, 32: 1, 128: 1},
    ("predict", "ort-packed"): {1: 1.2, 8: 1, 32: 1, 128: 1},
    ("predict", "ort-dense"): {1: 12},
}
AVX2_CORES = ("Haswell", "Zen")
RUN_RATIO, RUN_ACCURACY, RUN_MACS, SHARE = 20, 96.6, 0.07, 0.6


def bar_of(what, peer, batch, machine):
    """The least ratio of a row, or None. OpenBLAS is to be beaten where it leaves half of the CPU unused."""
    narrow = peer == "c-openblas-haswell" or peer == "c-openblas" and machine["openblas_core"] in AVX2_CORES
    if narrow and batch > 1 and machine["avx512"]:
        return 1.3
    return BARS.get((what, peer), {}).get(batch)


def rows_of(answers, machine):
    """Rows with bars, and others that are for comparison only."""
    rows, extra = [], []
    for what, peers in (("step", ("pytorch-dense", "pytorch-packed", "c-openblas", "c-openblas-haswell",
                                  "c-openblas-skylakex")), ("predict", ("ort-packed", "ort-dense"))):
        for peer in peers:
            for batch in BATCHES:
                ways = {way: Time.of(answers[key]) for way, key in (
                    ("", (what, batch, peer)), ("io_binding", (what, batch, peer, "bound"))) if key in answers}
                if not ways:
                    continue
                way = min(ways, key=lambda name: ways[name].us)
                theirs, ours = ways[way], Time.of(answers[what, batch, "ours"])
                ratio, bar = theirs.us / ours.us, bar_of(what, peer, batch, machine)
                row = {
                    "what": what, "shape": SHAPES["dense" if peer.endswith("dense") else "packed"], "batch": batch,
                    "ours_us": round(ours.us, 3), "peer": peer, "peer_us": round(theirs.us, 3),
                    "ratio": round(ratio, 4), "bar": bar, "met": None if bar is None else ratio >= bar,
                    "ours_us_p10": round(ours.p10, 3), "peer_us_p10": round(theirs.p10, 3),
                    "ratio_p10": round(theirs.p10 / ours.p10, 4)}
                if what == "predict":
                    row["peer_way"] = way or "run"
                (extra if peer.startswith("c-openblas-") else rows).append(row)
    return rows, extra


def limits(answers, level, weights, upper):
    """The share of the machine's limits that a step reaches, both measured in the same rounds.

    At batch 128: multiply-adds that the packed step needs (forward, weight
    gradient, and input gradient of all layers but the first) over those that one
    core can do. At batch 1: the time that the step's passes over weights and
    velocities take when nothing else is done, over the time of the step.
    """
    ours = {batch: Time.of(answers["step", batch, "ours"]) for batch in (1, 128)}
    operations = 2 * 128 * (2 * weights + upper)
    peaks = [answer["gflops"] for answer in answers["fma",]]
    peak = float(np.median(peaks))
    reached = 1e-3 * operations / ours[128].us
    streams = answers["stream",]
    passes = {name: float(np.median([answer[name] for answer in streams]))
              for name in ("read_us", "tail_us", "update_us")}
    ideal = [answer["read_us"] + answer["tail_us"] + answer["update_us"] for answer in streams]
    count, tail = streams[0]["count"], streams[0]["tail"]
    moved = 4 * (count + tail + 4 * count)
    ideal_us = float(np.median(ideal))
    return {
        "fma_gflops": round(peak, 2), "step_b128_gflops": round(reached, 2),
        "step_b128_share": round(reached / peak, 4), "step_b128_operations": operations,
        "step_b128_share_p10": round(1e-3 * operations / ours[128].p10 / float(np.percentile(peaks, 90)), 4),
        "fma_variants": {name: round(float(np.median([answer["variants"][name] for answer in answers["fma",]])), 2)
                         for name in answers["fma",][0]["variants"]},
        "bandwidth_gbs": round(1e-3 * moved / ideal_us, 2), "step_b1_us": round(ours[1].us, 3),
        "step_b1_ideal_us": round(ideal_us, 3), "step_b1_share": round(ideal_us / ours[1].us, 4),
        "step_b1_share_p10": round(float(np.percentile(ideal, 10)) / ours[1].p10, 4),
        "read_gbs": round(4e-3 * count / passes["read_us"], 2),
        "update_gbs": round(16e-3 * count / passes["update_us"], 2),
        "level": level["level"], "level_kbytes": level["kbytes"], "working_set_bytes": 2 * 4 * weights,
        "ideal": f"read {4 * count} bytes of weights in {passes['read_us']:.1f} us, {4 * tail} of them again in "
                 f"{passes['tail_us']:.1f} us, update weights and velocities in place in {passes['update_us']:.1f} us",
    }


def whole_run(content, quick, core, peers, scripts, say):
    """Permuted MNIST on both sides, task by task in turn. Adds its row, or a line that says why there is none."""
    tasks = 2 if quick else 10
    folder = Path(os.environ.get("SWIFTCL_DATA") or ROOT.parent / "shared" / "data") / "mnist"
    if not folder.is_dir():
        content["skipped"].append("the whole run: no mnist/ under SWIFTCL_DATA")
        return
    if not (peers / ".ready").is_file():
        content["skipped"].append("the whole run: PyTorch is not installed in build/venv-peers")
        return
    with Contender("run-ours", [sys.executable, scripts / "run_ours.py"], core) as ours, \
            Contender("run-pytorch", [peers / "bin" / "python", scripts / "run_torch.py"], core) as theirs:
        seconds, wall = {ours: 0.0, theirs: 0.0}, {ours: 0.0, theirs: 0.0}
        for task in range(tasks):
            for side in (ours, theirs) if task % 2 == 0 else (theirs, ours):
                say(f"whole run, task {task + 1} of {tasks}, {side.name}")
                answer = side.ask(f"task {task}")
                seconds[side] += answer["seconds"]
                wall[side] += answer["wall_seconds"]
        scores, other = ours.ask("accuracy"), theirs.ask("accuracy")
    ratio = seconds[theirs] / seconds[ours]
    content["rows"].append({
        "what": "run", "shape": "784-800-800-10", "batch": 32, "ours_us": round(1e6 * seconds[ours]),
        "peer": "pytorch-dense", "peer_us": round(1e6 * seconds[theirs]), "ratio": round(ratio, 4),
        "bar": None if quick else RUN_RATIO, "met": None if quick else ratio >= RUN_RATIO, "tasks": tasks,
        "ours_wall_us": round(1e6 * wall[ours]), "peer_wall_us": round(1e6 * wall[theirs]), "rows_per_task": 60000, "accuracy": float(np.mean(scores["accuracy"])),
        "accuracy_bar": None if quick else RUN_ACCURACY, "macs_vs_dense": scores["macs_vs_dense"],
        "macs_bar": None if quick else RUN_MACS, "peer_accuracy": float(np.mean(other["accuracy"]))})
