"""The wheel carries what it needs and works without the source tree."""

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT

PACKAGE = ROOT / "cbindings" / "python"


def has_tools():
    """pip, and a setuptools that makes wheels: by itself since 70.1. Importing it here would change distutils."""
    try:
        major, minor = importlib.metadata.version("setuptools").split(".")[:2]
        importlib.metadata.version("pip")
    except importlib.metadata.PackageNotFoundError:
        return False
    return (int(major), int(minor)) >= (70, 1) or importlib.util.find_spec("wheel") is not None


pytestmark = [
    pytest.mark.skipif(not has_tools(), reason="SKIPPED: needs pip, setuptools and wheel"),
    pytest.mark.skipif("SWIFTCL_LIBRARY" in os.environ, reason="SKIPPED: another library than the package's is tested"),
]

PROGRAM = """
import sys, numpy as np, swiftcl
assert swiftcl.__file__.startswith(sys.argv[1]), swiftcl.__file__
assert swiftcl.default_library().path.startswith(sys.argv[1]), swiftcl.default_library().path
x = np.random.default_rng(0).normal(size=(32, 4)).astype(np.float32)
y = (x[:, 0] > 0).astype(np.int32)
with swiftcl.Network([swiftcl.dense(8, 2), swiftcl.head(2)], inputs=4) as net:
    with net.task() as task:
        net.fit(x, y, epochs=50)
    print("accuracy", net.evaluate(task, x, y))
"""


def clean_environment():
    return {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "SWIFTCL_LIBRARY")}


def copy_of_tree(target):
    """What the package is built from, in a tree of its own: nothing is written into the checkout."""
    shutil.copytree(PACKAGE, target / "cbindings" / "python",
                    ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__", "_native"))
    shutil.copytree(ROOT / "include", target / "include")
    (target / "build" / "lib").mkdir(parents=True)
    import swiftcl

    library = Path(swiftcl.default_library().path)
    shutil.copyfile(library, target / "build" / "lib" / library.name)
    return target / "cbindings" / "python"


def build(source, target):
    return subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-index", "--no-build-isolation", "-w", str(target),
         str(source)], capture_output=True, text=True, env=clean_environment())


def check(wheel, folder):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(folder)
    assert {"swiftcl/_native/swiftcl.h", "swiftcl/_native/swiftcl_types.h", "swiftcl/py.typed"} <= set(names)
    assert sum(name.startswith("swiftcl/_native/libswiftcl") for name in names) == 1
    assert "-py3-none-" in wheel.name and not wheel.name.endswith("-any.whl")
    environment = dict(clean_environment(), PYTHONPATH=str(folder))
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(folder)], capture_output=True, text=True,
                          env=environment, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.split()[1]) > 90


def test_wheel_from_the_source_tree(tmp_path):
    source = copy_of_tree(tmp_path / "tree")
    done = build(source, tmp_path / "wheel")
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = (tmp_path / "wheel").iterdir()
    check(wheel, tmp_path / "installed")


def test_wheel_from_a_source_distribution(tmp_path):
    source = copy_of_tree(tmp_path / "tree")
    subprocess.run([sys.executable, "setup.py", "-q", "sdist", "-d", str(tmp_path / "sdist")], cwd=source, check=True,
                   capture_output=True, env=clean_environment())
    (archive,) = (tmp_path / "sdist").iterdir()
    shutil.rmtree(tmp_path / "tree")
    done = build(archive, tmp_path / "wheel")
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = (tmp_path / "wheel").iterdir()
    check(wheel, tmp_path / "installed")


def test_without_the_library_it_says_what_to_do(tmp_path):
    source = copy_of_tree(tmp_path / "tree")
    shutil.rmtree(tmp_path / "tree" / "build")
    done = build(source, tmp_path / "wheel")
    assert done.returncode != 0 and "Run `make`" in done.stdout + done.stderr
