"""Convolutions and poolings from Python: against numpy, and learning what only a picture shows."""

import numpy as np
import pytest
import swiftcl

HEIGHT, WIDTH, CHANNELS = 6, 7, 2


def windows(x, kernel, stride, padding, fill):
    """The pixels under every window: rows, height, width, kernel height, kernel width, channels."""
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)), constant_values=fill)
    views = np.lib.stride_tricks.sliding_window_view(x, kernel, axis=(1, 2))[:, ::stride, ::stride]
    return views.transpose(0, 1, 2, 4, 5, 3)


def convolve(x, weights, bias, kernel, stride, padding):
    patches = windows(x, kernel, stride, padding, 0.0)
    return patches.reshape(*patches.shape[:3], -1) @ weights.T + bias


def largest(x, kernel, stride, padding):
    return windows(x, kernel, stride, padding, -np.inf).max((3, 4))


def mean(x, kernel, stride, padding):
    return np.nanmean(windows(x, kernel, stride, padding, np.nan), (3, 4))


@pytest.mark.parametrize("layout", ["interleaved", "planar"])
@pytest.mark.parametrize("pooling", ["max", "average", "global"])
def test_a_finished_task_computes_what_numpy_does(layout, pooling):
    pool = {"max": swiftcl.max_pool(3, 2, 1), "average": swiftcl.average_pool(2, 1, 1), "global": swiftcl.global_pool()}
    net = swiftcl.Network(
        [swiftcl.conv(12, 4, (3, 2), padding=1, image=(HEIGHT, WIDTH)), pool[pooling],
         swiftcl.conv(8, 2, 1), swiftcl.dense(12, 4), swiftcl.head(3)],
        HEIGHT * WIDTH * CHANNELS, input_channels=CHANNELS, input_layout=layout, seed=3)
    random = np.random.default_rng(1)
    x = random.standard_normal((5, HEIGHT, WIDTH, CHANNELS)).astype(np.float32)
    rows = (x if layout == "interleaved" else x.transpose(0, 3, 1, 2)).reshape(5, -1)
    with net.task() as task:
        for _ in range(3):
            net.train_step(rows, np.arange(5) % 3)
    parameters = [[p.astype(np.float64) for p in net.parameters(task, layer)] for layer in (0, 2, 3, 4)]
    z = np.maximum(convolve(x.astype(np.float64), *parameters[0], (3, 2), 1, 1), 0)
    if pooling == "max":
        z = largest(z, (3, 3), 2, 1)
    elif pooling == "average":
        z = mean(z, (2, 2), 1, 1)
    else:
        z = z.mean((1, 2), keepdims=True)
    z = np.maximum(convolve(z, *parameters[1], (1, 1), 1, 0), 0).reshape(5, -1)
    z = np.maximum(z @ parameters[2][0].T + parameters[2][1], 0)
    wanted = z @ parameters[3][0].T + parameters[3][1]
    np.testing.assert_allclose(net.predict(task, rows), wanted, rtol=1e-4, atol=1e-5)
    assert net.parameters(task, 0)[0].shape == (3, 12)  # three winners, 3 x 2 pixels of two channels
    with pytest.raises(swiftcl.Error, match="a layer that has parameters"):
        net.parameters(task, 1)


def layer(kind, **fields):
    """A layer that has a kind and few fields."""
    made = swiftcl.flatten()
    made.kind = swiftcl.constants[f"SWIFTCL_LAYER_{kind}"]
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def residual():
    """A block of ResNet with a projection: the sum of two convolutions of one stem, all normalised."""
    norm = layer("BATCH_NORM")
    narrow = swiftcl.conv(8, 2, 1, activation="none")
    narrow.source = 2
    return [swiftcl.conv(8, 4, 3, padding=1, image=(HEIGHT, WIDTH)), norm, swiftcl.conv(8, 2, 3, padding=1, activation="none"),
            norm, narrow, norm, layer("ADD", source=4, activation=1), swiftcl.global_pool(), swiftcl.head(3)]


