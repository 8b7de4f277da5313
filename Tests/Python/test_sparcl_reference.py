"""A second implementation of sparse training (docs/algorithms.md B.1 to B.4), in numpy and float64.

The library and the reference start from the same parameters and masks and see the same batches; parameters must
stay together, and every mask must be one that the scores allow. Which weights are taken back by chance only the
library knows: there the reference takes its mask over, after it was checked.

What is assumed of the order of a step, with t the steps of the task before it:
 1. gradients of the rows given and of the rows recalled, by themselves, at the weights before the step;
 2. where t is a multiple of gradient_interval: the entries with the largest gradients among the kept weights are
    chosen anew, and they alone move in this step and in those up to the next choice: the others stand still, whatever
    momentum they have;
 3. the optimiser's step on the kept weights;
 4. where t is a multiple of mask_interval, 0 included: the update of the masks, scored by the weights after 3 and
    the gradients of 1. Weights taken back are 0, and have no momentum.
A group of weights (one, or eight consecutive outputs of one input) counts by the sum of its
scores, or of the magnitudes of its gradients. Counts of kept groups are rounded to the nearest.
"""

from dataclasses import dataclass

import numpy as np
import pytest
import swiftcl
from test_reference import Adam, Sgd, batches, cross_entropy

INPUTS, WIDTHS, CLASSES = 20, (48, 32), 5
MASKED = (0, 1)  # the head has no mask
GROUP = {"irregular": 1, "block": 8}
KINDS = pytest.mark.parametrize("kind", list(GROUP))


def network(kind="irregular", sparsity=0.75, **options):
    """20-48-32-5, one ticket for all tasks, three weights of four masked in the first two layers."""
    given = dict(inputs=INPUTS, seed=11, sharing="shared", protection="none", sampler="random", schedule="constant",
                 sparsity=sparsity, sparsity_kind=kind)
    given.update(options)
    return swiftcl.Network([swiftcl.dense(width) for width in WIDTHS] + [swiftcl.head(CLASSES)], **given)


# ------------------------------------------------------------------ formulas


def gradients(weights, biases, x, y):
    """Mean cross-entropy of the rows, and its gradients by all weights and biases."""
    inputs = [x.astype(np.float64)]
    for w, b in zip(weights[:-1], biases[:-1]):
        inputs.append(np.maximum(inputs[-1] @ w.T + b, 0))
    loss, delta = cross_entropy(inputs[-1] @ weights[-1].T + biases[-1], y)
    by_weights, by_biases = [], []
    for layer in reversed(range(len(weights))):
        by_weights.insert(0, delta.T @ inputs[layer])
        by_biases.insert(0, delta.sum(0))
        delta = (delta @ weights[layer]) * (inputs[layer] > 0)
    return loss, by_weights, by_biases


