"""The library as a contender: ResNet-18 as CIFAR has it, SGD with momentum, one thread.

    swiftcl_resnet.py

    hello             the library's kernels
    step W J B N      N training steps of B rows at width W, after the commit
    memory W J B      bytes planned for the same, and by how much the process grew
"""

import resource
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

import contender
from common import settings

swiftcl = settings.import_swiftcl()
PIXELS = 3 * 32 * 32


def described(width, J, rows):
    layers = swiftcl.resnet18(width=width, block_size=J, classes=contender.CLASSES)
    return layers, PIXELS, dict(
        input_channels=3, input_layout="planar", max_batch=rows, max_tasks=1, expected_tasks=J,
        learning_rate=contender.LEARNING_RATE, momentum=contender.MOMENTUM)


def network(width, J, rows):
    layers, inputs, options = described(width, J, rows)
    net = swiftcl.Network(layers, inputs, **options)
    net.begin_task()
    return net


def batch(rows):
    random = np.random.default_rng(0)
    return (random.standard_normal((rows, PIXELS), np.float32),
            random.integers(0, contender.CLASSES, rows).astype(np.int32))


def step(width, J, rows, count):
    with network(width, J, rows) as net:
        net.commit_task()
        return {**contender.timed(net.train_step, [batch(rows)], count), "macs": net.train_step(*batch(rows)).macs}


def memory(width, J, rows):
    """All candidates compete in a step, then the winners alone; then the task ends."""
    x, y = batch(rows)
    layers, inputs, options = described(width, J, rows)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with network(width, J, rows) as net:
        net.train_step(x, y)
        net.commit_task()
        net.train_step(x, y)
        net.end_task()
        grew = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
        return {"planned": swiftcl.plan(layers, inputs, **options).total_bytes, "held": net.memory[1], "grew": grew}


def main():
    contender.serve({"hello": lambda: {"version": swiftcl.default_library().kernel_name}, "step": step,
                     "memory": memory})


if __name__ == "__main__":
    main()
