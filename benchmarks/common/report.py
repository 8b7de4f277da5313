"""Fills the generated blocks of docs/speed.md from build/bench/speed.json, kernels.json and growth.json.

    make bench-report

A block stands between <!-- NAME: generated --> and <!-- end of NAME -->. One whose
JSON is missing, or was measured with QUICK=1, stays as it is.
"""

import json
import sys

from .growth_curves import MODES, course_lines
from .settings import ROOT
from .speed_table import limit_lines, ratio_lines, run_lines
from .table import Verdict, number

PAGE = ROOT / "docs" / "speed.md"


def markdown(header, lines, left=1):
    rule = [":--" if i < left else "--:" for i in range(len(header))]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in [header, rule, *lines])


def speed(content):
    verdict, machine, limit = Verdict(), content["machine"], content["limit"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    variants = ", ".join(f"{name} {gflops:.0f}" for name, gflops in limit["fma_variants"].items())
    # The last column of a ratio is for people at a terminal.
    ratios = [line[:-1] for line in ratio_lines(content["rows"], verdict)]
    parts = [
        f"{machine['cpu']}, libswiftcl {machine['build']}, OpenBLAS with its {machine['openblas_core']} kernels, "
        f"{versions}; load of the machine {machine['load'][0]}. Predictions are from a ticket.",
        markdown(["what", "shape", "batch", "ours µs", "peer", "peer µs", "ratio", "must"], ratios, 2)]
    runs = run_lines(content["rows"], verdict)
    if runs:
        parts.append(markdown(["whole run", "accuracy %", "must", "macs/dense", "must", "PyTorch's accuracy %"], runs))
    parts.append(markdown(["share of the limit", "ours", "limit", "share", "must"], limit_lines(limit, verdict)))
    parts.append(f"Peak of one core, GFLOP/s: {variants}. The ideal step at batch 1: {limit['ideal']}; "
                 f"{limit['working_set_bytes']} bytes of weights and velocities lie in the {limit['level']} "
                 f"of {limit['level_kbytes']} kB.")
    if content["skipped"]:
        parts.append("Not measured: " + "; ".join(content["skipped"]) + ".")
    missed = "".join(f"\n- {line}" for line in verdict.missed)
    parts.append(f"Bars: {verdict.met} met, {len(verdict.missed)} missed.{missed}")
    return parts


def growth(content):
    curves = content["curves"]
    parts = []
    for curve, title in (("J", "J, width 1600, batch 32"), ("width", "width, J = 8, batch 32"),
                         ("batch", "batch, width 1600, J = 8")):
        parts.append(markdown([title] + [str(point["at"]) for point in curves[curve]],
                              [["µs per step"] + [number(point["us"], 1) for point in curves[curve]]]))
    parts.append(markdown(
        ["finished tasks"] + [str(point["at"]) for point in curves["growing"]] + ["last / first", "µs a task"],
        [[mode] + [number(point["us"], 1) for point in curves[mode]]
         + [number(content["tasks"][mode]["last_over_first"], 3), f"{content['tasks'][mode]['slope_us_per_task']:+.3f}"]
         for mode in MODES]))
    parts.append(markdown(["sampler", "steps", "units alive", "million multiply-adds", "% of dense", "ms"],
                          course_lines(content["course"]), 2))
    return parts


def kernels(content):
    """One line a shape: ours on the best instruction set, OpenBLAS in brackets, for each product."""
    best, cells, missed = content["kernels"], {}, []
    for row in content["rows"]:
        shape = f"{row['rows']} x {row['outputs']} x {row['inputs']}"
        cells.setdefault(shape, {})[row["operation"]] = f"{row[best]:.0f} ({row['openblas']:.0f})"
        missed += row["missed"]
    names = list(dict.fromkeys(row["operation"] for row in content["rows"]))
    lines = [[shape] + [found[name] for name in names] for shape, found in cells.items()]
    cubes = [[row["operation"], f"{row['rows']}³"]
             + [f"{100 * row[f'share_{variant}']:.0f} %" if f"share_{variant}" in row else "" for variant in ("avx2", "avx512")]
             for row in content["rows"]
             if row["rows"] in (256, 512) and row["rows"] == row["outputs"] == row["inputs"]]
    rest = "".join(f"\n- {line}" for line in missed)
    return [f"OpenBLAS runs its {content['openblas_core']} kernels, ours are {best}; GFLOP/s, OpenBLAS in brackets.",
            markdown(["rows x outputs x inputs"] + names, lines),
            markdown(["share of the peak", "", "avx2", "avx512"], cubes, 2),
            f"Bars missed: {len(missed)}.{rest}"]


def fill(page, name, parts):
    begin, end = f"<!-- {name}: generated -->", f"<!-- end of {name} -->"
    if page.count(begin) != 1 or page.count(end) != 1:
        sys.exit(f"{PAGE} has no block {name}")
    before, after = page.split(begin)[0], page.split(end)[1]
    return before + begin + "\n\n" + "\n\n".join(parts) + "\n\n" + end + after


def main():
    page = PAGE.read_text()
    for name, block in (("speed", speed), ("kernels", kernels), ("growth", growth)):
        path = ROOT / "build" / "bench" / f"{name}.json"
        if not path.is_file():
            print(f"no {path.relative_to(ROOT)}: make bench NAME={name}")
            continue
        content = json.loads(path.read_text())
        if content.get("quick") or content.get("machine", {}).get("quick"):
            print(f"{path.relative_to(ROOT)} was measured with QUICK=1: left as it is")
            continue
        page = fill(page, name, block(content))
    PAGE.write_text(page)


if __name__ == "__main__":
    main()
