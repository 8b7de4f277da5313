"""int8 tickets: the integers that numpy finds in the file's own numbers, and what they cost in accuracy."""

import numpy as np
import pytest
import swiftcl

from conftest import learn, small_network, small_rows


class Reference:
    """An int8 ticket as docs/file-formats.md describes it, run with numpy's 64-bit integers."""

    def __init__(self, data):
        self.data = data
        self.at = lambda offset, dtype, count: np.frombuffer(data, dtype, count, offset)
        (self.flags,), (self.layers_at,) = self.at(20, "<u4", 1), self.at(72, "<u8", 1)
        self.inputs, self.type, self.channels, self.layout, self.classes, self.count = self.at(44, "<u4", 6)
        self.scale_at, self.ranges_at = self.at(88, "<u8", 2)
        assert data[:8] == b"SWIFTCLT" and self.flags == 1
        self.ranges = [self.range(self.ranges_at + 32 * s) for s in range(self.count + 1)]

    def range(self, offset):
        scale, = self.at(offset, "<f4", 1)
        largest, shift, factor, added_shift = self.at(offset + 4, "<i4", 4).astype(np.int64)
        return {"scale": scale, "largest": largest, "shift": shift, "added": factor, "added_shift": added_shift}

    def input(self, x):
        top = self.ranges[0]["largest"]
        c = np.arange(self.inputs) % self.channels if self.layout == 0 else np.arange(self.inputs) // (self.inputs // self.channels)
        if self.type == 0:
            if self.scale_at:
                scale = self.at(self.scale_at, "<f4", 2 * self.channels)
                x = x * scale[c] + scale[self.channels + c]
            v = np.clip(x * (np.float32(1) / self.ranges[0]["scale"]), np.float32(-top), np.float32(top))
            return np.trunc(v + np.where(v < 0, np.float32(-0.5), np.float32(0.5))).astype(np.int64)
        start = self.ranges_at + 32 * (self.count + 1)
        summand = np.array([self.at(start + 16 * i, "<i8", 1)[0] for i in range(self.channels)])
        factor = np.array([self.at(start + 16 * i + 8, "<i4", 1)[0] for i in range(self.channels)]).astype(np.int64)
        return np.clip((x.astype(np.int64) * factor[c] + summand[c]) >> self.ranges[0]["shift"], -top, top)

    def logits(self, x):
        given, z = [], self.input(x)
        for l in range(self.count):
            kind, element, flags, block, inputs, units, _, _ = (int(v) for v in self.at(self.layers_at + 64 * l, "<u4", 8))
            bias_at, weights_at, _, window_at = (int(v) for v in self.at(self.layers_at + 64 * l + 32, "<u8", 4))
            padded, quads, range_ = -(-units // 16) * 16, -(-inputs // 4), self.ranges[l + 1]
            window = [int(v) for v in self.at(window_at, "<u4", 16)] if kind == 2 else [1, 1, 1, 1, 1, 0] + 10 * [0]
            assert element == 1 and window[14] == 0
            bias, factor = self.at(bias_at, "<i4", 2 * padded).astype(np.int64).reshape(2, padded)[:, :units]
            words = self.at(weights_at, "<i1", padded * quads * 4).reshape(padded // 16, quads, 16, 4)[..., [0, 2, 1, 3]]
            weights = words.transpose(0, 2, 1, 3).reshape(padded, quads * 4)[:units, :inputs].astype(np.int64)
            below = z if l == 0 else given[window[12] - 1 if window[12] else l - 1]
            if l == 0:
                below = self.image(z, window)
            patches = gather(below, window)
            assert patches.shape[-1] == inputs
            sums = patches @ weights.T + bias
            # Not in any order do the sums leave 32 bits.
            assert (np.abs(patches) @ np.abs(weights.T) + np.abs(bias)).max() < 2**31
            y = (sums * factor + (1 << (range_["shift"] - 1))) >> range_["shift"]
            if window[13]:
                y = y + ((given[window[13] - 1] * range_["added"] + (1 << (range_["added_shift"] - 1))) >> range_["added_shift"])
            y = np.clip(y, 0 if flags == 1 else -range_["largest"], range_["largest"])
            if flags & 2:
                blocks = y.reshape(*y.shape[:-1], units // block, block)
                passes = np.arange(block) == blocks.argmax(-1)[..., None]
                y = np.where(passes, np.maximum(blocks, 0) if flags & 1 else blocks, 0).reshape(y.shape)
            given.append(pool(y, window))
        return given[-1].reshape(len(x), -1)

    def image(self, z, window):
        height, width = window[:2]
        if window[11]:
            return z.reshape(len(z), -1, height, width).transpose(0, 2, 3, 1)
        return z.reshape(len(z), height, width, -1)


def windows(x, kernel, stride, padding, fill):
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)), constant_values=fill)
    views = np.lib.stride_tricks.sliding_window_view(x, kernel, axis=(1, 2))[:, ::stride, ::stride]
    return views.transpose(0, 1, 2, 4, 5, 3)


