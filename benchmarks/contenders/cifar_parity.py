"""CIFAR-10 for both sides of the comparison with PyTorch: the same network, rows, orders and rates."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from common import data  # noqa: E402, F401

WIDTHS, CLASSES, BATCH = (16, 32, 32, 64), 10, 32  #: three convolutions of 3 x 3, each with a pooling; one dense layer
FIRST_RATE, LAST_RATE, MOMENTUM = 0.01, 0.1, 0.9  #: the last rate is a share of the first


def orders(seed, rows, epochs):
    """The order of rows in every epoch."""
    rng = np.random.default_rng(seed)
    return [rng.permutation(rows) for _ in range(epochs)]
