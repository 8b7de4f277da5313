"""Checkpoints: every way in and out, bit for bit, also in the middle of a task."""

import copy
import io
import pickle

import numpy as np
import pytest
import swiftcl
from conftest import learn, small_network, small_rows


def trained(open_task=False, **options):
    net = small_network(**options)
    x, y = small_rows()
    learn(net, x, y)
    if open_task:
        net.begin_task(expected_steps=40, compete_steps=20)
        for start in range(0, 48, 16):
            net.train_step(x[start:start + 16], y[start:start + 16])
    return net


def restored(net, way, tmp_path):
    if way == "path":
        net.save(tmp_path / "net.scl")
        return swiftcl.Network.load(tmp_path / "net.scl")
    if way == "file":
        with open(tmp_path / "net.scl", "wb", buffering=0) as file:
            net.save(file)
        with open(tmp_path / "net.scl", "rb") as file:
            return swiftcl.Network.load(file)
    if way == "stream":
        stream = io.BytesIO()
        net.save(stream)
        stream.seek(0)
        return swiftcl.Network.load(stream)
    if way == "bytes":
        return swiftcl.Network.from_bytes(net.to_bytes())
    if way == "pickle":
        return pickle.loads(pickle.dumps(net))
    return copy.deepcopy(net)


WAYS = ["path", "file", "stream", "bytes", "pickle", "copy"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("open_task", [False, True])
def test_round_trip(way, open_task, tmp_path):
    x, _ = small_rows()
    with trained(open_task) as net, restored(net, way, tmp_path) as again:
        assert again.to_bytes() == net.to_bytes()
        assert np.array_equal(again.predict(0, x), net.predict(0, x))
        assert again.inputs == net.inputs and again.input_dtype == net.input_dtype
        assert again.accounting._replace(seconds=0) == net.accounting._replace(seconds=0) and again.task_info(0) == net.task_info(0)


@pytest.mark.parametrize("sampler", swiftcl.option_values("sampler"))
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_training_goes_on_bit_for_bit(sampler, optimizer):
    """Saved in the middle of a competition; both go on through commit and the end of the task."""
    x, y = small_rows(seed=4)
    rate = {"sgd": 0.03, "adam": 0.003}[optimizer]
    with trained(True, sampler=sampler, optimizer=optimizer, learning_rate=rate) as net:
        with swiftcl.Network.from_bytes(net.to_bytes()) as again:
            for both in (net, again):
                both.fit(x, y, epochs=8, batch=12, progress=False)
                both.end_task()
                learn(both, x, y)
            assert again.predict(1, x).tobytes() == net.predict(1, x).tobytes()
            assert again.predict(2, x).tobytes() == net.predict(2, x).tobytes()
            assert again.to_bytes() == net.to_bytes()


@pytest.mark.parametrize("dtype", ["f32", "u8", "i8", "i16"])
def test_the_input_type_survives(dtype):
    with small_network(input_type=dtype) as net:
        with swiftcl.Network.from_bytes(net.to_bytes()) as again:
            assert again.input_dtype == net.input_dtype


def test_size_is_exact_and_inspect_tells(tmp_path):
    with trained(True) as net:
        data = net.to_bytes()
        assert len(data) == net.checkpoint_size
        net.save(tmp_path / "net.scl")
        assert (tmp_path / "net.scl").read_bytes() == data
        info = swiftcl.inspect(tmp_path / "net.scl")
        assert info.tasks == 1 and info.inputs == 4 and info.layer_count == 3 and info.file_bytes == len(data)
        assert info.open_phase == net.task_info().phase
        assert sorted(path.name for path in tmp_path.iterdir()) == ["net.scl"]


def test_damage_is_seen():
    with trained() as net:
        whole = net.to_bytes()
    rng = np.random.default_rng(0)
    damaged = []
    for at in rng.integers(0, len(whole), 300):
        flipped = bytearray(whole)
        flipped[at] ^= 1 << int(rng.integers(8))
        damaged.append(bytes(flipped))
    for data in damaged:
        with pytest.raises(swiftcl.PersistenceError):
            swiftcl.Network.from_bytes(data)
        with pytest.raises(swiftcl.PersistenceError):
            swiftcl.Network.load(io.BytesIO(data))


def test_a_checkpoint_that_ends_too_early():
    with trained(True) as net:
        whole = net.to_bytes()
    for size in {0, 1, 7, 8, 63, 64, len(whole) // 2, len(whole) - 1, *range(0, len(whole), 97)}:
        with pytest.raises(swiftcl.FormatError):
            swiftcl.Network.from_bytes(whole[:size])
        with pytest.raises(swiftcl.FormatError) as excinfo:
            swiftcl.Network.load(io.BytesIO(whole[:size]))
        assert isinstance(excinfo.value.__cause__, EOFError)
    with swiftcl.Network.load(io.BytesIO(whole + b"more")) as again:
        assert again.to_bytes() == whole


class Broken(io.BytesIO):
    """Fails at one call, in the way that was asked for."""

    def __init__(self, data=b"", at=0, short=False):
        super().__init__(data)
        self.at, self.short, self.calls = at, short, 0

    def _fails(self):
        self.calls += 1
        if self.calls == self.at and not self.short:
            raise TimeoutError("the line went dead")

    def write(self, data):
        self._fails()
        return super().write(data[:7] if self.short else data)

    def read(self, size=-1):
        self._fails()
        return super().read(min(size, 7) if self.short else size)


def test_streams_that_fail():
    with trained(True) as net:
        whole = net.to_bytes()
        counter = Broken()
        net.save(counter)
        assert counter.getvalue() == whole
        for at in range(1, counter.calls + 1):
            with pytest.raises(TimeoutError):
                net.save(Broken(at=at))
        counter = Broken(whole)
        swiftcl.Network.load(counter).close()
        for at in range(1, counter.calls + 1):
            with pytest.raises(TimeoutError):
                swiftcl.Network.load(Broken(whole, at=at))
        slow = Broken(short=True)
        net.save(slow)  # raw streams may take or give less than they were asked for
        assert slow.getvalue() == whole
        swiftcl.Network.load(Broken(whole, short=True)).close()
        assert net.to_bytes() == whole