def gather(x, window):
    seen = windows(x, window[2:4], window[4], window[5], 0)
    return seen.reshape(*seen.shape[:3], -1)


def pool(y, window):
    kind, height, width, stride, padding = window[6:11]
    if kind == 0:
        return y
    if kind == swiftcl.constants["SWIFTCL_LAYER_MAX_POOL"]:
        return windows(y, (height, width), stride, padding, -(1 << 40)).max((3, 4))
    sums = windows(y, (height, width), stride, padding, 0).sum((3, 4))
    taps = windows(np.ones_like(y), (height, width), stride, padding, 0).sum((3, 4))
    return (sums * (((1 << 31) + taps // 2) // taps) + (1 << 30)) >> 31


def maps(first, **options):
    return [first, swiftcl.batch_norm(), swiftcl.max_pool(3, 2, 1), swiftcl.conv(12, 4, 3, padding=1, activation="none"),
            swiftcl.batch_norm(), swiftcl.add(2), swiftcl.average_pool(2, 1, 1), swiftcl.dense(20, 4), swiftcl.head(3)]


NETWORKS = {
    "dense": (lambda: [swiftcl.dense(24, 4), swiftcl.dense(44, 4), swiftcl.head(3)], dict(inputs=10)),
    "per row": (lambda: [swiftcl.dense(24, 4, competition="sample"), swiftcl.dense(40, 4), swiftcl.head(3)], dict(inputs=7)),
    "scaled": (lambda: [swiftcl.dense(24, 4), swiftcl.head(3)],
               dict(inputs=6, input_channels=2, input_scale=[0.5, 3.0], input_offset=[0.1, -2.0])),
    "bytes": (lambda: [swiftcl.dense(24, 4), swiftcl.head(3)],
              dict(inputs=9, input_type="u8", input_scale=0.02, input_offset=-1.5)),
    "shorts": (lambda: [swiftcl.dense(24, 4), swiftcl.head(3)],
               dict(inputs=6, input_type="i16", input_channels=3, input_scale=[1e-4, 2e-3, 1e-4], input_offset=[0, 1.0, -2.0])),
    "image": (lambda: maps(swiftcl.conv(12, 4, (3, 2), 1, 1, image=(6, 7))), dict(inputs=84, input_channels=2)),
    "planes": (lambda: maps(swiftcl.conv(12, 4, 1, image=(6, 7))),
               dict(inputs=126, input_type="i8", input_channels=3, input_layout="planar", input_scale=[0.03, 0.01, 0.02],
                    input_offset=[0.0, 0.5, -0.5])),
    "points": (lambda: [swiftcl.conv(12, 4, 1, image=(5, 5)), swiftcl.global_pool(), swiftcl.head(3)],
               dict(inputs=75, input_type="u8", input_channels=3, input_scale=[0.03, 0.01, 0.02], input_offset=[0.0, 0.5, -0.5])),
}


def rows_for(net, inputs, kind, rows=90):
    x, y = small_rows(rows, inputs=inputs)
    dtype = {"u8": np.uint8, "i8": np.int8, "i16": np.int16}.get(kind)
    if dtype:
        limits = np.iinfo(dtype)
        x = np.clip(np.round(x * limits.max / 12 + (limits.max / 2 if kind == "u8" else 0)), limits.min, limits.max).astype(dtype)
    return x, y


@pytest.mark.parametrize("name", NETWORKS)
def test_numpy_finds_the_same_integers(name):
    layers, options = NETWORKS[name]
    with swiftcl.Network(layers(), seed=3, max_batch=64, **options) as net:
        x, y = rows_for(net, options["inputs"], options.get("input_type"))
        task = learn(net, x, y, epochs=6)
        data = net.export_int8_ticket(task, x[:60])
        wanted = Reference(data).logits(x)
        with swiftcl.Ticket(data) as ticket, swiftcl.Ticket(net.export_ticket(task)) as exact:
            assert ticket.is_int8 and not exact.is_int8 and exact.info.logit_scale == 0
            assert exact.quantize(x[:60]) == data
            for count in (1, 2, 5, 90):
                assert np.array_equal(ticket.predict_integers(x[:count]), wanted[:count])
            scale = np.float32(ticket.info.logit_scale)
            assert np.array_equal(ticket.predict(x), wanted.astype(np.float32) * scale)
            assert np.array_equal(ticket.predict_labels(x), ticket.classes[wanted.argmax(1)])
            floats = exact.predict(x)
            assert np.abs(ticket.predict(x) - floats).max() < 0.03 * np.abs(floats).max() + 1e-3
            assert np.array_equal(ticket.winners(0), exact.winners(0)) and np.array_equal(ticket.classes, exact.classes)
            for tickets in ([ticket, exact], [exact, ticket, exact]):
                for got, other in zip(swiftcl.predict_tickets(tickets, x), tickets):
                    assert got.tobytes() == other.predict(x).tobytes()


def test_few_bits_saturation_and_wide_layers():
    # So wide that sums of 32 bits do not hold sixteen bits of inputs: fewer are taken.
    with small_network(layers=[swiftcl.dense(32, 4), swiftcl.head(3)], inputs=6000) as net:
        x, y = small_rows(60, inputs=6000)
        task = learn(net, x, y)
        for bits in (4, 8, 16):
            data = net.export_int8_ticket(task, x[:30], activation_bits=bits)
            reference = Reference(data)
            assert reference.ranges[0]["largest"] <= 2**(bits - 1) - 1
            beyond = x * 100  # far outside of what the calibration saw
            for rows in (x, beyond):
                assert np.array_equal(swiftcl.Ticket(data).predict_integers(rows), reference.logits(rows))
        assert reference.ranges[0]["largest"] < 2**15 - 1


def test_accuracy_lost(mnist):
    x, y, x_test, y_test = mnist
    layers = [swiftcl.dense(400, 8), swiftcl.dense(400, 8), swiftcl.head(10)]
    with swiftcl.Network(layers, inputs=784, input_type="u8", input_scale=1 / 78.6, input_offset=-0.424, seed=1,
                         learning_rate=0.05) as net:
        task = learn(net, x[:12000], y[:12000], epochs=1, batch=32)
        with swiftcl.Ticket(net.export_ticket(task)) as ticket:
            with swiftcl.Ticket(ticket.quantize(x[:300])) as small:
                found = swiftcl.compare_tickets(ticket, small, x_test[:4000], y_test[:4000])
                assert found.rows == 4000 and found.reference_accuracy > 85
                assert found.lost <= 0.5 and found.lost == pytest.approx(found.reference_accuracy - found.accuracy)
                assert found.agreement > 98.5 and small.info.bytes <= 0.3 * ticket.info.bytes
                right = 100 * np.mean(small.predict_labels(x_test[:4000]) == y_test[:4000])
                assert abs(right - found.accuracy) < 1e-9


def test_what_is_refused():
    with small_network() as net:
        x, y = small_rows()
        task = learn(net, x, y)
        ticket = swiftcl.Ticket(net.export_ticket(task))
        small = swiftcl.Ticket(ticket.quantize(x))
        for call in (lambda: small.quantize(x), lambda: ticket.predict_integers(x), lambda: ticket.quantize(x[:0]),
                     lambda: ticket.quantize(x, activation_bits=3), lambda: ticket.quantize(x, activation_bits=17)):
            with pytest.raises(swiftcl.ArgumentError):
                call()
        with pytest.raises(TypeError, match="activation_bits"):
            ticket.quantize(x, activation_bit=8)
        broken = x.copy()
        broken[11, 1] = np.inf
        for call in (lambda: ticket.quantize(broken), lambda: small.predict(broken), lambda: small.predict_integers(broken),
                     lambda: swiftcl.compare_tickets(ticket, small, broken, y)):
            with pytest.raises(swiftcl.NonFiniteError, match="row is 11"):
                call()
        with small_network(inputs=2000) as other:
            wide, y2 = small_rows(inputs=2000)
            loud = swiftcl.Ticket(other.export_ticket(learn(other, wide, y2)))
            with pytest.raises(swiftcl.NonFiniteError, match="a layer gives"):
                loud.quantize(np.full_like(wide, 3e38))
        with small_network(inputs=5) as other:
            wide, y5 = small_rows(inputs=5)
            odd = swiftcl.Ticket(other.export_ticket(learn(other, wide, y5)))
            with pytest.raises(swiftcl.ArgumentError, match="same input"):
                swiftcl.compare_tickets(ticket, odd, x, y)
