"""run.py TARGET...: runs the programs of examples-c/firmware on emulated boards of these targets and on this
machine, compares what they print, holds it against the bars, and writes build/firmware/report.json."""

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
INT8 = "build/bench/int8.json"
FLOAT, EIGHT = f"{FOLDER}/ticket.bin", f"{FOLDER}/eight/ticket.bin"
FULL = ["windows.bin", "15", "compete", "random"]
SHORT = ["windows.bin", "3", "compete", "random"]
# What count.c counts, and the share of the fall of multiply-adds by which instructions must fall. Of a
# call for one row a fifth does not depend on the network's width: see docs/porting.md.
COUNTS = ["training step", "prediction of one row", "prediction of eight rows"]
SHARE = 0.8

COUNTING = ["-icount", "shift=6"]

# What runs where: name, folder of the build, program, arguments, QEMU's options.
RUNS = [
    ("learn-riscv32", "riscv32-dense", "learn", SHORT, []),
    ("learn-cortex-m4", "cortex-m4-dense", "learn", FULL, []),
    ("learn-cortex-m7", "cortex-m7-dense", "learn", FULL, []),
    ("learn-aarch64", "aarch64", "learn", FULL, []),
    ("learn-armv7", "armv7", "learn", FULL, []),
    ("learn-host", "host", "learn", FULL + ["dense"], []),
    ("learn-host-short", "host", "learn", SHORT, []),
    ("ticket-host", "host", "ticket", ["windows.bin"], []),
    ("ticket-cortex-m4", "cortex-m4-dense", "ticket", ["windows.bin"], COUNTING),
    ("ticket-cortex-m33", "cortex-m33-dense", "ticket", ["windows.bin"], []),
    ("ticket-cortex-m0", "cortex-m0-dense", "ticket", ["windows.bin"], []),
    ("ticket-riscv32", "riscv32-dense", "ticket", ["windows.bin"], []),
    ("ticket8-host", "host/eight", "ticket", ["windows.bin"], []),
    ("ticket8-cortex-m4", "cortex-m4-dense-int8", "ticket", ["windows.bin"], COUNTING),
    ("ticket8-cortex-m0", "cortex-m0-dense-int8", "ticket", ["windows.bin"], []),
    ("slots-host", "host", "slots", [], []),
    ("slots-cortex-m4", "cortex-m4-dense", "slots", [], []),
    ("train-cortex-m4", "cortex-m4-dense", "train", [], []),
    ("count-cortex-m4", "cortex-m4-dense", "count", [], COUNTING),
    ("stack-cortex-m4", "cortex-m4-dense", "stack", [], []),
    ("stack-cortex-m4-full", "cortex-m4", "stack", [], []),
    ("stack-riscv32", "riscv32-dense", "stack", [], []),
    ("walk-cortex-m4", "cortex-m4", "walk", [], []),
    ("walk-cortex-m4-dense", "cortex-m4-dense", "walk", [], []),
]
# Bad numbers and forged files where memory is counted in 32 bits; tickets of every kind of layer.
RUNS += [(f"{name}-armv7", "armv7", name, [], []) for name in
         ("bad_limits", "bad_loads", "checkpoint_faults", "ticket_faults", "ticket_int8", "ticket_bits")]
RUNS += [(f"{name}-host", "host", name, [], []) for name in ("ticket_int8", "ticket_bits")]
LINUX = {"aarch64": "qemu-aarch64-static", "armv7": "qemu-arm-static"}


def target_of(folder):
    """The processor: host, one of LINUX, or one of BOARDS."""
    return re.sub(r"(-dense)?(-int8)?$", "", folder.split("/")[0])


def image(folder, program):
    return f"{FOLDER}/{folder}/{program}" + (".elf" if target_of(folder) in BOARDS else "")


