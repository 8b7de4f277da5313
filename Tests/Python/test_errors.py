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
    for call in (lambda: net.predict(7, x), lambda: net.evaluate(2**31 - 1, x, y), lambda: net.task_info(7),
                 lambda: net.winners(7, 0), lambda: net.remove_task(7), lambda: net.parameters(7, 0)):
        with pytest.raises(swiftcl.UnknownTaskError) as excinfo:
            call()
        assert isinstance(excinfo.value, LookupError)


def task_calls(net, x, y):
    """Every call that takes a task, as a function of it."""
    weights, biases = net.parameters(0, 0)
    return {
        "predict": lambda task: net.predict(task, x), "predict_labels": lambda task: net.predict_labels(task, x),
        "evaluate": lambda task: net.evaluate(task, x, y),
        "evaluate_tasks": lambda task: net.evaluate_tasks([(0, x, y), (task, x, y)]),
        "task_info": net.task_info, "task_classes": net.task_classes, "remove_task": net.remove_task,
        "reopen_task": net.reopen_task, "winners": lambda task: net.winners(task, 0),
        "winner_mask": lambda task: net.winner_mask(task, 0),
        "winner_probabilities": lambda task: net.winner_probabilities(task, 0),
        "overlap a": lambda task: net.overlap(task, 0, 0), "overlap b": lambda task: net.overlap(0, task, 0),
        "parameters": lambda task: net.parameters(task, 0),
        "set_parameters": lambda task: net.set_parameters(task, 0, weights, biases),
        "Task": lambda task: swiftcl.Task(net, task),
    }


@pytest.mark.parametrize("task, kind", [
    (2**31, ValueError), (2**32, ValueError), (2**64, ValueError), (-2, ValueError), (-2**32, ValueError),
    (np.int64(2**32), ValueError), (0.7, TypeError), (0.0, TypeError), (np.float32(0), TypeError), ("0", TypeError),
    (None, TypeError),
])
def test_numbers_of_tasks_are_not_cut_off(net, task, kind):
    x, y = small_rows()
    learn(net, x, y)
    before = net.to_bytes()
    for name, call in task_calls(net, x, y).items():
        word = {"overlap a": "a is", "overlap b": "b is", "Task": "number is", "evaluate_tasks": "task of set 1"}
        with pytest.raises(kind, match=word.get(name, "task is")) as excinfo:
            call(task)
        assert not isinstance(excinfo.value, swiftcl.Error), f"{name} reached the library"
    assert net.to_bytes() == before and net.tasks == [0]


def test_integers_of_numpy_and_handles_are_tasks(net):
    x, y = small_rows()
    task = learn(net, x, y)
    expected = net.predict(task, x)
    for same in (0, np.int64(0), np.uint8(0), task):
        assert np.array_equal(net.predict(same, x), expected)
        assert np.array_equal(net.winners(same, np.int16(1)), net.winners(task, 1))


@pytest.mark.parametrize("layer, kind", [(2**32, ValueError), (-1, ValueError), (0.0, TypeError), (None, TypeError)])
def test_layers_are_not_cut_off(net, layer, kind):
    x, y = small_rows()
    task = learn(net, x, y)
    for call in (net.layer_info, net.capacity, lambda layer: net.winners(task, layer),
                 lambda layer: net.winner_mask(task, layer), lambda layer: net.winner_probabilities(task, layer),
                 lambda layer: net.overlap(task, task, layer), lambda layer: net.parameters(task, layer),
                 lambda layer: net.set_parameters(task, layer, np.zeros((1, 1)), np.zeros(1))):
        with pytest.raises(kind, match="layer is"):
            call(layer)
    with pytest.raises(swiftcl.ArgumentError):
        net.layer_info(2**32 - 1)


@pytest.mark.parametrize("call, word", [
    (lambda net, x, y, bad: net.fit(x, y, epochs=bad, progress=False), "epochs"),
    (lambda net, x, y, bad: net.fit(x, y, batch=bad, progress=False), "batch"),
    (lambda net, x, y, bad: net.begin_task(user_tag=bad), "user_tag"),
    (lambda net, x, y, bad: net.begin_task(mask_classes=bad), "mask_classes"),
    (lambda net, x, y, bad: net.begin_task(expected_steps=bad), "expected_steps"),
    (lambda net, x, y, bad: net.begin_task(compete_steps=bad), "compete_steps"),
    (lambda net, x, y, bad: net.begin_task(start=bad), "start"),
    (lambda net, x, y, bad: net.begin_task(classes=[0, bad]), r"classes\[1\]"),
    (lambda net, x, y, bad: swiftcl.dense(bad), "width"),
    (lambda net, x, y, bad: swiftcl.dense(8, bad), "block_size"),
    (lambda net, x, y, bad: swiftcl.head(bad), "width"),
    (lambda net, x, y, bad: small_network(inputs=bad), "inputs"),
    (lambda net, x, y, bad: small_network(seed=bad), "seed"),
    (lambda net, x, y, bad: small_network(max_tasks=bad), "max_tasks"),
    (lambda net, x, y, bad: small_network(sampler=bad), "sampler"),
    (lambda net, x, y, bad: swiftcl.steps(bad), "rows"),
    (lambda net, x, y, bad: swiftcl.steps(10, bad), "batch"),
    (lambda net, x, y, bad: swiftcl.steps(10, 2, bad), "epochs"),
    (lambda net, x, y, bad: net.library.error(bad), "status"),
    (lambda net, x, y, bad: net.library.warning_texts(bad), "bits"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_integers_are_not_cut_off(net, call, word):
    x, y = small_rows()
    before = net.to_bytes()
    for bad in (2**64, 2**64 + 1, -2**63 - 1):
        with pytest.raises(ValueError, match=f"{word} is {bad}, expected"):
            call(net, x, y, bad)
    for bad in (1.0, 0.7, None, b"1"):
        with pytest.raises(TypeError, match=f"{word} is {bad}, expected"):
            call(net, x, y, bad)
    assert net.to_bytes() == before


def test_the_ends_of_every_integer_type():
    import ctypes

    from swiftcl._integers import integer

    for bits in (8, 16, 32, 64):
        signed, unsigned = getattr(ctypes, f"c_int{bits}"), getattr(ctypes, f"c_uint{bits}")
        for kind, low, high in ((signed, -2 ** (bits - 1), 2 ** (bits - 1) - 1), (unsigned, 0, 2**bits - 1)):
            assert integer(low, kind, "n") == low and integer(np.int8(1), kind, "n") == 1
            assert integer(high, kind, "n") == high == kind(high).value
            for bad in (low - 1, high + 1):
                with pytest.raises(ValueError, match=f"n is {bad}, expected {low} to {high}"):
                    integer(bad, kind, "n")
    with pytest.raises(ValueError, match="expected 1 to 255"):
        integer(0, ctypes.c_uint8, "n", low=1)


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
