"""What a step costs as the network grows: processes that take turns, one for every point of a curve."""

import os
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from .process import Contender, Time, Visit, generations, go_round, share_alone
from .settings import ROOT
from .table import number

OURS = ROOT / "build" / "contenders" / "ours"
WIDTH, J, BATCH = 1600, 8, 32
BLOCK_SIZES = [1, 2, 4, 8, 16]
WIDTHS = [104, 200, 400, 800, 1600]
TASKS = [0, 1, 2, 5, 10, 15, 20]
#: how later tasks get units -> allocation, unserved, expected tasks: the width of a task is the same for all
MODES = {"growing": ("growing", "abstain", 0), "reuse": ("fair", "reuse", J)}
BATCHES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
COURSE = {"width": 800, "J": 8, "batch": 32, "expected_steps": 1875, "steps": 300, "samplers": {
    "mean": "mean", "top_k": "top-k, k = 2", "gumbel": "Gumbel", "random": "random"}}


def start(stack, core, say):
    """A process for every point, with a task open and committed; returns the visits and their shapes."""
    visits, shapes = [], {}

    def point(curve, at, width, block, learned=0, allocation="fair", unserved="abstain", expected=None,
              batches=(BATCH,)):
        say(f"starting {curve} {at}")
        ours = stack.enter_context(Contender(f"{curve} {at}", [OURS], core))
        ours.ask(f"network {width} {block} random {max(batches)} {allocation} {unserved} "
                 f"{block if expected is None else expected}")
        if learned:
            ours.ask(f"learn {learned} 20")
        told = ours.ask("begin 0")
        for batch in batches:
            key = (curve, at if len(batches) == 1 else batch)
            visits.append(Visit(key, ours, f"step {batch} {{count}}"))
            shapes[key] = {name: told[name] for name in ("shape", "owned_edge_share")}

    for block in BLOCK_SIZES:
        point("J", block, WIDTH, block)
    for width in WIDTHS:
        point("width", width, width, J)
    for mode, options in MODES.items():
        for tasks in TASKS:
            point(mode, tasks, WIDTH, J, tasks, *options)
    point("batch", "all", WIDTH, J, batches=BATCHES)
    return visits, shapes


def per_step(core, rounds, say):
    """Microseconds of a step after commit: against J, width, finished tasks and batch."""
    answers, curves = {}, {}
    for part in generations(rounds):
        with ExitStack() as stack:
            visits, shapes = start(stack, core, say)
            for key, given in go_round(visits, part, 30, say).items():
                answers.setdefault(key, []).extend(given)
    for (curve, at), given in answers.items():
        spent = Time.of(given)
        curves.setdefault(curve, []).append(
            {"at": at, "us": round(spent.us, 2), "us_p10": round(spent.p10, 2), **shapes[curve, at]})
    return curves, share_alone(answers)


def rows_for_course():
    """A file of MNIST rows for the contender, or None where there is no MNIST: random rows then."""
    folder = Path(os.environ.get("SWIFTCL_DATA") or ROOT.parent / "shared" / "data") / "mnist"
    if not folder.is_dir():
        return None
    from . import data
    x, y, _, _ = data.mnist()
    rows = COURSE["steps"] * COURSE["batch"]
    path = ROOT / "build" / "bench" / "mnist-rows.bin"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(np.ascontiguousarray(x[:rows]).tobytes() + y[:rows].astype(np.int32).tobytes())
    return path, rows


def courses(core, rounds, say):
    """Units, multiply-adds and milliseconds step by step from the first step of a task, by sampler."""
    given, found = rows_for_course(), {}
    with Contender("course", [OURS], core) as ours:
        if given:
            ours.ask(f"data {given[0]} {given[1]}")
        for number in range(rounds):
            for sampler in COURSE["samplers"]:
                say(f"the course of a task, {sampler}, round {number + 1} of {rounds}")
                ours.ask(f"network {COURSE['width']} {COURSE['J']} {sampler} {COURSE['batch']} fair abstain 0")
                # Three times each, as the first goes through memory that was never touched.
                found.setdefault(sampler, []).append(ours.ask(
                    f"course {COURSE['batch']} {COURSE['steps']} 3 {COURSE['expected_steps']}"))
    result = {"data": "MNIST" if given else "random rows", "settings": COURSE, "samplers": {}}
    for sampler, answers in found.items():
        steps = answers[0]["steps"]
        us = np.median([[step[3] for step in answer["steps"]] for answer in answers], 0)
        result["dense_macs"] = answers[0]["dense_macs"]
        result["samplers"][sampler] = {
            "alive": [step[0] for step in steps], "macs": [step[1] for step in steps],
            "ms": [round(float(value) * 1e-3, 4) for value in us],
            "committed_at": next((n for n, step in enumerate(steps) if step[2] == 2), len(steps))}
    return result


def course_line(course, name, label, begin, end):
    values = course["samplers"][name]
    macs = float(np.mean(values["macs"][begin:end]))
    return [COURSE["samplers"][name], label, f"{np.mean(values['alive'][begin:end]):.0f}", number(1e-6 * macs),
            number(100 * macs / course["dense_macs"], 1), number(float(np.mean(values["ms"][begin:end])), 3)]


def course_lines(course):
    """What the course of a task looks like at some steps, by sampler."""
    lines = []
    for name in COURSE["samplers"]:
        values = course["samplers"][name]
        committed, last = values["committed_at"], len(values["ms"])
        if committed == 0:
            lines.append(course_line(course, name, "every", 0, last))
            continue
        for label, begin, end in (("1", 0, 1), ("2 to 20", 1, 20), ("21 to 40", 20, 40), ("41 to 100", 40, 100),
                                  (f"after commit at {committed}", committed, last)):
            if begin >= committed or end <= committed:
                lines.append(course_line(course, name, label, begin, end))
    return lines
