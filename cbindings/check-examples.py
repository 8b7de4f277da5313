#!/usr/bin/env python3
"""Runs C examples and compares what they print with examples-c/expected/NAME.txt.

`{*}` in an expected line stands for anything in that line (a time, a path).
Every example runs in an empty folder, without SWIFTCL_DATA, so that it prints
the same on every machine.
"""

import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys


def matches(expected, line):
    return re.fullmatch(".*".join(map(re.escape, expected.split("{*}"))), line) is not None


def check(program, expected):
    scratch = program.with_suffix(".scratch")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    environment = dict(os.environ, SWIFTCL_DATA=str(scratch / "no-data"))
    try:
        run = subprocess.run(
            [program.resolve()],
            cwd=scratch,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
        )
    except subprocess.TimeoutExpired:
        return ["took more than 600 s"]
    printed, wanted = run.stdout.splitlines(), expected.read_text().splitlines()
    if run.returncode != 0:
        return [f"exit status {run.returncode}"] + run.stderr.splitlines()[-40:]
    if len(printed) == len(wanted) and all(map(matches, wanted, printed)):
        shutil.rmtree(scratch, ignore_errors=True)
        return []
    # Lines that match are shown as expected, so that the diff has the others only.
    shown = [next((w for w in wanted if matches(w, line)), line) for line in printed]
    return list(difflib.unified_diff(wanted, shown, str(expected), "printed", lineterm=""))


def main():
    folder, names = pathlib.Path(sys.argv[1]), sys.argv[2:]
    failed = 0
    for name in names:
        expected = pathlib.Path("examples-c/expected") / f"{name}.txt"
        problems = check(folder / name, expected) if expected.exists() else [f"{expected} is missing"]
        print(f"{folder.name}/{name}: {'FAILED' if problems else 'as expected'}", flush=True)
        for line in problems:
            print(f"  {line}")
        failed += bool(problems)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
