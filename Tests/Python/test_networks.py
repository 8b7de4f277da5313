"""Well-known networks from Python, and the layers they are made of: sums and normalisation."""

import numpy as np
import pytest
import swiftcl


def parameters(layers, inputs, **options):
    """Weights of the hidden layers with parameters of the dense network, their biases, and all of the head."""
    net = swiftcl.Network(layers, inputs, max_batch=1, max_tasks=1, expected_tasks=1, **options)
    with net.task() as task:
        kinds = [swiftcl.constants[f"SWIFTCL_LAYER_{name}"] for name in ("DENSE", "CONV2D", "HEAD")]
        shapes = [
            [array.size for array in net.parameters(task, index)]
            for index, layer in enumerate(layers) if layer.kind in kinds]
    return sum(w for w, _ in shapes[:-1]), sum(b for _, b in shapes[:-1]), sum(shapes[-1])


def test_weights_are_as_many_as_in_the_papers():
    assert parameters(swiftcl.mlp([100, 100], block_size=1), 784) == (88_400, 200, 1010)
    colour = dict(input_channels=3)
    assert parameters(swiftcl.lenet(block_size=1), 3072, **colour) == (2_986_500, 1370, 5010)
    alexnet = (6_499_328, 4544, 20_490)
    assert parameters(swiftcl.alexnet(block_size=1), 3072, **colour) == alexnet
    assert parameters(swiftcl.alexnet(block_size=1, normalised=True), 3072, **colour) == alexnet
    assert parameters(swiftcl.resnet18(block_size=1), 3072, **colour)[0] == 1_090_140


def test_shapes():
    assert len(swiftcl.mlp([8] * 31)) == 32
    assert [layer.width for layer in swiftcl.mlp((16, 8), 8, 3)] == [16, 8, 3]
    assert [layer.width for layer in swiftcl.lenet(4, 12, (28, 28), (64, 128, 2500, 1500)) if layer.width] == [
        64, 128, 2500, 1500, 12]
    assert len(swiftcl.alexnet()) == 14 and len(swiftcl.alexnet(normalised=True)) == 19
    layers = swiftcl.resnet18(width=20, block_size=4, classes=7, image=(28, 20))
    assert len(layers) == 50
    assert (layers[0].input_height, layers[0].input_width, layers[-1].width) == (28, 20, 7)
    layers[0].width = 4  # a copy of its own
    assert swiftcl.resnet18()[0].width == 20


@pytest.mark.parametrize("make, word", [
    (lambda: swiftcl.resnet18(20, 8), "maps is 20, expected a multiple of block_size = 8"),
    (lambda: swiftcl.resnet18(width=0), "maps is 0"),
    (lambda: swiftcl.resnet18(image=(0, 32)), "height is 0"),
    (lambda: swiftcl.lenet(4), r"widths\[1\] is 50"),
    (lambda: swiftcl.lenet(widths=[5, 5, 5]), "width_count is 3"),
    (lambda: swiftcl.alexnet(image=(32, 18)), "width is 18"),
    (lambda: swiftcl.alexnet(classes=0), "classes is 0"),
    (lambda: swiftcl.mlp([]), "width_count is 0"),
    (lambda: swiftcl.mlp([8] * 32), "width_count is 32"),
    (lambda: swiftcl.mlp([8], block_size=0), "block_size is 0"),
])
def test_refusals(make, word):
    with pytest.raises(swiftcl.Error, match=word) as caught:
        make()
    assert caught.value.status_name == "SWIFTCL_E_ARGUMENT"


@pytest.mark.parametrize("make", [
    lambda: swiftcl.resnet18(2 ** 32), lambda: swiftcl.resnet18(20.5), lambda: swiftcl.mlp([1.5]),
    lambda: swiftcl.lenet(image=(32, -1)), lambda: swiftcl.add(-1), lambda: swiftcl.dense(8, source=-3),
])
def test_numbers_that_are_none(make):
    with pytest.raises((TypeError, ValueError)):
        make()


def test_a_residual_network_learns_and_does_not_forget():
    random = np.random.default_rng(2)
    # A bright row or a bright column, somewhere.
    def pictures(count):
        x = random.normal(0, 0.3, (count, 8, 8)).astype(np.float32)
        y = random.integers(0, 2, count).astype(np.int32)
        at = random.integers(0, 8, count)
        for n in range(count):
            x[n, at[n], :] += 1 - y[n]
            x[n, :, at[n]] += y[n]
        return x, y

    net = swiftcl.Network(swiftcl.resnet18(4, 2, 2, (8, 8)), 64, seed=1, expected_tasks=2, max_batch=32)
    (x, y), (x_test, y_test) = pictures(800), pictures(200)
    bits = []
    for sign in (1, -1):
        with net.task(expected_steps=swiftcl.steps(800, batch=32, epochs=3)) as task:
            net.fit(sign * x, y, epochs=3, batch=32, progress=False)
        bits.append((task, sign, net.predict(task, sign * x_test).tobytes()))
        assert net.evaluate(task, sign * x_test, y_test) > 90
    for task, sign, before in bits:
        assert net.predict(task, sign * x_test).tobytes() == before


def test_sources_by_hand():
    layers = [
        swiftcl.dense(16, 4), swiftcl.dense(8, 4), swiftcl.dense(16, 4, "none"), swiftcl.batch_norm(0.2),
        swiftcl.add(0), swiftcl.dense(8, 4, source=4), swiftcl.head(3)]
    assert [layer.source for layer in layers] == [0, 0, 0, 0, 1, 5, 0]
    assert round(layers[3].rate, 6) == 0.2
    net = swiftcl.Network(layers, 5)
    with net.task() as task:
        for _ in range(5):
            net.train_step(np.ones((4, 5), np.float32), np.arange(4) % 3)
    assert np.array_equal(net.winners(task, 0), net.winners(task, 2))  # one stream
    with pytest.raises(swiftcl.Error, match="source"):
        swiftcl.Network([swiftcl.dense(8, 4), swiftcl.dense(16, 4, "none"), swiftcl.add(0), swiftcl.head(2)], 5)
