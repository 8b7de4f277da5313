"""Permuted MNIST for the contenders of the whole run: the same tasks in the same order on both sides."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from common import data  # noqa: E402

TASKS, WIDTH, J, BATCH = 10, 800, 8, 32
FIRST_RATE, LAST_RATE, MOMENTUM = 0.03, 0.1, 0.9  #: the last rate is a share of the first


def tasks():
    """(x_train, y_train, x_test, y_test) as bytes, and the order of pixels of each task, from seed 0."""
    rng = np.random.default_rng(0)
    return data.mnist(), [np.arange(784)] + [rng.permutation(784) for _ in range(TASKS - 1)]
