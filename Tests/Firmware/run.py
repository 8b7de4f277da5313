"""Runs the programs of examples-c/firmware on emulated boards and on this machine, compares what
they print, holds it against the bars, and writes build/firmware/report.json."""

import concurrent.futures
import json
import os
import re
import subprocess
import sys

FOLDER = "build/firmware"
ARM = ["qemu-system-arm", "-nographic", "-monitor", "none", "-serial", "none"]
BOARDS = {
    "cortex-m4": ARM + ["-M", "mps2-an386"],
    "cortex-m7": ARM + ["-M", "mps2-an500"],
    "cortex-m33": ARM + ["-M", "mps2-an505"],
    "cortex-m0": ARM + ["-M", "microbit"],
    "riscv32": ["qemu-system-riscv32", "-nographic", "-monitor", "none", "-serial", "none", "-M", "virt", "-bios", "none"],
}
TOOLS = {"riscv32": "riscv64-unknown-elf-"}
LIMIT = 240
FULL = ["windows.bin", "15", "compete", "random"]
SHORT = ["windows.bin", "1", "random"]
# What count.c counts, and the share of the fall of multiply-adds by which instructions must fall. Of a
# call for one row a fifth does not depend on the network's width: see docs/porting.md.
COUNTS = [("training step", 0.8), ("prediction of one row", 0.7), ("prediction of eight rows", 0.8)]

# What runs where: name, target, program, arguments, QEMU's options.
RUNS = [
    ("learn-riscv32", "riscv32", "learn", SHORT, []),
    ("learn-cortex-m4", "cortex-m4", "learn", FULL, []),
    ("learn-cortex-m7", "cortex-m7", "learn", FULL, []),
    ("learn-aarch64", "aarch64", "learn", FULL, []),
    ("learn-host", "host", "learn", FULL + ["dense"], []),
    ("learn-host-short", "host", "learn", SHORT, []),
    ("ticket-host", "host", "ticket", ["windows.bin"], []),
    ("ticket-cortex-m4", "cortex-m4", "ticket", ["windows.bin"], []),
    ("ticket-cortex-m33", "cortex-m33", "ticket", ["windows.bin"], []),
    ("ticket-cortex-m0", "cortex-m0", "ticket", ["windows.bin"], []),
    ("ticket-riscv32", "riscv32", "ticket", ["windows.bin"], []),
    ("slots-host", "host", "slots", [], []),
    ("slots-cortex-m4", "cortex-m4", "slots", [], []),
    ("train-cortex-m4", "cortex-m4", "train", [], []),
    ("count-cortex-m4", "cortex-m4", "count", [], ["-icount", "shift=6"]),
    ("walk-cortex-m4", "cortex-m4", "walk", [], []),
]


def image(target, program):
    if target in ("host", "aarch64"):
        return f"{FOLDER}/{target}/{program}"
    features = "" if program == "walk" else "-dense"
    return f"{FOLDER}/{target}{features}/{program}.elf"


def run(job):
    name, target, program, arguments, options = job
    path = os.path.abspath(image(target, program))
    if target == "host":
        command = [path, *arguments]
    elif target == "aarch64":
        command = ["qemu-aarch64-static", path, *arguments]
    else:
        words = "".join(f",arg={word}" for word in [program, *arguments])
        command = BOARDS[target] + options + ["-semihosting-config", f"enable=on,target=native{words}", "-kernel", path]
    try:
        done = subprocess.run(command, cwd=FOLDER, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=LIMIT, check=False)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as late:
        text = late.stdout or b""
        return 124, (text.decode() if isinstance(text, bytes) else text) + f"\nlonger than {LIMIT} seconds\n"


def numbers(pattern, text):
    return [float(value) for value in re.findall(pattern, text)]


def learned(text):
    """Of each method: accuracy and checksums."""
    methods = {}
    for part in re.split(r"^(?=\w+, \d+ epochs)", text, flags=re.M):
        head = re.match(r"(\w+), (\d+) epochs", part)
        if head:
            methods[head[1]] = {
                "epochs": int(head[2]), "accuracy": numbers(r"accuracy ([\d.]+)", part)[-1],
                "winners": re.findall(r"winners (\w+)", part)[-1],
                "checkpoint": re.findall(r"checkpoint (\w+)", part)[-1],
                "arena": int(numbers(r"arena (\d+)", part)[-1])}
    return methods


