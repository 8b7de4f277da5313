"""The environment variables of a benchmark, and the package under test."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def import_swiftcl():
    """The installed package, or the one of the source tree where none is installed."""
    try:
        import swiftcl
    except ModuleNotFoundError:
        sys.path.insert(0, str(ROOT / "cbindings" / "python"))
        import swiftcl
    return swiftcl


def text(name):
    """A variable's value, or None where it is unset or empty."""
    return os.environ.get(name, "").strip() or None


def integer(name, default):
    value = text(name)
    if value is None:
        return default
    if not value.isdigit() or int(value) == 0:
        sys.exit(f"{name} is {value!r}, expected a positive integer")
    return int(value)


def integers(name, default):
    """Numbers separated by commas or spaces."""
    value = text(name)
    if value is None:
        return list(default)
    parts = value.replace(",", " ").split()
    if not all(part.isdigit() for part in parts):
        sys.exit(f"{name} is {value!r}, expected integers separated by commas")
    return [int(part) for part in parts]


def names(name, allowed, default):
    value = text(name)
    if value is None:
        return list(default)
    parts = value.replace(",", " ").split()
    for part in parts:
        if part not in allowed:
            sys.exit(f"{name} has {part!r}, expected some of {', '.join(allowed)}")
    return parts


def flag(name):
    return text(name) not in (None, "0")