def test_a_normalised_stream_computes_what_numpy_does():
    net = swiftcl.Network(residual(), HEIGHT * WIDTH * CHANNELS, input_channels=CHANNELS, seed=3)
    x = np.random.default_rng(1).standard_normal((9, HEIGHT, WIDTH, CHANNELS)).astype(np.float32)
    rows = x.reshape(9, -1)
    with net.task() as task:
        for _ in range(3):
            net.train_step(rows, np.arange(9) % 3)
        net.commit_task()
        for _ in range(4):
            net.train_step(rows, np.arange(9) % 3)

    def normal(z, at):
        _, bias = net.parameters(task, at)
        scale, mean, variance = net.normalisation(task, at + 1)
        return scale * (z - mean) / np.sqrt(variance + 1e-5) + bias

    def response(z, at, kernel):
        weights, bias = net.parameters(task, at)
        return normal(convolve(z.astype(np.float64), weights, 0 * bias, (kernel, kernel), 1, kernel // 2), at)

    stem = np.maximum(response(x, 0, 3), 0)
    z = np.maximum(response(stem, 2, 3) + response(stem, 4, 1), 0).mean((1, 2))
    weights, bias = net.parameters(task, 8)
    np.testing.assert_allclose(net.predict(task, rows), z @ weights.T + bias, rtol=1e-4, atol=1e-5)
    assert list(net.winners(task, 2)) == list(net.winners(task, 4))  # one stream, one competition


def test_calibration_takes_what_all_rows_have_together():
    net = swiftcl.Network([swiftcl.dense(8, 4), layer("BATCH_NORM"), swiftcl.head(3)], 6, seed=3, max_batch=16)
    x = np.random.default_rng(1).standard_normal((40, 6)).astype(np.float32)
    net.begin_task()
    with pytest.raises(swiftcl.Error, match="competes"):
        net.calibrate(x)
    net.commit_task()
    net.calibrate(x)
    weights, _ = net.parameters(swiftcl.OPEN, 0)
    h = x.astype(np.float64) @ weights.T
    found = net.normalisation(swiftcl.OPEN, 1)
    np.testing.assert_allclose(found.mean, h.mean(0), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found.variance, h.var(0, ddof=1), rtol=1e-4)
    net.set_normalisation(swiftcl.OPEN, 1, [1, 2], [3, 4], [5, 6])
    assert [list(v) for v in net.normalisation(swiftcl.OPEN, 1)] == [[1, 2], [3, 4], [5, 6]]
    with pytest.raises(swiftcl.Error, match="variance"):
        net.set_normalisation(swiftcl.OPEN, 1, [1, 2], [3, 4], [5, -6])
    with pytest.raises(swiftcl.Error, match="the index of a batch normalisation"):
        net.normalisation(swiftcl.OPEN, 3)
    before = net.to_bytes()
    with pytest.raises(swiftcl.Error, match="finite"):
        net.calibrate(np.full((2, 6), np.nan, np.float32))
    assert net.to_bytes() == before
    task = net.end_task().task
    with pytest.raises(swiftcl.Error, match="no task is open"):
        net.calibrate(x)
    assert list(net.normalisation(task, 1).mean) == [3, 4]


def stripes(count, seed):
    """Pictures of stripes that lie or stand, anywhere, under noise."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, count)
    x = random.standard_normal((count, 8, 8)).astype(np.float32) * 0.3
    for n in range(count):
        at = random.integers(0, 3)
        if labels[n]:
            x[n, :, at::3] += 1
        else:
            x[n, at::3, :] += 1
    return x.reshape(count, -1), labels.astype(np.int32)


def test_tasks_on_pictures_are_kept(tmp_path):
    net = swiftcl.Network(
        [swiftcl.conv(16, 4, 3, padding=1, image=(8, 8)), swiftcl.max_pool(), swiftcl.conv(16, 4, 3),
         swiftcl.global_pool(), swiftcl.head(2)], 64, expected_tasks=4, max_batch=32, seed=1)
    test, wanted = stripes(400, 9)
    kept = []
    for number in range(3):
        x, labels = stripes(800, number)
        sign = -1 if number % 2 else 1
        with net.task() as task:
            net.fit(sign * x, labels, epochs=3, batch=16)
        assert net.evaluate(task, sign * test, wanted) > 95
        kept.append(net.predict(task, sign * test))
        for earlier, logits in enumerate(kept):
            assert np.array_equal(net.predict(earlier, (-1 if earlier % 2 else 1) * test), logits)
    net.save(tmp_path / "pictures.scl")
    again = swiftcl.Network.load(tmp_path / "pictures.scl")
    assert np.array_equal(again.predict(2, test), kept[2])
