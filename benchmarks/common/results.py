"""The JSON file of a benchmark: saved run by run, so that a long table can go on where it stopped."""

import hashlib
import json
import os
from pathlib import Path

from .settings import ROOT, flag


def fingerprint(library):
    """Which build made a number: version, kernels and a digest of the file."""
    digest = hashlib.sha256(Path(library.path).read_bytes()).hexdigest()[:12]
    return f"{library.version} {library.flavour} {library.kernel_name} {digest}"


class Results:
    """One run a seed, and rows of means over seeds. A run that is there already is used again, unless FRESH=1."""

    def __init__(self, name, library):
        self.path = ROOT / "build" / "bench" / f"{name}.json"
        self.build = fingerprint(library)
        self.fresh = flag("FRESH")
        self.content = {"rows": [], "runs": []}
        if self.path.is_file():
            try:
                content = json.loads(self.path.read_text())
            except ValueError:
                content = {}
            if isinstance(content.get("rows"), list) and isinstance(content.get("runs"), list):
                self.content = content
        self.mine = []  # what this process measured: not measured again with FRESH=1

    def run(self, parameters, seed):
        """The saved run of these parameters and this seed, or None. It may be of another build: see `is_current`."""
        for run in self.mine if self.fresh else self.content["runs"]:
            if run["parameters"] == plain(parameters) and run["seed"] == seed:
                return run
        return None

    def add_run(self, parameters, seed, values):
        """Saves one seed's run in place of an older one."""
        run = dict(parameters=plain(parameters), seed=seed, build=self.build, values=plain(values))
        self.content["runs"] = [old for old in self.content["runs"]
                                if old["parameters"] != run["parameters"] or old["seed"] != seed] + [run]
        self.mine.append(run)
        self.write()
        return run

    def add_row(self, parameters, seeds, runs, values):
        """Saves the means over some seeds; returns them as saved."""
        row = dict(values, seeds=seeds, build=sorted({run["build"] for run in runs}), parameters=plain(parameters))
        self.content["rows"] = [old for old in self.content["rows"] if old["parameters"] != row["parameters"]
                                or old["seeds"] != seeds] + [row]
        self.write()
        return row

    def is_current(self, row):
        return row["build"] == [self.build]

    def set(self, key, value):
        """A figure that is no row of the table."""
        self.content[key] = value
        self.write()

    def write(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_suffix(".json.new")
        beside.write_text(json.dumps(self.content, indent=1) + "\n")
        os.replace(beside, self.path)


def plain(value):
    """As it reads after a way through JSON, so that it compares equal."""
    return json.loads(json.dumps(value))
