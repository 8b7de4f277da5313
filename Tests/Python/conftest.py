"""Fixtures of the Python tests.

They run against the installed package (`make python-tests`), or against the
source tree when the package is not installed.
"""

import gzip
import os
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]

try:
    import swiftcl
except ModuleNotFoundError:
    sys.path.insert(0, str(ROOT / "cbindings" / "python"))
    import swiftcl


def small_network(**options):
    """4 inputs, two layers of 8 units in blocks of 4, 3 classes."""
    given = dict(inputs=4, seed=3, max_batch=64)
    given.update(options)
    layers = given.pop("layers", None) or [swiftcl.dense(8, 4), swiftcl.dense(8, 4), swiftcl.head(3)]
    return swiftcl.Network(layers, **given)


def small_rows(rows=48, seed=0, inputs=4, classes=3):
    """Gaussian clusters, one a class: x float32 (rows, inputs), y int32 (rows,)."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 2, (classes, inputs))
    y = rng.integers(0, classes, rows).astype(np.int32)
    x = (centres[y] + rng.normal(0, 0.5, (rows, inputs))).astype(np.float32)
    return x, y


def learn(net, x, y, epochs=2, batch=16, **options):
    """One task from begin to end; its handle."""
    with net.task(expected_steps=swiftcl.steps(len(x), batch, epochs), **options) as task:
        net.fit(x, y, epochs=epochs, batch=batch, progress=False)
    return task


@pytest.fixture
def net():
    with small_network() as network:
        yield network


@pytest.fixture(scope="session")
def mnist():
    """(x_train, y_train, x_test, y_test) as bytes, or a skip where there is no data."""
    folder = Path(os.environ.get("SWIFTCL_DATA") or ROOT / ".." / "shared" / "data") / "mnist"
    if not folder.is_dir():
        pytest.skip("SKIPPED: no MNIST under SWIFTCL_DATA (default ../shared/data)")

    def read(name):
        raw = gzip.decompress((folder / name).read_bytes())
        shape = [int.from_bytes(raw[4 + 4 * i:8 + 4 * i], "big") for i in range(raw[3])]
        return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(shape)

    return (
        read("train-images-idx3-ubyte.gz").reshape(-1, 784), read("train-labels-idx1-ubyte.gz"),
        read("t10k-images-idx3-ubyte.gz").reshape(-1, 784), read("t10k-labels-idx1-ubyte.gz"),
    )
