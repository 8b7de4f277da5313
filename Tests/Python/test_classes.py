"""Classes across tasks: the class head beside numpy, the rules, and the evaluation of all tasks."""

import numpy as np
import pytest
import swiftcl
from conftest import learn, small_network

RULES = ["last_mask", "max_logit", "class_head", "max_probability", "lowest_entropy"]
TASKS = [[0, 1], [2, 3], [4, 5]]


def rows_of(classes, rows=240, seed=0):
    """Clouds of six classes in eight dimensions."""
    centres = np.random.default_rng(9).normal(0, 1.5, (6, 8))
    rng = np.random.default_rng(seed)
    y = rng.choice(classes, rows).astype(np.int32)
    return (centres[y] + rng.normal(0, 0.7, (rows, 8))).astype(np.float32), y


@pytest.fixture
def learned():
    options = dict(inputs=8, layers=[swiftcl.dense(24, 4), swiftcl.dense(16, 4), swiftcl.head(6)], max_batch=32,
                   expected_tasks=3, replay="er", replay_rows=60, replay_policy="balanced", replay_store="at_end",
                   class_head=True, seed=3)
    with small_network(**options) as net:
        for number, classes in enumerate(TASKS):
            learn(net, *rows_of(classes, seed=number), epochs=2, classes=list(range(classes[-1] + 1)))
        yield net


def features(net, x):
    found = []
    for task in net.tasks:
        h = x.astype(np.float64)
        for layer in range(2):
            weights, biases = net.parameters(task, layer)
            h = np.maximum(h @ weights.T + biases, 0)
        found.append(h)
    return np.concatenate(found, 1)


def mix(value):
    mask = (1 << 64) - 1
    z = (value + 0x9E3779B97F4A7C15) & mask
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    return z ^ (z >> 31)


def key(value, coordinate):
    return mix(value ^ ((coordinate * 0xD6E8FEB86659FD93) & ((1 << 64) - 1)))


def permuted(index, count, seed):
    """The library's table-free permutation: a Feistel network, walked until it lands inside."""
    half = 1
    while 1 << (2 * half) < count:
        half += 1
    mask, value = (1 << half) - 1, index
    while True:
        left, right = value >> half, value & mask
        for number in range(4):
            turned = ((right * 4 + number) * 0xD6E8FEB86659FD93) & ((1 << 64) - 1)
            left, right = right, left ^ (mix(seed ^ turned) & mask)
        value = left << half | right
        if value < count:
            return value


def numpy_head(net, seed, epochs=30, rate=2e-3, decay=1e-4, floor=0.1):
    """docs/algorithms.md B.6."""
    kept = [net.replay_row(n) for n in range(net.replay_info().rows)]
    y = np.array([label for _, label, _ in kept])
    f = features(net, np.stack([row for row, _, _ in kept]))
    mean, deviation = f.mean(0), f.std(0)
    x = (f - mean) / (deviation + floor)
    classes = np.unique(y)
    target = np.searchsorted(classes, y)
    w, b = np.zeros((len(classes), x.shape[1])), np.zeros(len(classes))
    moments = [0 * w, 0 * w, 0 * b, 0 * b]
    step = 0
    for epoch in range(epochs):
        start = key(key(key(mix(seed), 14), 0), epoch)
        order = [permuted(n, len(y), start) for n in range(len(y))]
        for first in range(0, len(y), 32):
            chosen = order[first:first + 32]
            z = x[chosen] @ w.T + b
            p = np.exp(z - z.max(1, keepdims=True))
            p /= p.sum(1, keepdims=True)
            p[np.arange(len(chosen)), target[chosen]] -= 1
            p /= len(chosen)
            step += 1
            for value, gradient, i in ((w, p.T @ x[chosen] + decay * w, 0), (b, p.sum(0), 2)):
                moments[i] = 0.9 * moments[i] + 0.1 * gradient
                moments[i + 1] = 0.999 * moments[i + 1] + 0.001 * gradient * gradient
                value -= rate * (moments[i] / (1 - 0.9 ** step)) / (
                    np.sqrt(moments[i + 1] / (1 - 0.999 ** step)) + 1e-8)
    return lambda rows: ((features(net, rows) - mean) / (deviation + floor)) @ w.T + b


def test_the_head_is_numpys(learned):
    info = learned.fit_class_head()
    assert info.fitted and info.tasks == 3 and info.classes == 6 and info.rows == 60
    x, y = rows_of(range(6), 200, 77)
    expected = numpy_head(learned, seed=3)(x)
    found = learned.class_scores(x, "class_head")
    assert np.abs(found - expected).max() < 2e-3 * max(1, np.abs(expected).max())
    labels = learned.predict_classes(x, "class_head")
    assert (labels == found.argmax(1)).all() and (labels == y).mean() > 0.8
    assert learned.class_head == info


def test_options_of_the_fit(learned):
    x, _ = rows_of(range(6), 50, 5)
    learned.fit_class_head(epochs=3, learning_rate=0.01, weight_decay=0.1, deviation_floor=1.0)
    expected = numpy_head(learned, 3, epochs=3, rate=0.01, decay=0.1, floor=1.0)(x)
    assert np.abs(learned.class_scores(x, "class_head") - expected).max() < 1e-3
    for bad in (dict(epochs=0), dict(learning_rate=float("nan")), dict(deviation_floor=0.0)):
        with pytest.raises(swiftcl.ArgumentError):
            learned.fit_class_head(**bad)
    with pytest.raises(TypeError):
        learned.fit_class_head(epoch=3)


