"""numpy in and out: in place where the layout allows, else a checked copy."""

import numpy as np
import pytest
import swiftcl
from conftest import learn, small_network, small_rows
from swiftcl import _arrays


def test_matching_arrays_are_not_copied():
    x = np.zeros((6, 2, 2), np.float32)
    rows = _arrays.as_rows(x, 4, np.dtype(np.float32))
    assert rows.shape == (6, 4) and np.shares_memory(rows, x)
    view = x[2:5]
    assert np.shares_memory(_arrays.as_rows(view, 4, np.dtype(np.float32)), view)
    labels = np.zeros(6, np.int32)
    assert np.shares_memory(_arrays.as_labels(labels, 6), labels)
    for dtype in (np.uint8, np.int8, np.int16):
        x = np.zeros((3, 4), dtype)
        assert np.shares_memory(_arrays.as_rows(x, 4, np.dtype(dtype)), x)


def test_other_layouts_give_the_same_numbers():
    x, y = small_rows()
    with small_network() as net:
        task = learn(net, x, y)
        expected = net.predict(task, x)
        wide = np.zeros((len(x), 8), np.float32)
        wide[:, ::2] = x
        readonly = x.copy()
        readonly.flags.writeable = False
        for other in (np.asfortranarray(x), wide[:, ::2], x[::-1][::-1], x.astype(np.float64), x.tolist(),
                      x.astype(">f4"), x.reshape(-1, 2, 2), readonly):
            assert np.array_equal(net.predict(task, other), expected)
        for labels in (y.astype(np.int64), y.astype(np.uint8), y.tolist(), np.repeat(y, 2)[::2]):
            assert net.evaluate(task, x, labels) == net.evaluate(task, x, y)


def test_doubles_are_rounded_to_nearest():
    x, y = small_rows()
    with small_network() as net:
        task = learn(net, x, y)
        between = x.astype(np.float64) * (1 + 2.0**-26)
        assert not np.array_equal(between, x) and np.array_equal(net.predict(task, between), net.predict(task, x))


def test_values_that_do_not_fit_are_refused():
    x, y = small_rows()
    with small_network() as net, small_network(input_type="u8") as small:
        task = learn(net, x, y)
        for bad in (x.astype(np.complex64), x.astype(object), x.astype(str)):
            with pytest.raises(TypeError, match="dtype"):
                net.predict(task, bad)
        small.begin_task()
        with pytest.raises(TypeError, match="float32"):
            small.predict(swiftcl.OPEN, x)
        for bad in (np.full((2, 4), 256), np.full((2, 4), -1)):
            with pytest.raises(TypeError, match="fit uint8"):
                small.predict(swiftcl.OPEN, bad)
        assert small.predict(swiftcl.OPEN, np.full((2, 4), 255)).shape == (2, 3)
        with pytest.raises(TypeError, match="dtype"):
            net.evaluate(task, x, y.astype(float))
        with pytest.raises(TypeError, match="fit int32"):
            net.evaluate(task, x, np.full(len(x), 2**31))


def test_shapes_are_checked():
    x, y = small_rows()
    with small_network() as net:
        task = learn(net, x, y)
        for bad in (x[0], x[:, :3], x.T, np.float32(1)):
            with pytest.raises(ValueError, match="shape"):
                net.predict(task, bad)
        with pytest.raises(ValueError, match="shape"):
            net.evaluate(task, x, y[:-1])
        with pytest.raises(ValueError, match="shape"):
            net.set_parameters(task, 0, np.zeros((1, 1)), np.zeros(1))


def test_output_arrays():
    x, y = small_rows()
    with small_network() as net:
        task = learn(net, x, y)
        out = np.empty((len(x), 3), np.float32)
        assert net.predict(task, x, out=out) is out
        assert np.array_equal(out, net.predict(task, x))
        labels = np.empty(len(x), np.int32)
        assert net.predict_labels(task, x, out=labels) is labels
        frozen = out.copy()
        frozen.flags.writeable = False
        for bad in (out[:, ::-1], out[:-1], out.astype(np.float64), frozen):
            with pytest.raises(ValueError, match="out is"):
                net.predict(task, x, out=bad)
        with pytest.raises(TypeError, match="out is"):
            net.predict(task, x, out=[0.0])


@pytest.mark.parametrize("dtype, name", [(np.uint8, "u8"), (np.int8, "i8"), (np.int16, "i16")])
def test_integer_inputs_are_scaled_per_channel(dtype, name):
    rng = np.random.default_rng(1)
    raw = rng.integers(max(np.iinfo(dtype).min, -120), 120, (40, 6), dtype=dtype)
    y = rng.integers(0, 3, 40)
    scale, offset = np.float32([0.02, 0.01, 0.005]), np.float32([0.1, -1.0, 0.5])
    for layout, channel in (("interleaved", np.arange(6) % 3), ("planar", np.arange(6) // 2)):
        common = dict(inputs=6, seed=5)
        with small_network(input_type=name, input_channels=3, input_layout=layout, input_scale=scale,
                           input_offset=offset, **common) as whole, small_network(**common) as plain:
            assert whole.input_dtype == dtype
            x = raw.astype(np.float32) * scale[channel] + offset[channel]
            a, b = learn(whole, raw, y), learn(plain, x, y)
            np.testing.assert_allclose(whole.predict(a, raw), plain.predict(b, x), rtol=1e-3, atol=1e-3)
