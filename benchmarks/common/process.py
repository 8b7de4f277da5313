"""Contenders: processes that measure when they are asked to, each on the same core with one thread."""

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass

import numpy as np

ONE_THREAD = {name: "1" for name in (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")}


def pinned_core():
    """The core that all contenders share; this process leaves it to them where there is another."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, set(cores[:-1]))
    return cores[-1]


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


@dataclass
class Time:
    """Microseconds over the rounds: the median of their medians, and the tenth percentile of these."""

    us: float
    p10: float

    @classmethod
    def of(cls, answers):
        medians = [answer["median"] for answer in answers]
        return cls(float(np.median(medians)), float(np.percentile(medians, 10)))