def test_rules(learned):
    learned.fit_class_head()
    x, y = rows_of(range(6), 200, 77)
    logits = learned.predict_tasks(learned.tasks, x)
    own = [z[:, 2 * t:2 * t + 2] for t, z in enumerate(logits)]
    soft = [np.exp(z - z.max(1, keepdims=True)) for z in logits]
    soft = [(p / p.sum(1, keepdims=True))[:, 2 * t:2 * t + 2] for t, p in enumerate(soft)]
    pairs = [np.exp(z - z.max(1, keepdims=True)) for z in own]
    pairs = [p / p.sum(1, keepdims=True) for p in pairs]
    entropy = np.stack([-(p * np.log(p + 1e-30)).sum(1) for p in pairs], 1)
    task = entropy.argmin(1)
    wanted = {
        "last_mask": logits[-1].argmax(1),
        "max_logit": np.concatenate(own, 1).argmax(1),
        "max_probability": np.concatenate(soft, 1).argmax(1),
        "lowest_entropy": 2 * task + np.stack(own, 1)[np.arange(len(x)), task].argmax(1),
        "class_head": learned.class_scores(x, "class_head").argmax(1),
    }
    for rule in RULES:
        found = learned.predict_classes(x, rule)
        assert (found == wanted[rule]).mean() > 0.98, rule
        assert (learned.infer_task(x, rule) == found // 2).all()
        if rule != "lowest_entropy":
            scores = learned.class_scores(x, rule)
            assert scores.shape == (200, 6) and (scores.argmax(1) == found).all()
    with pytest.raises(ValueError):
        learned.predict_classes(x, "loudest")
    with pytest.raises(swiftcl.ArgumentError):
        learned.predict_classes(x, 9)
    with pytest.raises(swiftcl.ArgumentError):
        learned.class_scores(x, "lowest_entropy")


def test_evaluate_all(learned):
    learned.fit_class_head()
    sets = [(t, *rows_of(classes, 100, 50 + t)) for t, classes in enumerate(TASKS)]
    matrices = swiftcl.ProtocolMatrices(4, 6)
    for count in (1, 2, 3):
        report = learned.evaluate_all(sets[:count], "class_head", matrices)
    row = [100 * (learned.predict_classes(x, "class_head") == y).mean() for _, x, y in sets]
    assert np.allclose(matrices.class_il[2, :3], row) and np.isnan(matrices.class_il[2, 3])
    assert np.isclose(report.class_accuracy, np.mean(row)) and report.rows == 300 and report.tasks == 3
    known = [100 * (np.array(TASKS[t])[learned.predict(t, x)[:, TASKS[t]].argmax(1)] == y).mean() for t, x, y in sets]
    assert np.allclose(matrices.task_il[2, :3], known) and np.isclose(report.task_accuracy, np.mean(known))
    confusion = np.zeros((6, 6), int)
    for _, x, y in sets:
        np.add.at(confusion, (y, learned.predict_classes(x, "class_head")), 1)
    assert (matrices.confusion == confusion).all()
    assert report.class_forgetting == 0 and report.task_transfer == 0
    assert np.isnan(learned.evaluate_all(sets).class_forgetting)
    with pytest.raises(swiftcl.NonFiniteError):
        learned.evaluate_all(sets, "class_head", swiftcl.ProtocolMatrices(3, 6))
    with pytest.raises(swiftcl.Error):
        learned.evaluate_all(sets, "class_head", swiftcl.ProtocolMatrices(2, 6))


def test_a_checkpoint_keeps_the_head(learned):
    x, _ = rows_of(range(6), 50, 5)
    learned.fit_class_head()
    with swiftcl.Network.from_bytes(learned.to_bytes()) as twin:
        assert twin.class_head == learned.class_head and twin.to_bytes() == learned.to_bytes()
        assert (twin.class_scores(x, "class_head") == learned.class_scores(x, "class_head")).all()


def test_classes_appear():
    """A head of two to begin with; memory, class head and scores grow."""
    with small_network(inputs=8, layers=[swiftcl.dense(24, 4), swiftcl.head(2)], expected_tasks=3, replay="er",
                       replay_rows=40, replay_policy="balanced", class_head=True) as net:
        for number, classes in enumerate(TASKS):
            learn(net, *rows_of(classes, seed=number), epochs=2, classes=list(range(classes[-1] + 1)))
            assert net.fit_class_head().classes == classes[-1] + 1
        x, y = rows_of(range(6), 200, 77)
        assert net.class_scores(x, "class_head").shape == (200, 6)
        assert (net.predict_classes(x, "class_head") == y).mean() > 0.75
        assert net.replay_info().classes == 6 and (net.replay_counts() > 0).all()


@pytest.mark.parametrize("rule", RULES)
def test_nothing_to_ask(net, rule):
    with pytest.raises(swiftcl.StateError):
        net.predict_classes(np.zeros((1, net.inputs), np.float32), rule)


def test_network_without_a_head(net):
    assert not net.class_head.fitted and net.class_head.bytes == 0
    with pytest.raises(swiftcl.StateError):
        net.fit_class_head()


@pytest.mark.parametrize("options, word", [
    (dict(class_head=True), "class_head"), (dict(replay_new_rows="masked"), "replay_new_rows"),
    (dict(class_head=2, replay_rows=5), "class_head"),
])
def test_descriptions(options, word):
    with pytest.raises(swiftcl.ArgumentError) as excinfo:
        small_network(**options)
    assert word in excinfo.value.message
