"""Bad input: each gets its exception, with a message that names it, and changes nothing."""

import pickle

import numpy as np
import pytest
import swiftcl
from conftest import learn, small_network, small_rows


def described(excinfo, *words):
    text = excinfo.value.message
    assert text, "the library said nothing"
    for word in words:
        assert word in text, f"{word!r} is not named by {text!r}"


@pytest.mark.parametrize("options, word", [
    (dict(layers=[swiftcl.dense(10, 4), swiftcl.head(3)]), "block_size"),
    (dict(layers=[swiftcl.dense(0, 1), swiftcl.head(3)]), "width"),
    (dict(layers=[swiftcl.dense(8, 4)]), "layers"),
    (dict(inputs=0), "inputs"),
    (dict(sampler=77), "sampler"),
    (dict(protection=-1), "protection"),
    (dict(learning_rate=float("nan")), "learning_rate"),
    (dict(learning_rate=-1.0), "learning_rate"),
    (dict(temperature=0.0), "temperature"),
    (dict(max_batch=0), "max_batch"),
    (dict(input_channels=3), "input_channels"),
    (dict(sharing="shared"), "SWIFTCL_TICKETS_SHARED"),
])
def test_descriptions(options, word):
    with pytest.raises(swiftcl.ArgumentError) as excinfo:
        small_network(**options)
    described(excinfo, word)
    assert excinfo.value.status == swiftcl.constants["SWIFTCL_E_ARGUMENT"]
    assert isinstance(excinfo.value, (swiftcl.InputError, swiftcl.Error, ValueError))


@pytest.mark.parametrize("name", ["input_scale", "input_offset"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_scales_that_are_not_finite(name, value):
    with pytest.raises(swiftcl.NonFiniteError) as excinfo:
        small_network(**{name: value})
    described(excinfo, name)


@pytest.mark.parametrize("options, kind", [
    (dict(samplr="mean"), TypeError), (dict(sampler="gumble"), ValueError), (dict(sampler=1.5), TypeError),
    (dict(max_tasks=-1), ValueError), (dict(max_tasks=2**32), ValueError), (dict(seed=2**64), ValueError),
    (dict(input_type=np.complex64), TypeError), (dict(input_scale=[1.0, 2.0]), ValueError),
    (dict(learning_rate="fast"), ValueError), (dict(allocator=None), TypeError), (dict(preset="none"), ValueError),
])
def test_options_the_binding_refuses(options, kind):
    with pytest.raises(kind):
        small_network(**options)


def test_calls_at_the_wrong_time(net):
    x, y = small_rows()
    for call in (lambda: net.train_step(x, y), lambda: net.fit(x, y), net.commit_task, net.end_task, net.abort_task):
        with pytest.raises(swiftcl.StateError) as excinfo:
            call()
        assert isinstance(excinfo.value, swiftcl.UsageError)
        described(excinfo)
    net.begin_task()
    with pytest.raises(swiftcl.StateError):
        net.begin_task()
    net.abort_task()


def test_unknown_tasks(net):
    x, y = small_rows()
    for call in (lambda: net.predict(7, x), lambda: net.evaluate(-2, x, y), lambda: net.task_info(7),
                 lambda: net.winners(7, 0), lambda: net.remove_task(7), lambda: net.parameters(7, 0)):
        with pytest.raises(swiftcl.UnknownTaskError) as excinfo:
            call()
        assert isinstance(excinfo.value, LookupError)


def test_a_wrong_label_names_its_row(net):
    x, y = small_rows()
    y[5] = 3
    with net.task() as task:
        before = net.to_bytes()
        with pytest.raises(swiftcl.LabelError) as excinfo:
            net.train_step(x, y)
        described(excinfo, "5")
        assert net.to_bytes() == before
        net.fit(x, y % 3, progress=False)
    assert net.tasks == [int(task)]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_inputs_that_are_not_finite(net, value):
    x, y = small_rows()
    x[3, 1] = value
    net.begin_task()
    before = net.to_bytes()
    with pytest.raises(swiftcl.NonFiniteError):
        net.train_step(x, y)
    assert net.to_bytes() == before


def test_owned_parameters_are_refused(net):
    x, y = small_rows()
    task = learn(net, x, y)
    weights, biases = net.parameters(task, 0)
    with pytest.raises(swiftcl.OwnedError):
        net.set_parameters(task, 0, weights + 1, biases)
    again, _ = net.parameters(task, 0)
    assert np.array_equal(weights, again)


def test_too_large_a_batch(net):
    x, y = small_rows(100)
    with net.task():
        with pytest.raises(swiftcl.ArgumentError) as excinfo:
            net.train_step(x, y)
        described(excinfo, "100")
        with pytest.raises(swiftcl.ArgumentError):
            net.train_step(x[:0], y[:0])
        net.train_step(x[:64], y[:64])


def test_files(tmp_path, net):
    with pytest.raises(swiftcl.StorageError) as excinfo:
        swiftcl.Network.load(tmp_path / "nothing")
    assert isinstance(excinfo.value, (swiftcl.PersistenceError, OSError))
    with pytest.raises(swiftcl.StorageError):
        net.save(tmp_path / "no" / "folder")
    (tmp_path / "text").write_bytes(b"not a checkpoint, but long enough to be read as one" * 20)
    with pytest.raises(swiftcl.FormatError):
        swiftcl.Network.load(tmp_path / "text")
    with pytest.raises(ValueError, match="zero byte"):
        net.save(str(tmp_path) + "/a\0b")


def test_exceptions_travel():
    error = swiftcl.default_library().error(swiftcl.constants["SWIFTCL_E_LABEL"])
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is swiftcl.LabelError and again.status == error.status
    assert str(again).endswith("[SWIFTCL_E_LABEL]")
    unknown = swiftcl.default_library().error(9999)
    assert type(unknown) is swiftcl.Error and unknown.status == 9999


def test_a_library_that_is_not_there(tmp_path, monkeypatch):
    from swiftcl import _library

    monkeypatch.setenv("SWIFTCL_LIBRARY", str(tmp_path / "missing.so"))
    with pytest.raises(swiftcl.LibraryNotFoundError, match="SWIFTCL_LIBRARY"):
        _library.find_library()
    (tmp_path / "broken.so").write_bytes(b"no machine code")
    with pytest.raises(swiftcl.LibraryNotFoundError, match="broken.so"):
        swiftcl.Library(tmp_path / "broken.so")
