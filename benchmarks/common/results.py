"""The JSON file of a benchmark: saved row by row, so that a long table can go on where it stopped."""

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
    """Rows by their parameters. A row that is there already is used again, unless FRESH=1."""

    def __init__(self, name, library):
        self.path = ROOT / "build" / "bench" / f"{name}.json"
        self.build = fingerprint(library)
        self.fresh = flag("FRESH")
        self.content = {"rows": []}
        if self.path.is_file():
            try:
                content = json.loads(self.path.read_text())
            except ValueError:
                content = {}
            if isinstance(content.get("rows"), list):
                self.content = content

    def find(self, parameters):
        """The saved row of these parameters, or None. It may be of another build: see `is_current`."""
        if self.fresh:
            return None
        wanted = json.loads(json.dumps(parameters))
        for row in self.content["rows"]:
            if row.get("parameters") == wanted:
                return row
        return None

    def is_current(self, row):
        return row.get("build") == self.build

    def add(self, parameters, row):
        """Saves a finished row in place of an older one of the same parameters; returns it as saved."""
        parameters = json.loads(json.dumps(parameters))
        row = dict(row, build=self.build, parameters=parameters)
        self.content["rows"] = [old for old in self.content["rows"] if old.get("parameters") != parameters] + [row]
        self.write()
        return row

    def set(self, key, value):
        """A figure that is no row of the table."""
        self.content[key] = value
        self.write()

    def write(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_suffix(".json.new")
        beside.write_text(json.dumps(self.content, indent=1) + "\n")
        os.replace(beside, self.path)