def sizes(target, program):
    path = image(target, program)
    tool = TOOLS.get(target, "arm-none-eabi-") + "size"
    text, data, bss = subprocess.run([tool, path], check=True, capture_output=True, text=True).stdout.split("\n")[1].split()[:3]
    flash = int(text) + int(data)
    if program == "ticket":
        flash -= os.path.getsize(f"{FOLDER}/ticket.bin")
    return flash, int(data) + int(bss)


def main():
    report, texts, bars = {"runs": {}}, {}, []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for job, (code, text) in zip(RUNS, pool.map(run, RUNS)):
            name, target, program = job[:3]
            texts[name] = text
            entry = report["runs"][name] = {"status": code}
            if target not in ("host", "aarch64"):
                entry["flash"], entry["ram_reserved"] = sizes(target, program)
                ram = re.search(r"stack (\d+) of \d+, data (\d+), RAM (\d+)", text)
                if ram:
                    entry["stack"], entry["data"], entry["ram"] = (int(n) for n in ram.groups())
            if code == 0 and program == "learn":
                entry["methods"] = learned(text)
            print(f"---- {name}{'' if code == 0 else f': exit status {code}'}\n{text.strip()}")
            bars.append((f"{name} ends well", code == 0, code))
    runs = report["runs"]

    def bar(what, passed, value):
        bars.append((what, bool(passed), value))

    def of(name, *keys):
        value = runs.get(name, {})
        for key in keys:
            value = value.get(key, {}) if isinstance(value, dict) else {}
        return value

    host, short = of("learn-host", "methods"), of("learn-host-short", "methods")
    for name, expected in (("learn-cortex-m4", host), ("learn-cortex-m7", host), ("learn-aarch64", host), ("learn-riscv32", short)):
        for method, there in (of(name, "methods") or {"nothing": {}}).items():
            here = expected.get(method, {}) if expected else {}
            same = there and all(there.get(key) == here.get(key) for key in ("winners", "checkpoint"))
            bar(f"{name}: {method}, the checkpoint is that of this machine", same, there.get("checkpoint"))
    accuracy = of("learn-cortex-m4", "methods", "compete", "accuracy") or 0
    bar("three people learned in competition: accuracy at least 79 %", accuracy >= 79, accuracy)
    bar("the same within 256 kB of RAM", of("learn-cortex-m4", "ram_reserved") <= 262144, of("learn-cortex-m4", "ram"))
    report["accuracy"] = {method: host[method]["accuracy"] for method in host or {}}

    logits = {name: re.findall(r"logits (\w+)", texts[name]) for name in texts if name.startswith("ticket-")}
    bar("a ticket gives the same bits on every board", len({str(value) for value in logits.values()}) == 1 and all(logits.values()), logits)
    bar("image that predicts, without its ticket, below 16 kB of flash", of("ticket-cortex-m4", "flash") < 16384, of("ticket-cortex-m4", "flash"))
    bar("image that trains below 64 kB of flash", of("train-cortex-m4", "flash") < 65536, of("train-cortex-m4", "flash"))
    states = [re.findall(r"power cuts.*\nstate (\w+)", texts[name]) for name in ("slots-host", "slots-cortex-m4")]
    bar("the newest whole checkpoint comes back after every power cut", states[0] and states[0] == states[1], states[1])

    counts = re.findall(r"instructions: ([\d.]+) times fewer, multiply-adds ([\d.]+)", texts["count-cortex-m4"])
    bar("training steps and predictions were counted", len(counts) == len(COUNTS), counts)
    for (what, share), (fewer, macs) in zip(COUNTS, counts):
        report.setdefault("instructions", {})[what] = {"times_fewer": float(fewer), "multiply_adds": float(macs)}
        bar(f"{what}: instructions fall by {share} of what multiply-adds do, {macs} times", float(fewer) >= share * float(macs), fewer)
    report["bars"] = [{"what": what, "passed": passed, "value": value} for what, passed, value in bars]
    with open(f"{FOLDER}/report.json", "w", encoding="utf-8") as file:
        json.dump(report, file, indent=1)
        file.write("\n")
    print()
    for what, passed, value in bars:
        print(f"{'ok    ' if passed else 'FAILED'} {what}: {value}")
    print(f"written to {FOLDER}/report.json")
    sys.exit(0 if all(passed for _, passed, _ in bars) else 1)


if __name__ == "__main__":
    main()
