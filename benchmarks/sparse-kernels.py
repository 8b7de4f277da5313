"""The kernels of masked layers by those of dense ones, one thread, on the best instruction set.

Dense layers at a batch of 32 and the convolutions of ResNet-18 on 32 samples, of whose weights a share is kept:
in random blocks of eight outputs, or single weights. Copies between layouts count. Writes
build/bench/sparse-kernels.json. x86-64 only.

Variables: ROUNDS (15).
"""

import json
import os
import subprocess
import sys

from common import settings
from common.process import pinned_core
from common.table import Verdict, at_most, number, print_table

RESULT = settings.ROOT / "build" / "bench" / "sparse-kernels.json"
PROGRAM = settings.ROOT / "build" / "contenders" / "sparse-kernels"
MOST = {(8, 0.75): 0.40, (8, 0.90): 0.20, (8, 0.95): 0.13, (1, 0.90): 1.0}  #: of the dense time, by width and sparsity


def line(row, verdict):
    ratios = [sparse / dense for sparse, dense in zip(row["sparse"], row["dense"])]
    row["ratio"] = round(sum(row["sparse"]) / sum(row["dense"]), 3)
    kind = "blocks of 8" if row["width"] == 8 else "single"
    name = f"{row['shape']}, {kind}, {row['sparsity']:.0%}"
    mark = verdict.cell(name, row["ratio"], at_most(MOST[row["width"], row["sparsity"]]))
    return [row["shape"], kind, f"{row['sparsity']:.0%}", number(sum(row["dense"])), number(sum(row["sparse"])),
            *(number(ratio, 3) for ratio in ratios), number(row["ratio"], 3), mark]


def main():
    if not PROGRAM.exists():
        sys.exit("this benchmark compares the kernels of x86-64 processors")
    core = pinned_core()
    found = subprocess.run([PROGRAM, str(settings.integer("ROUNDS", 15))], stdout=subprocess.PIPE, text=True, check=True,
                           preexec_fn=lambda: os.sched_setaffinity(0, {core}))
    rows = [json.loads(text) for text in found.stdout.splitlines()]
    verdict = Verdict()
    print(f"milliseconds of forward, input gradient and weight gradient on {rows[0]['kernels']}, and sparse by dense\n")
    print_table(["shape", "kept", "sparsity", "dense", "sparse", "forward", "input", "weight", "all", "must"],
                [line(row, verdict) for row in rows], left=2)
    verdict.report()
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps({"rows": rows}) + "\n")
    print(f"saved in {RESULT.relative_to(settings.ROOT)}")


if __name__ == "__main__":
    main()