def groups(values, size):
    """What each group of `size` consecutive outputs counts: (outputs / size, inputs)."""
    outputs, inputs = values.shape
    return np.abs(values).reshape(outputs // size, size, inputs).sum(1)


def group_mask(mask, size):
    """The mask by groups; every group is kept or dropped as one."""
    outputs, inputs = mask.shape
    by_group = mask.reshape(outputs // size, size, inputs)
    assert (by_group.all(1) == by_group.any(1)).all()
    return by_group.any(1)


def spread(of_groups, size):
    """Groups back to weights."""
    return np.repeat(of_groups, size, 0)


def kept_count(count, sparsity):
    """How many of `count` groups a mask of that sparsity keeps."""
    return round((1 - sparsity) * count)


def score(weights, current, recalled, alpha, beta):
    """How much a weight matters: |w| + a |gradient of the rows given| + b |gradient of the rows recalled|."""
    return np.abs(weights) + alpha * np.abs(current) + beta * np.abs(recalled)


def bounds(values, count):
    """The cut between the `count` largest values and the others, widened by what float32 may differ."""
    ordered = np.sort(values.ravel())[::-1]
    cut, slack = ordered[count - 1], 1e-4 * ordered[0] + 1e-7
    return cut - slack, cut + slack


@dataclass
class Phase:
    """What an update does: prunes to a sparsity, then grows to another."""

    prune_to: float
    grow_to: float


def phase_at(step, sparsity, intra, inter, final_step):
    """The schedule that the options make (B.2): expand as a task begins, shrink and expand, only prune at last."""
    if final_step and step >= final_step:
        return Phase(sparsity, sparsity)
    if step == 0:
        return Phase(sparsity, sparsity - inter)
    return Phase(sparsity + intra, sparsity)


# ----------------------------------------------------------------- reference


class SparseReference:
    """Weights, masks and optimiser of the open task, begun from what the library has."""

    def __init__(self, net, kind, optimizer, weight_decay=0.0, clip=0.0):
        self.size, self.optimizer, self.weight_decay, self.clip = GROUP[kind], optimizer, weight_decay, clip
        copies = [net.parameters(swiftcl.OPEN, layer) for layer in range(len(WIDTHS) + 1)]
        self.weights = [w.astype(np.float64) for w, _ in copies]
        self.biases = [b.astype(np.float64) for _, b in copies]
        self.masks = [net.weight_mask(layer) for layer in MASKED]
        self.moving = None  # of DGM; None: all that the masks keep

    def keeps(self, layer):
        return self.masks[layer] if layer in MASKED else np.ones(self.weights[layer].shape, bool)

    def step(self, x, y, rate, recalled=None, choose=None):
        """One step of the optimiser. `choose`: gradient sparsity, where this step chooses what moves.

        Returns the loss of the rows given, and the gradients of all weights, kept or not, of the rows given and of
        those recalled.
        """
        loss, current, by_biases = gradients(self.weights, self.biases, x, y)
        again = [np.zeros_like(g) for g in current]
        if recalled is not None:
            _, again, of_biases = gradients(self.weights, self.biases, *recalled)
            by_biases = [a + b for a, b in zip(by_biases, of_biases)]
        total = [(a + b) * self.keeps(layer) for layer, (a, b) in enumerate(zip(current, again))]
        if choose is not None:
            self.moving = [self.chosen(total[layer], self.masks[layer], choose) for layer in MASKED]
        if self.moving is not None:
            for layer in MASKED:
                total[layer] *= self.moving[layer]
        norm = np.sqrt(sum((g**2).sum() for g in total + by_biases))
        scale = min(1.0, self.clip / norm) if self.clip else 1.0
        for layer, gradient in enumerate(total):
            gradient = gradient * scale + self.weight_decay * self.weights[layer]
            self.optimizer.update(("weights", layer), self.weights[layer], gradient, rate)
            self.optimizer.update(("biases", layer), self.biases[layer], by_biases[layer] * scale, rate)
        return loss, current, again

    def chosen(self, gradient, mask, gradient_sparsity):
        """The entries whose gradient is computed from now on: the largest, as many as the share of all leaves."""
        by_group = np.where(group_mask(mask, self.size), groups(gradient, self.size), -1.0)
        count = kept_count(by_group.size, gradient_sparsity)
        return spread(by_group >= np.sort(by_group.ravel())[::-1][count - 1], self.size)

    def check_update(self, layer, new_mask, new_weights, phase, importance, gradient=None):
        """Whether a mask is one that an update may make, and which groups it kept, with their weights.

        importance and gradient are of single weights; the gradient is given where it decides on what is taken back.
        """
        old, new = group_mask(self.masks[layer], self.size), group_mask(new_mask, self.size)
        counts = groups(np.where(self.masks[layer], importance, 0.0), self.size)
        holds = groups(new_weights.astype(np.float64), self.size) > 0
        survivors = kept_count(old.size, phase.prune_to)
        assert new.sum() == max(survivors, kept_count(old.size, phase.grow_to))
        low, high = bounds(counts, survivors)
        assert new[counts > high].all() and holds[counts > high].all()  # the best stay, with their weights;
        assert not holds[counts < low].any()  # the worst go, and are 0 where they are taken back;
        assert not (holds & ~old).any() and not (holds & ~new).any()  # so are those that were masked
        if low > 0:
            assert holds.sum() == survivors
        if gradient is not None:
            self.check_regrowth(old, new & ~holds, groups(gradient, self.size))
        return spread(holds, self.size)

    @staticmethod
    def check_regrowth(old, grown, gradient):
        """The largest gradients come back. What was pruned just now may be among them, or may not."""
        back, others = grown & ~old, ~old & ~grown
        if back.any():
            assert gradient[others].max() <= gradient[back].min() * (1 + 1e-3) + 1e-7

    def take_over(self, layer, new_mask, holds):
        """The library's new mask: what is not held begins at 0, without momentum."""
        self.masks[layer] = new_mask
        self.weights[layer] *= holds
        if isinstance(self.optimizer, Sgd) and ("weights", layer) in self.optimizer.velocity:
            self.optimizer.velocity["weights", layer] = self.optimizer.velocity["weights", layer] * holds


def assert_together(net, reference, tolerance=5e-4):
    for layer in range(len(WIDTHS) + 1):
        weights, biases = net.parameters(swiftcl.OPEN, layer)
        np.testing.assert_allclose(weights, reference.weights[layer], rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(biases, reference.biases[layer], rtol=tolerance, atol=tolerance)


def assert_masked_are_zero(net, task=swiftcl.OPEN):
    for layer in MASKED:
        weights, _ = net.parameters(task, layer)
        mask = net.weight_mask(layer) if task == swiftcl.OPEN else net.weight_mask(layer, task)
        assert mask.shape == weights.shape and mask.dtype == bool
        assert (weights[~mask] == 0).all()


# --------------------------------------------------------------------- masks


@KINDS
@pytest.mark.parametrize("sparsity", [0.75, 0.90])
def test_first_mask_keeps_the_largest(kind, sparsity):
    """By magnitude, of the weights that the same network has without masks."""
    with network(kind, sparsity) as net, network(kind, 0.0) as dense:
        net.begin_task()
        dense.begin_task()
        assert_masked_are_zero(net)
        for layer in MASKED:
            weights, _ = dense.parameters(swiftcl.OPEN, layer)
            counts = groups(weights.astype(np.float64), GROUP[kind])
            mask = group_mask(net.weight_mask(layer), GROUP[kind])
            assert mask.sum() == kept_count(mask.size, sparsity)
            low, high = bounds(counts, int(mask.sum()))
            assert mask[counts > high].all() and not mask[counts < low].any()
            kept, _ = net.parameters(swiftcl.OPEN, layer)
            assert np.array_equal(kept, np.where(net.weight_mask(layer), weights, 0))


@KINDS
@pytest.mark.parametrize("options, reference_options", [
    (dict(momentum=0.0, learning_rate=0.1), dict(optimizer=lambda: Sgd(0.0))),
    (dict(), dict(optimizer=Sgd)),
    (dict(weight_decay=0.01, clip_norm=0.3), dict(optimizer=Sgd, weight_decay=0.01, clip=0.3)),
    (dict(optimizer="adam", learning_rate=0.003), dict(optimizer=Adam)),
], ids=["plain", "momentum", "decay-clipped", "adam"])
def test_steps_under_a_mask(kind, options, reference_options):
    """Masks stand still: what is masked has no gradient, counts for no norm, and stays exactly 0."""
    with network(kind, **options) as net:
        net.begin_task(expected_steps=30)
        given = dict(reference_options)
        reference = SparseReference(net, kind, given.pop("optimizer")(), **given)
        for x, y in batches(30):
            step = net.train_step(x, y)
            loss, _, _ = reference.step(x, y, step.learning_rate)
            assert step.loss == pytest.approx(loss, rel=2e-4, abs=1e-5)
            assert_masked_are_zero(net)
            for layer in MASKED:
                assert np.array_equal(net.weight_mask(layer), reference.masks[layer])
        assert_together(net, reference)


def exemplars():
    """Rows that a replay memory of their size holds, all of which every step recalls."""
    x, y = next(batches(1, rows=16, seed=4))
    return x, y


def replaying():
    return dict(replay="er", replay_rows=16, replay_batch=16, replay_store="explicit", max_batch=64)


def first_task(net, recalled):
    """A task whose rows the next one recalls."""
    with net.task(expected_steps=12):
        for x, y in batches(12, seed=3):
            net.train_step(x, y)
        if recalled is not None:
            net.replay_add(*recalled)


@KINDS
@pytest.mark.parametrize("regrowth", ["random", "gradient"])
@pytest.mark.parametrize("replay", [False, True], ids=["alone", "replay"])
def test_updates(kind, regrowth, replay):
    """A whole task: expand at its first step, shrink and expand every 6 steps, only prune from step 18 on."""
    alpha, beta, interval, final = 20.0, 30.0, 6, 18  # gradients weigh as much as weights do
    recalled = exemplars() if replay else None
    with network(kind, momentum=0.5, mask_interval=interval, mask_final_step=final, mask_intra=0.05, mask_inter=0.05,
                 score_current=alpha, score_replay=beta, regrowth=regrowth, **(replaying() if replay else {})) as net:
        first_task(net, recalled)
        net.begin_task(expected_steps=24)
        reference = SparseReference(net, kind, Sgd(0.5))
        changed = 0
        for t, (x, y) in enumerate(batches(24, seed=5)):
            step = net.train_step(x, y)
            assert step.replay_rows == (16 if replay else 0)
            loss, current, again = reference.step(x, y, step.learning_rate, recalled)
            assert step.loss == pytest.approx(loss, rel=5e-4, abs=1e-5)
            for layer in MASKED:
                mask = net.weight_mask(layer)
                if t % interval == 0:
                    importance = score(reference.weights[layer], current[layer], again[layer], alpha, beta)
                    holds = reference.check_update(
                        layer, mask, net.parameters(swiftcl.OPEN, layer)[0], phase_at(t, 0.75, 0.05, 0.05, final),
                        importance, current[layer] + again[layer] if regrowth == "gradient" else None)
                    changed += int((mask != reference.masks[layer]).sum())
                    reference.take_over(layer, mask, holds)
                else:
                    assert np.array_equal(mask, reference.masks[layer])
            assert_masked_are_zero(net)
            assert_together(net, reference)
        assert changed > 0


@KINDS
def test_scores_of_one_kind(kind):
    """With both factors at 0 magnitude alone decides; with one of them large, that gradient does."""
    kept = {}
    recalled = exemplars()
    for name, alpha, beta in (("weights", 0.0, 0.0), ("rows given", 1e4, 0.0), ("rows recalled", 0.0, 1e4)):
        with network(kind, mask_interval=5, mask_intra=0.15, mask_inter=0.0, score_current=alpha, score_replay=beta,
                     momentum=0.0, **replaying()) as net:
            first_task(net, recalled)
            net.begin_task(expected_steps=6)
            reference = SparseReference(net, kind, Sgd(0.0))
            for t, (x, y) in enumerate(batches(6, seed=5)):
                step = net.train_step(x, y)
                _, current, again = reference.step(x, y, step.learning_rate, recalled)
                if t % 5:
                    continue
                for layer in MASKED:
                    mask, (weights, _) = net.weight_mask(layer), net.parameters(swiftcl.OPEN, layer)
                    importance = score(reference.weights[layer], current[layer], again[layer], alpha, beta)
                    holds = reference.check_update(layer, mask, weights, phase_at(t, 0.75, 0.15, 0.0, 0), importance)
                    reference.take_over(layer, mask, holds)
                    kept[name, layer] = holds
    for layer in MASKED:
        assert not np.array_equal(kept["weights", layer], kept["rows given", layer])


@KINDS
def test_schedule(kind):
    """Kept groups after every step of two tasks; an interval of 0 leaves masks as they were made."""
    interval, final = 4, 12
    with network(kind, mask_interval=interval, mask_final_step=final, mask_intra=0.03, mask_inter=0.02) as net:
        for seed in (0, 1):
            with net.task(expected_steps=16) as task:
                for t, (x, y) in enumerate(batches(16, seed=seed)):
                    net.train_step(x, y)
                    now = phase_at(t - t % interval, 0.75, 0.03, 0.02, final)
                    for layer in MASKED:
                        mask = group_mask(net.weight_mask(layer), GROUP[kind])
                        assert mask.sum() == kept_count(mask.size, now.grow_to)
            for layer in MASKED:
                mask = group_mask(net.weight_mask(layer, task), GROUP[kind])
                assert mask.sum() == kept_count(mask.size, 0.75)
            assert_masked_are_zero(net, task)


def test_schedule_of_ones_own():
    """The phases that the fields make, given as phases."""
    fields = dict(mask_final_step=9, mask_intra=0.02, mask_inter=0.04)
    phases = [(0, 0.75, 0.71), (3, 0.77, 0.75), (9, 0.75, 0.75)]
    with network(mask_interval=3, **fields) as one, network(mask_interval=3, mask_phases=phases) as other:
        for net in (one, other):
            net.begin_task()
        for x, y in batches(12):
            for net in (one, other):
                net.train_step(x, y)
            for layer in MASKED:
                assert np.array_equal(one.weight_mask(layer), other.weight_mask(layer))
                assert np.array_equal(*(net.parameters(swiftcl.OPEN, layer)[0] for net in (one, other)))


@KINDS
def test_one_budget_for_all_layers(kind):
    """As many weights in all; a layer has its share by one threshold, and no more than twice the mean's."""
    with network(kind, mask_budget="global", mask_interval=4) as net:
        net.begin_task()
        for x, y in batches(9):
            net.train_step(x, y)
        masks = [group_mask(net.weight_mask(layer), GROUP[kind]) for layer in MASKED]
        assert sum(mask.sum() for mask in masks) == kept_count(sum(mask.size for mask in masks), 0.75)
        assert all(mask.sum() <= 0.5 * mask.size + 1 for mask in masks)
        assert masks[0].mean() != masks[1].mean()


def test_no_mask_without_sparsity():
    with network(sparsity=0.0) as net:
        net.begin_task()
        assert all(net.weight_mask(layer).all() for layer in range(len(WIDTHS) + 1))


# ------------------------------------------------------------- gradient mask


@KINDS
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_gradient_mask(kind, momentum):
    """Of all weights a fifth moves, the same between two choices, and it is the fifth with the largest gradients."""
    interval, g = 5, 0.80
    with network(kind, momentum=momentum, gradient_sparsity=g, gradient_interval=interval) as net:
        net.begin_task(expected_steps=20)
        before = [net.parameters(swiftcl.OPEN, layer)[0] for layer in MASKED]
        for t, (x, y) in enumerate(batches(20)):
            # The library's weights: what is chosen hangs on the gradients of this very step.
            reference = SparseReference(net, kind, Sgd(0.0))
            if t % interval == 0:
                _, current, _ = reference.step(x, y, 0.0)
                moved = [np.zeros(weights.shape, bool) for weights in before]
            net.train_step(x, y)
            after = [net.parameters(swiftcl.OPEN, layer)[0] for layer in MASKED]
            for layer in MASKED:
                moved[layer] |= after[layer] != before[layer]
                by_group = groups(moved[layer].astype(float), GROUP[kind]) > 0
                counts = groups(current[layer] * reference.masks[layer], GROUP[kind])
                count = kept_count(by_group.size, g)
                low, high = bounds(counts, count)
                assert by_group.sum() <= count and not by_group[counts < low].any()
                assert t % interval or by_group[counts > high].all()
                assert not moved[layer][~reference.masks[layer]].any()
            before = after


@KINDS
def test_steps_under_both_masks(kind):
    """Plain SGD: the reference's parameters stay together with the library's through four choices."""
    interval, g = 5, 0.80
    with network(kind, momentum=0.0, learning_rate=0.1, gradient_sparsity=g, gradient_interval=interval) as net:
        net.begin_task(expected_steps=20)
        reference = SparseReference(net, kind, Sgd(0.0))
        for t, (x, y) in enumerate(batches(20)):
            step = net.train_step(x, y)
            loss, _, _ = reference.step(x, y, step.learning_rate, choose=g if t % interval == 0 else None)
            assert step.loss == pytest.approx(loss, rel=5e-4, abs=1e-5)
        assert_together(net, reference)


# --------------------------------------------------------------- data removal


def numbered(rows=90):
    """Rows with numbers; every third has a wrong label, so that some stay hard."""
    x, y = next(batches(1, rows=rows, seed=6))
    y[::3] = (y[::3] + 1) % CLASSES
    return x, y, np.arange(rows, dtype=np.uint32)


def present(net, x, y, ids, order):
    """One epoch; per row of the data whether it was right when it was presented."""
    right = np.zeros(len(x), bool)
    for first in range(0, len(order), 24):
        rows = order[first:first + 24]
        labels = net.predict_labels(swiftcl.OPEN, x[rows])
        right[rows] = labels == y[rows]
        step = net.train_step(x[rows], y[rows], ids=ids[rows])
        assert step.correct == right[rows].sum()
    return right


def hardness(epochs, rule):
    """B.3, of rows whose presentations are the columns: times forgotten, never right hardest; or times wrong."""
    right = np.array(epochs)
    if rule == "misclassified":
        return (~right).sum(0)
    forgotten = (right[:-1] & ~right[1:]).sum(0)
    return np.where(right.any(0), forgotten, 255)


@pytest.mark.parametrize("rule", ["forgetting", "misclassified"])
def test_easy_rows_are_removed(rule):
    """Twice: what is known of a row is known since the last removal, and what was removed stays away."""
    x, y, ids = numbered()
    rng = np.random.default_rng(2)
    with network(data_samples=len(x), data_rule=rule) as net:
        with net.task(expected_steps=40):
            net.data_begin(len(x))
            kept = ids
            assert np.array_equal(np.sort(net.data_kept()), kept)
            for count in (10, 60):  # the second cut is among the hard ones
                epochs = [present(net, x, y, ids, rng.permutation(kept)) for _ in range(3)]
                hard = hardness(epochs, rule)
                net.data_remove(count)
                now = np.sort(net.data_kept())
                gone = np.setdiff1d(kept, now)
                assert len(gone) == count and np.isin(now, kept).all()
                assert hard[gone].max() <= hard[now].min()
                kept = now


# ---------------------------------------------------------------- persistence


@KINDS
@pytest.mark.parametrize("regrowth", ["random", "gradient"])
def test_resume(kind, regrowth):
    """Between two updates and two choices of gradients: masks, parameters and all that follows are the same bits."""
    with network(kind, regrowth=regrowth, mask_interval=6, gradient_sparsity=0.8, gradient_interval=4) as net:
        first_task(net, None)
        net.begin_task(expected_steps=30)
        steps = list(batches(30, seed=8))
        for x, y in steps[:15]:
            net.train_step(x, y)
        with swiftcl.Network.from_bytes(net.to_bytes()) as twin:
            for layer in MASKED:
                assert np.array_equal(net.weight_mask(layer), twin.weight_mask(layer))
                assert np.array_equal(net.weight_mask(layer, 0), twin.weight_mask(layer, 0))
            for x, y in steps[15:]:
                assert net.train_step(x, y) == twin.train_step(x, y)
            assert net.to_bytes() == twin.to_bytes()
            for each in (net, twin):
                each.end_task()
            assert net.to_bytes() == twin.to_bytes()
            assert_masked_are_zero(twin, twin.tasks[-1])


def test_an_aborted_task_leaves_the_mask():
    with network(mask_interval=2) as net:
        first_task(net, None)
        before = [net.weight_mask(layer, 0) for layer in MASKED]
        net.begin_task()
        for x, y in batches(5):
            net.train_step(x, y)
        assert any((net.weight_mask(layer) != before[layer]).any() for layer in MASKED)
        net.abort_task()
        for layer in MASKED:
            assert np.array_equal(net.weight_mask(layer, 0), before[layer])
