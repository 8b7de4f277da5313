"""Data removal: which examples of a task are easy, and what is left without them."""

import numpy as np
import pytest
import swiftcl
from conftest import small_network, small_rows


def following(samples=120, **options):
    return small_network(**{**dict(data_samples=samples, learning_rate=0.05, max_batch=16), **options})


def epoch(net, x, y, rng, batch=16):
    """One pass over what is kept; whether each row was right, by example."""
    order = rng.permutation(net.data_kept())
    right = {}
    for first in range(0, len(order), batch):
        ids = order[first:first + batch]
        guess = net.predict_labels(swiftcl.OPEN, x[ids])
        right.update(zip(ids.tolist(), (guess == y[ids]).tolist()))
        net.train_step(x[ids], y[ids], ids)
    return right


def hardness(history, rule):
    if rule == "misclassified":
        return sum(not right for right in history)
    if not any(history):
        return 1000
    return sum(a and not b for a, b in zip(history, history[1:]))


@pytest.mark.parametrize("rule", ["forgetting", "misclassified"])
def test_the_easiest_go(rule):
    """docs/algorithms.md B.3, from predictions made before each step."""
    x, y = small_rows(120, seed=2)
    rng = np.random.default_rng(1)
    y = np.where(rng.random(120) < 0.4, rng.integers(0, 3, 120), y).astype(np.int32)
    with following(data_rule=rule, layers=[swiftcl.dense(12), swiftcl.head(3)]) as net:
        net.begin_task()
        net.data_begin(120)
        for count in (20, 15, 10):
            history = {}
            for _ in range(4):
                for example, right in epoch(net, x, y, rng).items():
                    history.setdefault(example, []).append(right)
            before = set(net.data_kept().tolist())
            assert net.data_info().seen == len(before)
            assert net.data_remove(count) == count
            kept = set(net.data_kept().tolist())
            gone = before - kept
            assert len(gone) == count and kept < before
            score = {example: hardness(history[example], rule) for example in before}
            assert max(score[e] for e in gone) <= min(score[e] for e in kept)
        assert len(set(score.values())) > 1
        with pytest.raises(swiftcl.ArgumentError, match="removed"):
            net.train_step(x[:120][list(gone)[:1]], y[list(gone)[:1]], list(gone)[:1])


def test_the_papers_schedule():
    """7.5 % after each of four fives of 50 epochs: 77.5 % of the rows."""
    x, y = small_rows(40)
    rng = np.random.default_rng(3)
    with following(40) as net:
        with net.task():
            net.data_begin(40)
            for number in range(1, 51):
                epoch(net, x, y, rng, batch=10)
                if number % 5 == 0 and number <= 20:
                    assert net.data_remove(3) == 3
            info = net.data_info()
            assert info.kept == 28 and info.removals == 4 and info.presented == 1550
            assert info.kept_share == pytest.approx(0.775)
        assert net.data_info().samples == 0


def test_resume_and_replay():
    x, y = small_rows(60)
    rng = np.random.default_rng(4)
    with following(60, replay="derpp", replay_rows=20, replay_batch=8, replay_recall="any") as net:
        net.begin_task()
        net.data_begin(60)
        epoch(net, x, y, rng)
        rows = [net.replay_row(n) for n in range(20)]
        assert net.data_remove(12) == 12
        for n in range(20):
            assert all(np.array_equal(a, b) for a, b in zip(rows[n], net.replay_row(n)))
        epoch(net, x, y, rng)
        with swiftcl.Network.from_bytes(net.to_bytes()) as twin:
            assert twin.data_info() == net.data_info() and net.data_info().seen == 48
            epoch(net, x, y, np.random.default_rng(6))
            epoch(twin, x, y, np.random.default_rng(6))
            assert net.data_remove(9) == twin.data_remove(9) == 9
            assert (net.data_kept() == twin.data_kept()).all()
            assert net.to_bytes() == twin.to_bytes()


def test_plan():
    layers = [swiftcl.dense(8, 4), swiftcl.head(3)]
    without, plan = swiftcl.plan(layers, 4), swiftcl.plan(layers, 4, data_samples=10_000)
    assert without.data_bytes == 0 and 15_000 < plan.data_bytes < 16_000
    assert plan.total_bytes == without.total_bytes + plan.data_bytes
    with following(10_000, fixed_memory=True) as net:
        info = net.data_info()
        assert info.samples == 0 and 15_000 < info.bytes < 16_000


def test_misuse(net):
    x, y = small_rows()
    with pytest.raises(swiftcl.StateError, match="data_samples"):
        net.data_begin(3)
    assert net.data_info() == swiftcl.DataInfo(*[0] * len(net.data_info()))
    with following(20) as net:
        with pytest.raises(swiftcl.StateError, match="no task"):
            net.data_begin(20)
        with net.task():
            with pytest.raises(swiftcl.StateError, match="swiftcl_data_begin"):
                net.train_step(x[:2], y[:2], [0, 1])
            with pytest.raises(swiftcl.CapacityError):
                net.data_begin(21)
            net.data_begin(20)
            for ids, word in (([0, 20], "below"), ([4, 4], "index 0"), ([1, 2**32 - 1], "below")):
                with pytest.raises(swiftcl.ArgumentError, match=word):
                    net.train_step(x[:2], y[:2], ids)
            for ids, kind in (([0], ValueError), ([0.5, 1.5], TypeError), ([-1, 0], TypeError), ([2**32, 0], TypeError)):
                with pytest.raises(kind, match="ids"):
                    net.train_step(x[:2], y[:2], ids)
            net.train_step(x[:2], y[:2], [19, 0])
            for count in (20, 21, 2**63):
                with pytest.raises(swiftcl.ArgumentError, match="count"):
                    net.data_remove(count)
            assert net.data_remove(19) == 2 and net.data_info().presented == 2
            assert list(net.data_kept()) == list(range(1, 19))


@pytest.mark.parametrize("options, word", [
    (dict(data_samples=2**30 + 1), "data_samples"), (dict(data_rule=7), "data_rule"), (dict(loss="mse"), "loss"),
])
def test_descriptions(options, word):
    with pytest.raises(swiftcl.ArgumentError, match=word):
        following(**options)
