"""libswiftcl learning permuted MNIST task by task, through the Python package.

    task N      learns task N (0, 1, ... in order); seconds of begin, fit and end
    accuracy    of every task so far, percent
"""

import numpy as np

import contender
import permuted
from common.runs import swiftcl


def main():
    (x, y, x_test, y_test), orders = permuted.tasks()
    layers = [swiftcl.dense(permuted.WIDTH, permuted.J), swiftcl.dense(permuted.WIDTH, permuted.J), swiftcl.head(10)]
    # As the rows with bars of permuted-mnist.py.
    net = swiftcl.Network(layers, seed=0, sampler="mean", expected_tasks=permuted.TASKS, max_tasks=16,
                          unserved="reuse", **permuted.data.MNIST_INPUT)
    learned = []

    def task(number):
        rows = np.ascontiguousarray(x[:, orders[number]])
        steps = swiftcl.steps(len(rows), permuted.BATCH, 1)
        watch = contender.Stopwatch()
        with net.task(expected_steps=steps) as opened:
            net.fit(rows, y, epochs=1, batch=permuted.BATCH, progress=False)
        spent, wall = watch.stop()
        learned.append((opened, np.ascontiguousarray(x_test[:, orders[number]])))
        return {"seconds": 1e-9 * spent, "wall_seconds": 1e-9 * wall, "steps": steps}

    def accuracy():
        return {"accuracy": [net.evaluate(opened, rows, y_test) for opened, rows in learned],
                "macs_vs_dense": net.accounting.macs_vs_dense}

    contender.serve({"task": task, "accuracy": accuracy})


if __name__ == "__main__":
    main()
