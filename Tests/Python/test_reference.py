"""A second implementation of training, in numpy and float64, from the formulas alone.

The library and the reference start from the same parameters and see the same
batches; losses, parameters and posteriors must stay together.
"""

import numpy as np
import pytest
import swiftcl


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


class Sgd:
    """v = momentum v + g;  w -= rate v."""

    def __init__(self, momentum=0.9):
        self.momentum, self.velocity = momentum, {}

    def update(self, key, value, gradient, rate):
        self.velocity[key] = self.momentum * self.velocity.get(key, 0.0) + gradient
        value -= rate * self.velocity[key]


class Adam:
    """Kingma and Ba, with both moments corrected for their start at zero."""

    def __init__(self, epsilon=1e-8, beta1=0.9, beta2=0.999):
        self.epsilon, self.beta1, self.beta2, self.state = epsilon, beta1, beta2, {}

    def update(self, key, value, gradient, rate):
        m, v, t = self.state.get(key, (0.0, 0.0, 0))
        t += 1
        m = self.beta1 * m + (1 - self.beta1) * gradient
        v = self.beta2 * v + (1 - self.beta2) * gradient**2
        self.state[key] = m, v, t
        value -= rate * (m / (1 - self.beta1**t)) / (np.sqrt(v / (1 - self.beta2**t)) + self.epsilon)


class Reference:
    """Dense layers with a gate per unit (mean-field competition) and ReLU after the gate.

    Candidates that leave stay in the arrays with a gate of 0. ``rates`` scale the
    learning rate entry by entry: 0 is frozen, and does not count for clipping.
    """

    def __init__(self, net, layers, optimizer, logit_rate=0.0, kl_weight=0.0, weight_decay=0.0, clip=0.0,
                 clip_per_layer=False, rates=None):
        copies = [net.parameters(swiftcl.OPEN, layer) for layer in range(layers + 1)]
        self.weights = [w.astype(np.float64) for w, _ in copies]
        self.biases = [b.astype(np.float64) for _, b in copies]
        self.optimizer, self.logit_optimizer = optimizer, Adam(epsilon=1e-12)
        self.logit_rate, self.kl_weight, self.weight_decay = logit_rate, kl_weight, weight_decay
        self.clip, self.clip_per_layer, self.rates = clip, clip_per_layer, rates or {}
        self.logits, self.decided = None, False
        if logit_rate:
            posterior = [net.winner_probabilities(swiftcl.OPEN, layer).astype(np.float64) for layer in range(layers)]
            self.logits = [np.log(pi) for pi in posterior]
            self.alive = [np.ones(pi.shape, bool) for pi in posterior]

    def posterior(self, layer):
        return softmax(np.where(self.alive[layer], self.logits[layer], -np.inf))

    def gates(self, layer):
        if not self.logits:
            return np.ones(len(self.biases[layer]))
        return (self.alive[layer] if self.decided else self.posterior(layer)).astype(float).ravel()

    def prune(self, threshold):
        """Candidates below the threshold leave, but never the most probable of a block."""
        for layer in range(len(self.logits)):
            pi = self.posterior(layer)
            best = np.arange(pi.shape[1]) == pi.argmax(1)[:, None]
            self.alive[layer] &= (pi >= threshold) | best
        self.decided = all((alive.sum(1) == 1).all() for alive in self.alive)

    def adopt(self, net):
        """Takes the library's values, so that roundings of many steps do not add up; its own momenta stay."""
        for layer in range(len(self.weights)):
            weights, biases = net.parameters(swiftcl.OPEN, layer)
            rows, columns = (np.zeros(size, bool) for size in self.weights[layer].shape)
            rows[self.units(layer)], columns[self.units(layer - 1)] = True, True
            self.weights[layer][np.ix_(rows, columns)] = weights
            self.biases[layer][rows] = biases
        for layer in range(0 if self.decided else len(self.logits)):
            alive = self.alive[layer]
            self.logits[layer][alive] = np.log(net.winner_probabilities(swiftcl.OPEN, layer)[alive])

    def units(self, layer):
        """Which units of a layer the packed parameters have."""
        if not self.logits or layer < 0 or layer >= len(self.logits):
            return slice(None)
        return self.alive[layer].ravel()

    def forward(self, x):
        inputs, linear = [x.astype(np.float64)], []
        for layer in range(len(self.weights) - 1):
            linear.append(inputs[-1] @ self.weights[layer].T + self.biases[layer])
            inputs.append(np.maximum(self.gates(layer) * linear[-1], 0))
        return inputs, linear, inputs[-1] @ self.weights[-1].T + self.biases[-1]

    def step(self, x, target, rate, loss):
        """One step; returns the loss before it, the KL term and the gradient's norm."""
        inputs, linear, z = self.forward(x)
        value_of_loss, delta = loss(z, target)
        gradients, kl = {}, 0.0
        for layer in reversed(range(len(self.weights))):
            if layer < len(linear):
                gate = self.gates(layer)
                delta = delta * (gate * linear[layer] > 0)
                if self.logits and not self.decided:
                    pi, alive = self.posterior(layer), self.alive[layer]
                    log = np.log(np.where(alive, pi, 1.0))
                    reward = (delta * linear[layer]).sum(0).reshape(pi.shape)
                    slope = pi * (reward - (pi * reward).sum(1, keepdims=True))
                    entropy = -(pi * log).sum(1, keepdims=True)
                    scale = self.kl_weight / len(pi)
                    gradients["logits", layer] = slope + scale * pi * (log + entropy)
                    kl += scale * (np.log(alive.sum(1, keepdims=True)) - entropy).sum()
                delta = delta * gate
            gradients["weights", layer] = delta.T @ inputs[layer]
            gradients["biases", layer] = delta.sum(0)
            delta = delta @ self.weights[layer]
        moving = {key: (g * (self.rates.get(key, 1.0) != 0)) for key, g in gradients.items() if key[0] != "logits"}
        squares = {layer: (moving["weights", layer]**2).sum() + (moving["biases", layer]**2).sum()
                   for layer in range(len(self.weights))}
        norm = np.sqrt(sum(squares.values()))
        for key, gradient in gradients.items():
            if key[0] == "logits":
                self.logit_optimizer.update(key, self.logits[key[1]], gradient, self.logit_rate)
                continue
            length = np.sqrt(squares[key[1]]) if self.clip_per_layer else norm
            gradient = gradient * (min(1.0, self.clip / length) if self.clip else 1.0)
            value = getattr(self, key[0])[key[1]]
            if key[0] == "weights":
                gradient = gradient + self.weight_decay * value
            self.optimizer.update(key, value, gradient, rate * self.rates.get(key, 1.0))
        return value_of_loss, kl, norm


