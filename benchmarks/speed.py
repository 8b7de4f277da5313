"""Speed beside PyTorch, ONNX Runtime, a plain C program on OpenBLAS, and the limits of the machine.

One process per contender, one thread each, all on one core. They take turns, many
rounds, so that noise hits all alike; a number is the median over the rounds of
the medians of single steps. docs/speed.md says how each is measured.

Variables: ROUNDS (24); QUICK=1 is 6 rounds and two tasks of the whole run, without
its bars; FRESH=1 measures the whole run again, which is otherwise kept from
build/bench/speed.json while the library is the same.
"""

import json
import os
import platform
from contextlib import ExitStack

from common import settings
from common.process import Contender, Visit, generations, go_round, pinned_core, share_alone
from common.results import fingerprint
from common.runs import swiftcl
from common.speed_rows import BATCHES, limits, rows_of, whole_run
from common.speed_table import show
from common.table import Progress

BIN = settings.ROOT / "build" / "contenders"
SCRIPTS = settings.ROOT / "benchmarks" / "contenders"
PEERS = settings.ROOT / "build" / "venv-peers"
RESULT = settings.ROOT / "build" / "bench" / "speed.json"
PACKED_WEIGHTS, UPPER_WEIGHTS = 784 * 200 + 200 * 200 + 200 * 10, 200 * 200 + 200 * 10


def cpu_flags():
    try:
        with open("/proc/cpuinfo") as info:
            return next((line.split(":")[1].split() for line in info if line.startswith(("flags", "Features"))), [])
    except OSError:
        return []


def cpu_model():
    try:
        with open("/proc/cpuinfo") as info:
            return next((line.split(":")[1].strip() for line in info if line.startswith("model name")), "")
    except OSError:
        return platform.machine()


def start(stack, core):
    """All contenders by name; the peers are left out where they are not installed."""
    def contender(name, *command, **environment):
        started[name] = stack.enter_context(Contender(name, command, core, **environment))

    started = {}
    contender("ours", BIN / "ours")
    contender("limit", BIN / "limit")
    contender("c-openblas", BIN / "yardstick")
    # For comparison, without bars: OpenBLAS's kernels for the instruction set that it did not choose.
    if "avx512f" in cpu_flags():
        chosen = started["c-openblas"].ask("hello")["core"]
        other = "SkylakeX" if chosen in ("Haswell", "Zen") else "Haswell"
        contender(f"c-openblas-{other.lower()}", BIN / "yardstick", OPENBLAS_CORETYPE=other)
    if (PEERS / ".ready").is_file():
        for peer, script in (("pytorch", "torch_peer.py"), ("ort", "ort_peer.py")):
            for shape, width in (("dense", 1600), ("packed", 200)):
                contender(f"{peer}-{shape}", PEERS / "bin" / "python", SCRIPTS / script, width)
    return started


def visits_of(started):
    """Row by row, contenders of a row beside each other in time."""
    visits = []

    def visit(key, name, command):
        if name in started:
            visits.append(Visit(key, started[name], command))

    for batch in BATCHES:
        for name in ("ours", "c-openblas", "c-openblas-haswell", "c-openblas-skylakex", "pytorch-packed",
                     "pytorch-dense"):
            visit(("step", batch, name), name, f"step {batch} {{count}}")
        for name, command in (("ours", "predict"), ("ort-packed", "predict"), ("ort-packed", "bound"),
                              ("ort-dense", "predict"), ("ort-dense", "bound")):
            visit(("predict", batch, name) + (("bound",) if command == "bound" else ()), name,
                  f"{command} {batch} {{count}}")
    visit(("fma",), "limit", "fma")
    visit(("stream",), "limit", f"stream {PACKED_WEIGHTS} {UPPER_WEIGHTS} 200")
    return visits


def prepare_ours(ours):
    """A task is finished, for its ticket; another is open and committed, for its steps."""
    ours.ask(f"network 1600 8 random {max(BATCHES)} fair abstain 0")
    ours.ask("learn 1 50")
    opened = ours.ask("begin 0")
    if opened["shape"] != "784-200-200-10" or opened["phase"] != 2:
        raise SystemExit(f"the open task is {opened['shape']}, phase {opened['phase']}: nothing to compare")


def load_saved(build):
    """The result of an earlier run of the same library, or nothing."""
    try:
        saved = json.loads(RESULT.read_text())
    except (OSError, ValueError):
        return {}
    return saved if saved.get("machine", {}).get("build") == build else {}


def describe(started, core, build, quick):
    """The machine and the contenders' versions."""
    return {
        "cpu": cpu_model(), "core": core, "avx512": "avx512f" in cpu_flags(), "build": build, "quick": quick,
        "openblas_core": started["c-openblas"].ask("hello")["core"],
        "load": [round(value, 2) for value in os.getloadavg()],
        "versions": {title: started[name].ask("hello")["version"]
                     for name, title in (("pytorch-packed", "PyTorch"), ("ort-packed", "ONNX Runtime"))
                     if name in started}}


def measure(quick, progress, say):
    core, build, answers, machine = pinned_core(), fingerprint(swiftcl.default_library()), {}, None
    saved = load_saved(build)
    for number, rounds in enumerate(generations(settings.integer("ROUNDS", 6 if quick else 24))):
        with ExitStack() as stack:
            say(f"starting the contenders, generation {number + 1}")
            started = start(stack, core)
            machine = machine or describe(started, core, build, quick)
            prepare_ours(started["ours"])
            for key, given in go_round(visits_of(started), rounds, 40, say).items():
                answers.setdefault(key, []).extend(given)
            level = started["limit"].ask(f"level {2 * 4 * PACKED_WEIGHTS}")
    machine["alone"] = share_alone(answers)
    rows, extra = rows_of(answers, machine)
    content = {"rows": rows, "limit": limits(answers, level, PACKED_WEIGHTS, UPPER_WEIGHTS), "extra_rows": extra,
               "machine": machine, "skipped": []}
    if not (PEERS / ".ready").is_file():
        content["skipped"].append("rows of PyTorch and ONNX Runtime: they are not installed in build/venv-peers")
    progress.finish("steps, predictions, limits")
    kept = [row for row in saved.get("rows", []) if row["what"] == "run" and row["tasks"] == (2 if quick else 10)]
    if kept and not settings.flag("FRESH"):
        content["rows"].append(dict(kept[0], kept=True))
    else:
        whole_run(content, quick, core, PEERS, SCRIPTS, say)
    progress.finish("whole run")
    return content


def main():
    progress = Progress(2)
    content = measure(settings.flag("QUICK"), progress, progress.show)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(content, indent=1) + "\n")
    show(content)
    print(f"saved in {RESULT.relative_to(settings.ROOT)}")


if __name__ == "__main__":
    main()
