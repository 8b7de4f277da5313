"""What a step costs as things grow: J, width, finished tasks, batch; and over the course of a task.

A step after commit is measured in processes that take turns, one for every
point. The course of a task is measured from its first step on, three times a
round, on MNIST where it is found. Writes build/bench/growth.json and
docs/figures/growth.svg.

Variables: ROUNDS (12); QUICK=1 is 3 rounds, and leaves the figure in build/bench.
"""

import json

import numpy as np

from common import settings
from common.growth_curves import MODES, course_lines, courses, per_step
from common.growth_figure import draw
from common.process import pinned_core
from common.results import fingerprint
from common.runs import swiftcl
from common.table import Progress, Verdict, at_most, number, print_table

RESULT = settings.ROOT / "build" / "bench" / "growth.json"
FIGURE = settings.ROOT / "docs" / "figures" / "growth.svg"
FLAT = 1.15  #: the step after 20 tasks over the step after none


def growth_over_tasks(curve):
    """Slope in microseconds a task, and the last point over the first."""
    x, us = [point["at"] for point in curve], [point["us"] for point in curve]
    return {"slope_us_per_task": round(float(np.polyfit(x, us, 1)[0]), 4), "last_over_first": round(us[-1] / us[0], 4)}


def show(content):
    verdict = Verdict()
    for curve, title in (("J", "Step after commit against J, width 1600, batch 32"),
                         ("width", "Against width, J = 8, batch 32"), ("batch", "Against batch, width 1600, J = 8")):
        print(f"\n{title}\n")
        print_table([curve, "shape", "us", "p10 us"], [
            [point["at"], point["shape"], number(point["us"], 1), number(point["us_p10"], 1)]
            for point in content["curves"][curve]])
    print("\nAgainst finished tasks, width 1600, J = 8, batch 32\n")
    modes = [content["curves"][mode] for mode in MODES]
    print_table(["tasks"] + [cell for mode in MODES for cell in (f"{mode} us", "shape", "owned edges %")], [
        [points[0]["at"]] + [cell for point in points for cell in (
            number(point["us"], 1), point["shape"], number(100 * point["owned_edge_share"], 0))]
        for points in zip(*modes)])
    for mode, grown in content["tasks"].items():
        cell = verdict.cell(f"{mode}: step after 20 tasks / step after none", grown["last_over_first"], at_most(FLAT))
        print(f"  {mode}: {grown['slope_us_per_task']:+.3f} us a task; "
              f"last / first {grown['last_over_first']:.3f}, must be {cell}")
    print(f"\nOver the course of a task, 784-800-800-10, J = 8, batch 32, {content['course']['data']}\n")
    print_table(["sampler", "steps", "units", "million macs", "% of dense", "ms"], course_lines(content["course"]),
                left=2)
    verdict.report()


def main():
    quick, progress = settings.flag("QUICK"), Progress(2)
    rounds, core = settings.integer("ROUNDS", 3 if quick else 12), pinned_core()
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    curves, alone = per_step(core, rounds, progress.show)
    progress.finish("steps after commit")
    course = courses(core, max(2, rounds // 3), progress.show)
    progress.finish("the course of a task")
    content = {"curves": curves, "tasks": {mode: growth_over_tasks(curves[mode]) for mode in MODES}, "course": course,
               "build": fingerprint(swiftcl.default_library()), "alone": alone, "quick": quick}
    RESULT.write_text(json.dumps(content) + "\n")
    show(content)
    print(f"saved in {RESULT.relative_to(settings.ROOT)}")
    figure = RESULT.with_suffix(".svg") if quick else FIGURE
    if draw(content, figure):
        print(f"drawn in {figure.relative_to(settings.ROOT)}")
    else:
        print("matplotlib is not installed: no figure")


if __name__ == "__main__":
    main()