def run(job):
    _, folder, program, arguments, options = job
    target, path = target_of(folder), os.path.abspath(image(folder, program))
    if target in BOARDS:
        words = "".join(f",arg={word}" for word in [program, *arguments])
        command = BOARDS[target] + options + ["-semihosting-config", f"enable=on,target=native{words}", "-kernel", path]
    else:
        command = ([LINUX[target]] if target in LINUX else []) + [path, *arguments]
    try:
        done = subprocess.run(command, cwd=FOLDER, env=dict(os.environ, SWIFTCL_TEST_QUICK="1"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
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


def sizes(folder, program):
    """Flash, without a ticket, and reserved RAM of an image."""
    path = image(folder, program)
    tool = TOOLS.get(target_of(folder), "arm-none-eabi-") + "size"
    text, data, bss = subprocess.run([tool, path], check=True, capture_output=True, text=True).stdout.split("\n")[1].split()[:3]
    flash = int(text) + int(data)
    if program == "ticket":
        flash -= os.path.getsize(FLOAT if not folder.endswith("int8") else EIGHT)
    return flash, int(data) + int(bss)


def entry_of(job, code, text):
    """What the report says of one run."""
    _, folder, program = job[:3]
    entry = {"status": code}
    if target_of(folder) in BOARDS:
        entry["flash"], entry["ram_reserved"] = sizes(folder, program)
        ram = re.search(r"stack (\d+) of \d+, data (\d+), RAM (\d+)", text)
        if ram:
            entry["stack"], entry["data"], entry["ram"] = (int(n) for n in ram.groups())
    if program == "stack":
        entry["stack_of"] = {call: int(count) for call, count in re.findall(r"stack of swiftcl_(.*): (\d+)", text)}
    if code == 0 and program == "learn":
        entry["methods"] = learned(text)
    if program == "ticket":
        counted = re.search(r"(\d+) instructions a window", text)
        if counted:
            entry["instructions"] = int(counted[1])
        entry["logits"] = (re.findall(r"logits (\w+)", text) or [None])[0]
    return entry


class Bars:
    """What must hold, and whether it does."""

    def __init__(self, runs, texts):
        self.runs, self.texts, self.all = runs, texts, []
        self.eight = []
        if os.path.exists(INT8):
            with open(INT8, encoding="utf-8") as file:
                self.eight = json.load(file)["rows"]

    def add(self, what, passed, value):
        self.all.append((what, bool(passed), value))

    def of(self, name, *keys):
        value = self.runs[name]
        for key in keys:
            value = value.get(key, {})
        return value

    def alike(self, what, found):
        """Of what ran on this machine alone there is nothing to say."""
        if len(found) > 1:
            self.add(what, len(set(map(str, found.values()))) == 1 and all(found.values()), found)

    def same_bits(self):
        for name in self.runs:
            if not name.startswith("learn-") or name.startswith("learn-host"):
                continue
            short = "-short" if name == "learn-riscv32" else ""
            for method, there in (self.of(name, "methods") or {"nothing": {}}).items():
                here = self.of("learn-host" + short, "methods", method)
                same = there and all(there.get(key) == here.get(key) for key in ("winners", "checkpoint"))
                self.add(f"{name}: {method}, the checkpoint is that of this machine", same, there.get("checkpoint"))
        for ticket in ("ticket", "ticket8"):
            logits = {name: self.of(name, "logits") for name in self.runs if name.startswith(ticket + "-")}
            self.alike(f"{ticket}: the same logits wherever it runs", logits)

        for program in ("ticket_bits", "ticket_int8"):
            outputs = {name: re.findall(r"outputs (\w+)", self.texts[name]) for name in self.runs if name.startswith(program)}
            self.alike(f"{program}: layers of every kind, the same outputs wherever it runs", outputs)

    def eight_bits(self):
        """Of what benchmarks/int8.py measured; a ticket of few weights is mostly records."""
        for row in self.eight:
            if "convolutions" in row["name"]:
                continue
            self.add(f"{row['name']}: eight-bit weights lose at most half a point", row["lost"] <= 0.5, round(row["lost"], 2))
            self.add(f"{row['name']}: they take at most 0.3 of the bytes", row["ratio"] <= 0.3, round(row["ratio"], 3))

    def cortex_m4(self):
        accuracy = self.of("learn-cortex-m4", "methods", "compete", "accuracy") or 0
        self.add("three people learned in competition: accuracy at least 79 %", accuracy >= 79, accuracy)
        reserved = self.of("learn-cortex-m4", "ram_reserved")
        self.add("the same within 256 kB of RAM", reserved <= 262144, reserved)
        for name, what, least in (("ticket-cortex-m4", "image that predicts, without its ticket, below 16 kB of flash", 16384),
                                  ("ticket8-cortex-m4", "the same with eight-bit weights, below 16 kB", 16384),
                                  ("train-cortex-m4", "image that trains below 64 kB of flash", 65536)):
            self.add(what, self.of(name, "flash") < least, self.of(name, "flash"))
        states = [re.findall(r"power cuts.*\nstate (\w+)", self.texts[name]) for name in ("slots-host", "slots-cortex-m4")]
        self.add("the newest whole checkpoint comes back after every power cut", states[0] and states[0] == states[1], states[1])

    def instructions(self):
        counts = re.findall(r"instructions: ([\d.]+) times fewer, multiply-adds ([\d.]+)", self.texts["count-cortex-m4"])
        self.add("training steps and predictions were counted", len(counts) == len(COUNTS), counts)
        for what, (fewer, macs) in zip(COUNTS, counts):
            self.add(f"{what}: instructions fall by {SHARE} of what multiply-adds do, {macs} times",
                     float(fewer) >= SHARE * float(macs), float(fewer))
        return {what: {"times_fewer": float(fewer), "multiply_adds": float(macs)} for what, (fewer, macs) in zip(COUNTS, counts)}


def main():
    there = {"host"} | {re.sub("-linux$", "", target) for target in sys.argv[1:]}
    jobs = [job for job in RUNS if target_of(job[1]) in there]
    runs, texts = {}, {}
    bars = Bars(runs, texts)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for job, (code, text) in zip(jobs, pool.map(run, jobs)):
            name = job[0]
            texts[name], runs[name] = text, entry_of(job, code, text)
            print(f"---- {name}{'' if code == 0 else f': exit status {code}'}\n{text.strip()}", flush=True)
            bars.add(f"{name} ends well", code == 0, code)
    report = {"runs": runs, "skipped": [job[0] for job in RUNS if job not in jobs],
              "accuracy": {method: values["accuracy"] for method, values in bars.of("learn-host", "methods").items()}}
    bars.same_bits()
    bars.eight_bits()
    if "cortex-m4" in there:
        bars.cortex_m4()
        report["instructions"] = bars.instructions()
    report["int8"] = [{key: row[key] for key in ("name", "float", "int8", "lost", "ratio")} for row in bars.eight]
    report["bytes"] = {"ticket": os.path.getsize(FLOAT), "eight_bits": os.path.getsize(EIGHT)}
    report["bars"] = [{"what": what, "passed": passed, "value": value} for what, passed, value in bars.all]
    with open(f"{FOLDER}/report.json", "w", encoding="utf-8") as file:
        json.dump(report, file, indent=1)
        file.write("\n")
    print()
    for what, passed, value in bars.all:
        print(f"{'ok    ' if passed else 'FAILED'} {what}: {value}")
    for name in report["skipped"]:
        print(f"SKIPPED {name}")
    print(f"written to {FOLDER}/report.json")
    sys.exit(0 if all(passed for _, passed, _ in bars.all) else 1)


if __name__ == "__main__":
    main()