def cross_entropy(z, y):
    p = softmax(z)
    rows = np.arange(len(y))
    return -np.log(p[rows, y]).mean(), (p - np.eye(z.shape[1])[y]) / len(y)


def squared_error(z, target):
    return ((z - target) ** 2).mean(), 2 * (z - target) / z.size


def batches(count, rows=24, inputs=20, classes=5, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(classes, inputs))
    for _ in range(count):
        y = rng.integers(0, classes, rows).astype(np.int32)
        yield (centres[y] + rng.normal(0, 0.7, (rows, inputs))).astype(np.float32), y


def network(block_size=4, **options):
    given = dict(inputs=20, seed=7, expected_tasks=1)
    given.update(options)
    return swiftcl.Network([swiftcl.dense(48, block_size), swiftcl.dense(32, block_size), swiftcl.head(5)], **given)


def assert_together(net, reference, tolerance):
    for layer in range(3):
        weights, biases = net.parameters(swiftcl.OPEN, layer)
        rows, columns = reference.units(layer), reference.units(layer - 1)
        np.testing.assert_allclose(weights, reference.weights[layer][rows][:, columns], rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(biases, reference.biases[layer][rows], rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("options, reference_options", [
    (dict(), dict()),
    (dict(momentum=0.0, learning_rate=0.1), dict(optimizer=Sgd(0.0))),
    (dict(weight_decay=0.01), dict(weight_decay=0.01)),
    (dict(clip_norm=0.5), dict(clip=0.5)),
    (dict(clip_norm=0.3, weight_decay=0.02), dict(clip=0.3, weight_decay=0.02)),
    (dict(clip_norm=0.3, clip_scope="layer"), dict(clip=0.3, clip_per_layer=True)),
    (dict(optimizer="adam", learning_rate=0.003), dict(optimizer=Adam())),
    (dict(optimizer="adam", learning_rate=0.003, weight_decay=0.01, schedule="constant"),
     dict(optimizer=Adam(), weight_decay=0.01)),
], ids=["momentum", "plain", "decay", "clipped", "clipped-decay", "clipped-layers", "adam", "adam-decay"])
def test_specialise(options, reference_options):
    with network(sampler="random", **options) as net:
        net.begin_task(expected_steps=60)
        given = dict(optimizer=Sgd())
        given.update(reference_options)
        reference = Reference(net, 2, **given)
        assert reference.weights[0].shape == (12, 20) and reference.weights[1].shape == (8, 12)
        rates = []
        for x, y in batches(60):
            step = net.train_step(x, y)
            value, _, norm = reference.step(x, y, step.learning_rate, cross_entropy)
            rates.append(step.learning_rate)
            assert step.loss == pytest.approx(value, rel=2e-4, abs=1e-5) and step.kl == 0
            if "clip_norm" in options:
                assert step.gradient_norm == pytest.approx(norm, rel=1e-3)
        assert_together(net, reference, 5e-4)
        base = options.get("learning_rate", 0.03)
        last = base if options.get("schedule") == "constant" else 0.1 * base
        np.testing.assert_allclose(rates, np.linspace(base, last, 60), rtol=1e-5)


def test_specialise_with_squared_error():
    with network(sampler="random", loss="mse", learning_rate=0.01) as net:
        net.begin_task(expected_steps=40)
        reference = Reference(net, 2, Sgd())
        for x, y in batches(40):
            target = np.stack([x[:, :5].sum(1) * 0.1] * 5, 1) * np.arange(1, 6, dtype=np.float32)
            step = net.train_step_targets(x, target)
            value, _, _ = reference.step(x, target, step.learning_rate, squared_error)
            assert step.loss == pytest.approx(value, rel=2e-4, abs=1e-5)
        assert_together(net, reference, 5e-4)


def test_masked_classes():
    with network(sampler="random") as net:
        net.begin_task(classes=[4, 1, 2], expected_steps=30)
        reference = Reference(net, 2, Sgd())
        assert reference.weights[2].shape == (3, 8)
        column = {4: 0, 1: 1, 2: 2}
        for x, y in batches(30):
            keep = np.isin(y, [4, 1, 2])
            x, y = x[keep], y[keep]
            step = net.train_step(x, y)
            columns = np.array([column[label] for label in y])
            value, _, _ = reference.step(x, columns, step.learning_rate, cross_entropy)
            assert step.loss == pytest.approx(value, rel=2e-4, abs=1e-5)
        assert_together(net, reference, 5e-4)


@pytest.mark.parametrize("kl_weight", [1e-3, 1.0])
def test_mean_field_competition(kl_weight):
    with network(sampler="mean", prune_threshold=0, kl_weight=kl_weight, logit_init=0.5) as net:
        net.begin_task(expected_steps=100, compete_steps=swiftcl.UNTIL_END)
        reference = Reference(net, 2, Sgd(), logit_rate=0.5, kl_weight=kl_weight)
        assert reference.weights[0].shape == (48, 20) and reference.weights[1].shape == (32, 48)
        for x, y in batches(8, rows=64):
            step = net.train_step(x, y)
            assert step.phase == swiftcl.Phase.COMPETE and step.alive_units == 80
            value, kl, _ = reference.step(x, y, step.learning_rate, cross_entropy)
            assert step.loss == pytest.approx(value, rel=1e-3) and step.kl == pytest.approx(kl, rel=1e-3)
            for layer in (0, 1):
                np.testing.assert_allclose(net.winner_probabilities(swiftcl.OPEN, layer), reference.posterior(layer),
                                           atol=2e-3)
        assert_together(net, reference, 2e-3)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("compete_steps", [90, 45])
def test_candidates_leave_and_winners_stay(optimizer, compete_steps):
    """A whole task: competition, pruning every 20 steps, commit, and the winners alone to the end."""
    options = dict(optimizer="adam", learning_rate=0.003) if optimizer == "adam" else {}
    with network(sampler="mean", **options) as net:
        net.begin_task(expected_steps=120, compete_steps=compete_steps)
        reference = Reference(net, 2, Adam() if optimizer == "adam" else Sgd(), logit_rate=0.5, kl_weight=1e-3)
        sizes = []
        for number, (x, y) in enumerate(batches(120, rows=64), start=1):
            step = net.train_step(x, y)
            value, kl, _ = reference.step(x, y, step.learning_rate, cross_entropy)
            assert step.loss == pytest.approx(value, rel=1e-5, abs=1e-6)
            assert step.kl == pytest.approx(kl, rel=1e-4, abs=1e-7)
            if not reference.decided and number == compete_steps:
                reference.prune(1.0)
            elif not reference.decided and number % 20 == 0:
                reference.prune(0.1)
            for layer in (0, 1):
                assert np.array_equal(net.winner_mask(swiftcl.OPEN, layer), reference.alive[layer])
                np.testing.assert_allclose(net.winner_probabilities(swiftcl.OPEN, layer)[~reference.alive[layer]], 0)
                if not reference.decided:
                    np.testing.assert_allclose(net.winner_probabilities(swiftcl.OPEN, layer),
                                               reference.posterior(layer), atol=2e-3)
            assert_together(net, reference, 3e-4)
            reference.adopt(net)
            sizes.append(step.alive_units)
        assert sizes[0] == 80 and sizes[-1] == 20 and any(20 < size < 80 for size in sizes)


def soft_rates(net, earlier):
    """1 - pi(a) pi(b) by the posteriors with which an earlier task's units won; inputs and classes are certain."""
    sure = [np.ones(20)] + [net.winner_probabilities(earlier, layer).max(1) for layer in range(2)] + [np.ones(5)]
    rates = {("weights", layer): 1 - sure[layer + 1][:, None] * sure[layer] for layer in range(3)}
    rates.update({("biases", layer): 1 - sure[layer + 1] for layer in range(2)})
    return rates


def winner_pairs(net, earlier):
    """Per layer: which edges of the open task lie on an earlier ticket, and which biases."""
    same = [np.ones(20, bool)]
    for layer in range(2):
        mine, theirs = net.winners(swiftcl.OPEN, layer), net.winners(earlier, layer)
        same.append((mine == theirs)[mine >= 0])
    same.append(np.ones(5, bool))
    edges = {("weights", layer): same[layer + 1][:, None] & same[layer] for layer in range(3)}
    edges.update({("biases", layer): same[layer + 1] for layer in range(2)})
    return edges


@pytest.mark.parametrize("options", [
    dict(), dict(weight_decay=0.01), dict(clip_norm=0.3), dict(optimizer="adam", learning_rate=0.003),
    dict(protection="slow", slow_rate=0.1), dict(protection="slow", slow_rate=0.1, optimizer="adam", learning_rate=0.003),
    dict(protection="none"), dict(protection="soft"),
    dict(protection="soft", optimizer="adam", learning_rate=0.003),
], ids=["frozen", "decay", "clipped", "adam", "slow", "slow-adam", "none", "soft", "soft-adam"])
def test_edges_of_earlier_tasks(options):
    """A second task whose blocks partly use the first one's winners again: about half of them, of two units."""
    protection = options.get("protection", "frozen")
    # Only winners that were learned have a posterior below 1 for `soft` to look at.
    sampler = "mean" if protection == "soft" else "random"
    with network(2, sampler=sampler, allocation="any", prune_threshold=0, logit_learning_rate=0.1, **options) as net:
        with net.task(expected_steps=10, compete_steps=8) as first:
            for x, y in batches(10):
                net.train_step(x, y)
        x_first, _ = next(batches(1, rows=50, seed=8))
        before, kept = net.predict(first, x_first), [net.parameters(first, layer) for layer in range(3)]
        net.begin_task(expected_steps=60)
        if sampler == "mean":
            net.commit_task()  # the posterior is fresh: its winners are as good as random
        edges = winner_pairs(net, first)
        for layer, blocks in enumerate((24, 16)):
            same = edges["biases", layer]
            assert same.size == blocks and 0.2 < same.mean() < 0.8
        assert all(mask.any() for mask in edges.values())
        assert not all(mask.all() for mask in edges.values())
        if protection == "soft":
            share = soft_rates(net, first)
            assert all(0.05 < share[key][mask].min() and share[key][mask].max() < 0.95 for key, mask in edges.items()
                       if key[0] == "weights")
        else:
            share = dict.fromkeys(edges, {"frozen": 0.0, "slow": 0.1, "none": 1.0}[protection])
        rates = {key: np.where(mask, share[key], 1.0) for key, mask in edges.items()}
        reference = Reference(net, 2, Adam() if "optimizer" in options else Sgd(), rates=rates,
                              weight_decay=options.get("weight_decay", 0.0), clip=options.get("clip_norm", 0.0))
        start = [w.copy() for w in reference.weights]
        for x, y in batches(60, seed=5):
            step = net.train_step(x, y)
            value, _, norm = reference.step(x, y, step.learning_rate, cross_entropy)
            assert step.loss == pytest.approx(value, rel=5e-4, abs=1e-5)
            if "clip_norm" in options:
                assert step.gradient_norm == pytest.approx(norm, rel=1e-3)
        assert_together(net, reference, 1e-3)
        if protection == "frozen":
            for layer in range(3):
                weights, _ = net.parameters(swiftcl.OPEN, layer)
                mask = edges["weights", layer]
                assert np.array_equal(weights[mask], start[layer][mask].astype(np.float32))
        net.end_task()
        again = [net.parameters(first, layer) for layer in range(3)]
        same = all(np.array_equal(a[part], b[part]) for a, b in zip(kept, again) for part in (0, 1))
        assert same == (protection == "frozen")
        assert np.array_equal(net.predict(first, x_first), before) == (protection == "frozen")


def test_prediction_and_evaluation():
    with network(sampler="mean") as net:
        with net.task(classes=[3, 0, 4], expected_steps=40) as task:
            for x, y in batches(40):
                keep = np.isin(y, [3, 0, 4])
                net.train_step(x[keep], y[keep])
        x, y = next(batches(1, rows=300, seed=9))
        keep = np.isin(y, [3, 0, 4])
        x, y = x[keep], y[keep]
        hidden = x.astype(np.float64)
        for layer in range(2):
            weights, biases = net.parameters(task, layer)
            hidden = np.maximum(hidden @ weights.T.astype(np.float64) + biases, 0)
        weights, biases = net.parameters(task, 2)
        logits = net.predict(task, x)
        np.testing.assert_allclose(logits, hidden @ weights.T.astype(np.float64) + biases, rtol=1e-4, atol=1e-4)
        labels = np.array([3, 0, 4])[logits.argmax(1)]
        assert np.array_equal(net.predict_labels(task, x), labels)
        accuracy = 100 * (labels == y).mean()
        assert net.evaluate(task, x, y) == pytest.approx(accuracy, abs=1e-9)
        several = net.evaluate_tasks([(task, x, y), (task, x[:7], y[:7]), (task, x[::2], y[::2])])
        assert several == pytest.approx([accuracy, 100 * (labels[:7] == y[:7]).mean(),
                                         100 * (labels[::2] == y[::2]).mean()])
        # A row's logits do not depend on the rows around it.
        assert np.array_equal(np.concatenate([net.predict(task, row[None]) for row in x]), logits)


@pytest.mark.parametrize("tasks", [1, 2, 7])
def test_scores(tasks):
    matrix = np.random.default_rng(tasks).uniform(0, 100, (tasks, tasks))
    upper = np.triu(np.ones((tasks, tasks), bool), 1)
    given = np.where(upper, np.nan, matrix)
    lower = np.where(upper, -np.inf, matrix)
    last, own = matrix[-1], matrix.diagonal()
    scores = swiftcl.score(given)
    assert scores.tasks == tasks
    assert scores.average_accuracy == pytest.approx(last.mean())
    assert scores.learning_accuracy == pytest.approx(own.mean())
    if tasks > 1:
        assert scores.forgetting == pytest.approx((lower.max(0) - last)[:-1].mean())
        assert scores.backward_transfer == pytest.approx((last - own)[:-1].mean())
    grown = swiftcl.AccuracyMatrix()
    for k in range(tasks):
        grown.add(matrix[k, :k + 1])
    assert grown.scores() == scores and len(grown) == tasks
    with pytest.raises(ValueError, match="row"):
        grown.add([1.0])
    with pytest.raises(ValueError, match="shape"):
        swiftcl.score(np.zeros((2, 3)))
