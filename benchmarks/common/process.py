"""Contenders: processes that measure when they are asked to, each on the same core with one thread."""

import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass

import numpy as np

ONE_THREAD = {name: "1" for name in (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")}


def idle_ticks():
    """Ticks that each core was idle since the machine started."""
    with open("/proc/stat") as stat:
        lines = [line.split() for line in stat if line.startswith("cpu") and line[3] != " "]
    return {int(line[0][3:]): int(line[4]) for line in lines}


def pinned_core():
    """The core that all contenders share, the idlest; this process leaves it to them where there is another."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    cores = os.sched_getaffinity(0)
    before = idle_ticks()
    time.sleep(1)
    after = idle_ticks()
    chosen = max(sorted(cores), key=lambda core: after.get(core, 0) - before.get(core, 0))
    if len(cores) > 1:
        os.sched_setaffinity(0, cores - {chosen})
    return chosen


class Contender:
    """One process. Commands are lines, answers are lines of JSON."""

    def __init__(self, name, command, core, **environment):
        self.name, self.log = name, tempfile.TemporaryFile("w+")
        pin = (lambda: os.sched_setaffinity(0, {core})) if core is not None else None
        self.process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
            text=True, bufsize=1, preexec_fn=pin, env={**os.environ, **ONE_THREAD, **environment})

    def ask(self, command):
        try:
            self.process.stdin.write(command + "\n")
            answer = json.loads(self.process.stdout.readline() or "{}")
        except (BrokenPipeError, ValueError):
            answer = {}
        if answer and "error" not in answer:
            return answer
        self.log.seek(0)
        raise RuntimeError(f"{self.name}, {command!r}: {answer.get('error', 'no answer')}\n{self.log.read()[-2000:]}")

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


@dataclass
class Visit:
    """What is asked of a contender in every round; `{count}` stands for the number of repetitions."""

    key: tuple
    contender: Contender
    command: str


def go_round(visits, rounds, milliseconds, say=lambda text: None):
    """Asks every contender in turn, round after round, so that whatever disturbs the machine hits all alike.

    A visit takes about so many milliseconds. Returns key -> the answers, one a round.
    """
    counts = {}
    for visit in visits:
        if "{count}" in visit.command:
            say(f"warming up {visit.contender.name}, {visit.command.split(' {')[0]}")
            first = visit.contender.ask(visit.command.format(count=8))
            counts[visit.key] = int(np.clip(1e3 * milliseconds / max(first["median"], 0.1), 5, 20000))
    answers = {visit.key: [] for visit in visits}
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}")
        for visit in visits if number % 2 == 0 else reversed(visits):
            command = visit.command.format(count=counts.get(visit.key))
            answers[visit.key].append(visit.contender.ask(command))
    return answers


def generations(rounds, count=3):
    """Rounds split among so many generations of processes.

    Where the memory of a process lies decides a few percent of its speed, for as
    long as it lives: processes are started anew so that no number hangs on that.
    """
    count = min(count, rounds)
    return [rounds // count + (number < rounds % count) for number in range(count)]


def share_alone(answers):
    """The share of the contenders' time in which no other program had their core."""
    shares = [answer["alone"] for visits in answers.values() for answer in visits if "alone" in answer]
    return round(float(np.mean(shares)), 4)


@dataclass
class Time:
    """Microseconds over the rounds: the median of their medians, and the tenth percentile of these."""

    us: float
    p10: float

    @classmethod
    def of(cls, answers):
        medians = [answer["median"] for answer in answers]
        return cls(float(np.median(medians)), float(np.percentile(medians, 10)))
