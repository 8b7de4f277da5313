"""ResNet-18 as CIFAR has it, beside PyTorch's dense one: a training step, and memory beside what was planned.

One process per contender, one thread each, both on one core, in turns. Ours after the
commit with J units a block; PyTorch's at the same width. `held` is what the network says that
it holds, to be what was planned to the byte; `grew` is by how much the process's resident memory
grew, from creation to the end of a task. Writes build/bench/resnet18.json. The exit status is 0
only where all bars were judged and met: without PyTorch one is not.

Variables: ROUNDS (6); QUICK=1 is 2 rounds.
"""

import json
import statistics
import sys

from common import settings
from common.process import Contender, Visit, go_round, pinned_core
from common.table import Progress, Verdict, at_least, at_most, exactly, print_table

SCRIPTS = settings.ROOT / "benchmarks" / "contenders"
PEERS = settings.ROOT / "build" / "venv-peers"
RESULT = settings.ROOT / "build" / "bench" / "resnet18.json"
BATCH = 32
#: (width, J): how many times faster than PyTorch's dense step ours must be.
BARS = {(64, 4): 4.0, (64, 8): None, (20, 4): None}
#: What a process may grow by: times what was planned, and beside it what Python itself takes; and at least.
GROWS_AT_MOST, BESIDE, GROWS_AT_LEAST = 1.1, 8 << 20, 0.5


def visits_of(ours, torch):
    for width, J in BARS:
        yield Visit(("ours", width, J), ours, f"step {width} {J} {BATCH} 5")
        if torch and J == 4:
            yield Visit(("torch", width), torch, f"step {width} {BATCH} 2")


def rows_of(answers, memory):
    for (width, J), bar in BARS.items():
        best = {key: statistics.median(answer["median"] for answer in given) / 1e3 for key, given in answers.items()}
        step, dense = best["ours", width, J], best.get(("torch", width))
        faster = dense / step if dense else None
        macs = answers["ours", width, J][0]["macs"]
        yield {"network": "ResNet-18", "width": width, "J": J, "batch": BATCH, "step_ms": step, "torch_dense_ms": dense,
               "faster": faster, "bar": bar, "gflops": 2e-6 * macs / step, **memory[width, J],
               "as_planned": memory[width, J]["planned"] == memory[width, J]["held"]}


def judge(row, verdict):
    """The cells of a row's bars: time, memory held, growth of the process. The row keeps what they say."""
    what = f"width {row['width']}, J = {row['J']}"
    planned = row["planned"]
    if row["bar"] and row["faster"] is None:
        faster = f">= {row['bar']:g} " + verdict.not_judged(
            f"{what}, times faster than PyTorch", "PyTorch is not installed in build/venv-peers")
    else:
        faster = verdict.cell(f"{what}, times faster than PyTorch", row["faster"],
                              at_least(row["bar"]) if row["bar"] else None)
    held = verdict.cell(f"{what}, bytes held", row["held"], exactly(planned))
    grew = row["grew"] / 2**20
    most = at_most(round((GROWS_AT_MOST * planned + BESIDE) / 2**20, 1))
    least = at_least(round(GROWS_AT_LEAST * planned / 2**20, 1))
    cells = {"faster": faster, "held": held.replace(f"= {planned:g} ", ""),
             "grew": [verdict.cell(f"{what}, MiB that the process grew by", grew, bar) for bar in (most, least)]}
    row["verdicts"] = cells
    return cells


def main():
    progress = Progress(2)
    core = pinned_core()
    rounds = settings.integer("ROUNDS", 2 if settings.flag("QUICK") else 6)
    memory, torch = {}, None
    for width, J in BARS:  # a process of its own: what it grew by is this network
        with Contender("ours", (sys.executable, SCRIPTS / "swiftcl_resnet.py"), core) as ours:
            memory[width, J] = ours.ask(f"memory {width} {J} {BATCH}")
    progress.finish("memory")
    with Contender("ours", (sys.executable, SCRIPTS / "swiftcl_resnet.py"), core) as ours:
        if (PEERS / ".ready").is_file():
            torch = Contender("PyTorch", (PEERS / "bin" / "python", SCRIPTS / "torch_resnet.py"), core)
        answers = go_round(list(visits_of(ours, torch)), rounds, 1000, progress.show)
        if torch:
            torch.close()
    progress.finish("steps")
    rows = list(rows_of(answers, memory))
    print(f"\nResNet-18 on 32 x 32 x 3, batch {BATCH}, one thread, SGD with momentum; ours after the commit\n")

    def megabytes(value):
        return f"{value / 2**20:.1f}"

    verdict, lines = Verdict(), []
    for row in rows:
        cells = judge(row, verdict)
        lines.append([
            row["width"], row["J"], f"{row['step_ms']:.1f}",
            f"{row['torch_dense_ms']:.0f}" if row["torch_dense_ms"] else "-",
            f"{row['faster']:.1f}x" if row["faster"] else "-", cells["faster"], f"{row['gflops']:.0f}",
            megabytes(row["planned"]), megabytes(row["held"]), cells["held"], megabytes(row["grew"]), *cells["grew"]])
    print_table(["width", "J", "step, ms", "PyTorch dense, ms", "faster", "must", "GFLOP/s", "planned, MiB", "held",
                 "as planned", "grew", "must", "must"], lines, left=0)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps({"rows": rows, "not_judged": verdict.unjudged}, indent=1) + "\n")
    verdict.report()
    print(f"saved in {RESULT.relative_to(settings.ROOT)}")
    raise SystemExit(verdict.exit_status)


if __name__ == "__main__":
    main()
