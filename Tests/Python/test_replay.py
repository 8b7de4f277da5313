"""The replay memory: what it keeps, what a step recalls, and what that is good for."""

import numpy as np
import pytest
import swiftcl
from conftest import learn, small_network, small_rows


def replaying(kind="er", **options):
    return small_network(**{**dict(replay=kind, replay_rows=30, replay_batch=16), **options})


def test_rows_come_back():
    x, y = small_rows()
    with replaying(replay_rows=100, replay_store="explicit") as net:
        with net.task():
            net.train_step(x, y)
            assert net.replay_info().rows == 0
            net.replay_add(x, y)
            assert list(net.replay_counts()) == list(np.bincount(y, minlength=3))
            for n in range(len(x)):
                row, label, task = net.replay_row(n)
                assert (row == x[n]).all() and label == y[n] and task == 0


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int16])
def test_integers_stay_integers(dtype):
    x = np.arange(40, dtype=dtype).reshape(10, 4)
    with replaying(input_type=dtype) as net:
        with net.task():
            net.replay_add(x, np.zeros(10, np.int32))
            row, _, _ = net.replay_row(9)
            assert row.dtype == dtype and (row == x[9]).all()
            assert net.replay_info().row_bytes == x[0].nbytes


def test_rows_in_eight_bits():
    x, y = small_rows()
    step = (4 - -4) / 255
    with replaying(replay_rows=100, replay_store="explicit", replay_u8=1, replay_low=-4, replay_high=4) as net:
        with net.task():
            net.replay_add(x, y)
            for n in range(len(x)):
                row, label, _ = net.replay_row(n)
                assert label == y[n] and np.abs(row - np.clip(x[n], -4, 4)).max() <= step * 0.501
            assert net.replay_info().row_bytes == x[0].nbytes
    with pytest.raises(swiftcl.ArgumentError, match="replay_high"):
        replaying(replay_u8=1)


def test_plan_and_bytes():
    layers = [swiftcl.dense(8, 4), swiftcl.head(3)]
    plan = swiftcl.plan(layers, 4, replay_bytes=10_000, replay="der")
    assert 9_000 < plan.replay_bytes <= 10_000
    assert swiftcl.plan(layers, 4).replay_bytes == 0
    with small_network(replay_bytes=10_000, replay="der", fixed_memory=True) as net:
        info = net.replay_info()
        assert info.bytes <= 10_000 and info.capacity > 100


@pytest.mark.parametrize("store", ["presented", "at_end"])
@pytest.mark.parametrize("policy", ["reservoir", "balanced"])
def test_policies(policy, store):
    x, y = small_rows(600)
    rare = np.flatnonzero(y == 2)[20:]
    x, y = np.delete(x, rare, 0), np.delete(y, rare)
    with replaying(replay_policy=policy, replay_store=store) as net:
        learn(net, x, y)
        counts = net.replay_counts()
        assert counts.sum() == 30 and net.replay_info().seen == 2 * len(x)
        assert counts[2] <= 6 if policy == "reservoir" else counts.min() >= 9


@pytest.mark.parametrize("kind", ["er", "der", "derpp", "distill"])
def test_what_is_recalled_is_remembered(kind):
    """One dense network, all classes in every task: without replay the first class is lost."""
    x, y = small_rows(600)
    old = y == 0
    accuracies = []
    for replay in ("none", kind):
        with small_network(layers=[swiftcl.dense(16), swiftcl.head(3)], sharing="shared", replay=replay,
                           replay_rows=60, replay_batch=16, replay_alpha=0.5, seed=5) as net:
            # Logits are stored for the classes that the task has: DER needs the others as well.
            learn(net, x[old], y[old], epochs=4, classes=None if kind == "der" else [0])
            task = learn(net, x[~old], y[~old], epochs=8)
            accuracies.append(net.evaluate(task, x[old], y[old]))
    assert accuracies[0] < 50 and accuracies[1] > 80, accuracies


def test_a_step_says_what_it_recalled():
    x, y = small_rows()
    with replaying("derpp", replay_recall="any") as net:
        with net.task():
            assert net.train_step(x, y).replay_rows == 0
            step = net.train_step(x[:8], y[:8])
            assert step.rows == 8 and step.replay_rows == 32 and step.replay_loss > 0


def test_resume():
    x, y = small_rows(200)
    with replaying("derpp", replay_policy="balanced") as net:
        learn(net, x, y)
        net.begin_task()
        net.fit(x[:64], y[:64], progress=False)
        with swiftcl.Network.from_bytes(net.to_bytes()) as twin:
            assert twin.replay_info() == net.replay_info()
            for n in range(5):
                rows = slice(32 * n, 32 * n + 32)
                assert net.train_step(x[rows], y[rows]) == twin.train_step(x[rows], y[rows])
            assert net.to_bytes() == twin.to_bytes()


def test_forget():
    x, y = small_rows(200)
    with replaying() as net:
        learn(net, x, y)
        counts = net.replay_counts()
        assert net.replay_forget(label=1) == counts[1]
        assert net.replay_forget(row=0) == 1
        with pytest.raises(swiftcl.LabelError):
            net.replay_forget(label=1)
        with pytest.raises(swiftcl.ArgumentError):
            net.replay_forget(row=29)
        with pytest.raises(swiftcl.UnknownTaskError):
            net.replay_forget(task=4)
        with pytest.raises(TypeError):
            net.replay_forget(task=0, row=1)
        assert net.replay_forget(task=0) == 29 - counts[1]
        assert net.replay_info().rows == 0


@pytest.mark.parametrize("options, word", [
    (dict(replay="er", replay_rows=0), "replay_bytes"), (dict(replay_rows=0, replay_bytes=10), "at least"),
    (dict(loss="mse"), "CROSS_ENTROPY"), (dict(replay_batch=0), "replay_batch"),
    (dict(replay_alpha=float("nan")), "replay_alpha"), (dict(distill_temperature=0.0), "distill_temperature"),
])
def test_descriptions(options, word):
    with pytest.raises(swiftcl.ArgumentError) as excinfo:
        replaying(**options)
    assert word in excinfo.value.message


def test_network_without_a_memory(net):
    assert net.replay_info().capacity == 0
    with pytest.raises(swiftcl.StateError):
        net.replay_add(*small_rows())
