"""A bounded accuracy run on real data, and forgetting of exactly nothing."""

import numpy as np
import pytest
import swiftcl
from conftest import small_network, small_rows


def permuted_tasks(mnist, tasks, samples, tests):
    x, y, x_test, y_test = mnist
    rng = np.random.default_rng(0)
    chosen = rng.permutation(len(x))[:samples]
    for task in range(tasks):
        order = rng.permutation(784) if task else np.arange(784)
        yield x[chosen][:, order], y[chosen].astype(np.int32), x_test[:tests, order], y_test[:tests].astype(np.int32)


@pytest.mark.parametrize("sampler", ["mean", "random"])
def test_permuted_mnist(mnist, sampler):
    matrix, sets, outputs = swiftcl.AccuracyMatrix(), [], []
    net = swiftcl.Network(
        [swiftcl.dense(800, 8), swiftcl.dense(800, 8), swiftcl.head(10)], inputs=784, seed=0, sampler=sampler,
        input_type="u8", input_scale=1 / (255 * 0.3081), input_offset=-0.1307 / 0.3081, expected_tasks=3)
    with net:
        for x, y, x_test, y_test in permuted_tasks(mnist, tasks=3, samples=3000, tests=2000):
            with net.task(expected_steps=swiftcl.steps(len(x), 32, 2)) as task:
                net.fit(x, y, epochs=2, batch=32)
            sets.append((task, x_test, y_test))
            outputs.append(net.predict(task, x_test[:200]).tobytes())
            matrix.add(net.evaluate_tasks(sets))
        scores = matrix.scores()
        assert scores.average_accuracy >= 86.0
        assert scores.forgetting == 0.0
        assert [net.predict(task, x[:200]).tobytes() for task, x, _ in sets] == outputs
        assert net.accounting.macs_vs_dense < (0.06 if sampler == "random" else 0.2)


@pytest.mark.parametrize("allocation", ["fair", "greedy", "growing"])
@pytest.mark.parametrize("sampler", swiftcl.option_values("sampler"))
def test_finished_tasks_keep_their_bits(sampler, allocation):
    """Eight tasks on blocks of two units: from the third on, units must be used again."""
    sets, outputs, owned = [], [], 0
    layers = [swiftcl.dense(32, 2), swiftcl.dense(16, 2), swiftcl.head(3)]
    with small_network(layers=layers, sampler=sampler, allocation=allocation, unserved="reuse") as net:
        for number in range(8):
            x, y = small_rows(96, seed=number)
            start = ["fresh", "warm", "copy_on_write"][number % 3] if number and allocation != "growing" else "fresh"
            with net.task(expected_steps=12, start=start) as task:
                net.fit(x, y, epochs=2, batch=16, progress=False)
            owned += task.info.owned_winners
            sets.append((task, x))
            outputs.append(net.predict(task, x).tobytes())
            for (earlier, rows), bits in zip(sets, outputs):
                assert net.predict(earlier, rows).tobytes() == bits
        assert allocation == "growing" or owned > 0  # else nothing was put to the test
        with swiftcl.Network.from_bytes(net.to_bytes()) as again:
            assert [again.predict(task, rows).tobytes() for task, rows in sets] == outputs
