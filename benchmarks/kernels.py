"""GFLOP/s of the kernels: ours on every instruction set, OpenBLAS, plain loops, the peak.

The three products of a layer and the fused weight update over a table of shapes,
one thread. Writes build/bench/kernels.json. x86-64 only.

Variables: ROUNDS (15, a third in each of three processes); QUICK=1 is 5 rounds of a
shorter table.
"""

import json
import os
import subprocess
import sys

import numpy as np

from common import settings
from common.process import pinned_core
from common.table import Progress, Verdict, at_least, number, print_table

RESULT = settings.ROOT / "build" / "bench" / "kernels.json"
PROGRAM = settings.ROOT / "build" / "contenders" / "kernels"
CUBES = [(n, n, n) for n in (16, 32, 64, 128, 256, 512)]
LAYERS = [(rows, outputs, inputs) for outputs, inputs in ((10, 200), (200, 200), (200, 784), (800, 784), (1600, 1600))
          for rows in (1, 8, 32, 128)] + [(2, 200, 784), (8, 64, 64), (512, 200, 784), (1, 4096, 4096), (32, 4096, 4096)]
OPERATIONS = 4
PLACES = 3    #: processes, of which each measures everything
SHARE = 0.8   #: of the peak, products of 256 and 512 cubed
OTHERS = 0.9  #: of OpenBLAS, everywhere


def measure(shapes, rounds, core, progress):
    """What the program prints: first its machine, then a line for each shape and operation."""
    lines = "".join(" ".join(map(str, shape)) + "\n" for shape in shapes)
    environment = dict(os.environ, OPENBLAS_NUM_THREADS="1")
    found = []
    with subprocess.Popen([PROGRAM, str(rounds), "0.0003"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          env=environment, preexec_fn=lambda: os.sched_setaffinity(0, {core})) as program:
        program.stdin.write(lines)
        program.stdin.close()
        for line in program.stdout:
            found.append(json.loads(line))
            progress.show(f"{len(found) - 1} of {OPERATIONS * len(shapes)}")
    if program.returncode != 0:
        sys.exit(f"{PROGRAM.name} failed")
    return found[0], found[1:]


def line(row, best, verdict):
    shape = f"{row['rows']} x {row['outputs']} x {row['inputs']}"
    name = f"{row['operation']}, {shape}"
    cube = row["rows"] in (256, 512) and row["rows"] == row["outputs"] == row["inputs"]
    product = row["operation"] != "weight update"
    before = len(verdict.missed)
    cells = [row["operation"], shape] + [number(row.get(key), 1) for key in ("plain", "base", "avx2", "avx512", "openblas")]
    for variant in ("avx2", "avx512"):
        if f"fma_{variant}" in row:
            row[f"share_{variant}"] = round(row[variant] / row[f"fma_{variant}"], 3)
            bar = at_least(SHARE) if cube and product else None
            mark = verdict.cell(f"{name}, share of the {variant} peak", row[f"share_{variant}"], bar)
            cells += [number(row[f"share_{variant}"]), mark]
        else:
            cells += ["", ""]
    row["ratio"] = round(row[best] / row["openblas"], 3)
    cells += [number(row["ratio"]), verdict.cell(f"{name}, against OpenBLAS", row["ratio"], at_least(OTHERS))]
    row["missed"] = verdict.missed[before:]
    return cells


def measure_all(shapes, rounds, core, progress):
    """The median over processes: where one lies in memory is worth a tenth to what just fits a cache."""
    found = [measure(shapes, -(-rounds // PLACES), core, progress) for _ in range(PLACES)]
    rows = [dict(row) for row in found[0][1]]
    for i, row in enumerate(rows):
        for key in set(row) - {"operation", "rows", "outputs", "inputs"}:
            row[key] = round(float(np.median([place[1][i][key] for place in found])), 2)
    return found[0][0], rows


def main():
    if not PROGRAM.exists():
        sys.exit("this benchmark compares the kernels of x86-64 processors")
    quick, progress = settings.flag("QUICK"), Progress(1)
    shapes = CUBES + (LAYERS[4:12] if quick else LAYERS)
    machine, rows = measure_all(shapes, settings.integer("ROUNDS", 5 if quick else 15), pinned_core(), progress)
    progress.finish("kernels")
    verdict = Verdict()
    lines = [line(row, machine["kernels"], verdict) for row in rows]
    print(f"GFLOP/s of one thread; rows x outputs x inputs; OpenBLAS runs {machine['openblas_core']} kernels\n")
    print_table(["product", "shape", "plain", "base", "avx2", "avx512", "openblas", "avx2/peak", "must", "avx512/peak", "must",
                 "/ openblas", "must"], lines, left=2)
    verdict.report()
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps({**machine, "quick": quick, "rows": rows}) + "\n")
    print(f"saved in {RESULT.relative_to(settings.ROOT)}")


if __name__ == "__main__":
    main()
