"""The object: lifetime, tasks, callbacks, what it reports."""

import gc
import pathlib
import threading
import weakref

import numpy as np
import pytest
import swiftcl
from conftest import learn, small_network, small_rows


def test_closing_twice_and_using_after():
    net = small_network()
    x, y = small_rows()
    learn(net, x, y)
    net.close()
    net.close()
    assert net.closed and "closed" in repr(net)
    for call in (lambda: net.tasks, lambda: net.predict(0, x), lambda: net.save("x"), lambda: net.__enter__(),
                 lambda: net.memory, lambda: net.begin_task()):
        with pytest.raises(swiftcl.ClosedError):
            call()


def test_networks_are_freed():
    net = small_network(fixed_memory=True)
    gone = weakref.ref(net)
    finalizer = net._finalizer
    del net
    gc.collect()
    assert gone() is None and not finalizer.alive


def test_a_task_ends_or_is_aborted():
    x, y = small_rows()
    with small_network() as net:
        with net.task(expected_steps=3) as first:
            assert first.open and first.info.phase in (swiftcl.Phase.COMPETE, swiftcl.Phase.SPECIALISE)
            net.train_step(x, y)
        assert not first.open and first.info.phase == swiftcl.Phase.FINISHED
        before = net.to_bytes()
        with pytest.raises(ZeroDivisionError):
            with net.task():
                net.train_step(x, y)
                1 / 0
        assert net.tasks == [int(first)] and net.to_bytes() == before
        with net.task() as second:
            net.train_step(x, y)
            net.end_task()  # by hand: leaving the block does nothing more
        with net.task():
            net.abort_task()
        assert net.tasks == [int(first), int(second)]
        with net.task():
            net.close()


def test_progress_function_sees_every_step_and_stops():
    x, y = small_rows(64)
    with small_network() as net, net.task():
        seen = []
        report = net.fit(x, y, epochs=2, batch=16, progress=seen.append)
        assert [p.step for p in seen] == list(range(1, 9)) and {p.steps for p in seen} == {8}
        assert report.steps == 8 and report.epochs == 2 and report.rows == 128
        with pytest.raises(swiftcl.Stopped):
            net.fit(x, y, progress=lambda p: p.step == 1)
        assert net.task_info().steps == 9  # the step before the stop is kept


def test_fit_takes_the_number_of_steps_where_nobody_told_it():
    x, y = small_rows(64)
    with small_network(expected_tasks=1) as net, net.task():
        seen = []
        net.fit(x, y, epochs=25, batch=16, progress=seen.append)  # 100 steps
        rates = [p.learning_rate for p in seen]
        np.testing.assert_allclose(rates, np.linspace(0.03, 0.003, 100), rtol=1e-4)
        assert seen[9].phase == swiftcl.Phase.COMPETE and seen[10].phase == swiftcl.Phase.SPECIALISE
        assert net.task_info().committed_at == 10
        more = []
        net.fit(x, y, batch=16, progress=more.append)  # a later fit changes nothing
        assert [p.learning_rate for p in more] == pytest.approx([0.003] * 4)


class Interrupt(BaseException):
    pass


def test_exceptions_of_callbacks_come_out():
    x, y = small_rows()
    with small_network() as net, net.task():
        def raises(progress):
            raise Interrupt

        with pytest.raises(Interrupt):
            net.fit(x, y, batch=8, progress=raises)
        assert net.task_info().steps == 1

        def calls_back(progress):
            net.predict(swiftcl.OPEN, x)

        with pytest.raises(RuntimeError, match="callback"):
            net.fit(x, y, progress=calls_back)

        def closes(progress):
            net.close()

        with pytest.raises(RuntimeError, match="callback"):
            net.fit(x, y, progress=closes)
        assert not net.closed
        with pytest.raises(TypeError, match="progress"):
            net.fit(x, y, progress="bar")


def test_progress_bar(capsys):
    pytest.importorskip("tqdm")
    x, y = small_rows()
    with small_network() as net, net.task():
        net.fit(x, y, batch=8)
        assert capsys.readouterr().err == ""
        net.fit(x, y, batch=8, progress=True)
        assert "step" in capsys.readouterr().err


def test_threads_wait_for_each_other():
    x, y = small_rows(64)
    failures = []
    with small_network() as net:
        task = learn(net, x, y)
        expected = net.predict(task, x)

        def work():
            try:
                for _ in range(50):
                    assert np.array_equal(net.predict(task, x), expected)
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        with net.task():
            net.fit(x, y, epochs=20, progress=False)
        for thread in threads:
            thread.join()
    assert failures == []


def test_same_seed_same_bits_and_other_seed_other_bits():
    x, y = small_rows()

    def bits(seed, **options):
        with small_network(seed=seed, **options) as net:
            task = learn(net, x, y)
            return net.predict(task, x).tobytes()

    for sampler in swiftcl.option_values("sampler"):
        assert bits(1, sampler=sampler) == bits(1, sampler=sampler)
        assert bits(1, sampler=sampler) != bits(2, sampler=sampler)
        assert bits(1, sampler=sampler) == bits(1, sampler=sampler, fixed_memory=True)


def test_who_won():
    x, y = small_rows()
    with small_network(expected_tasks=3) as net:
        tasks = [learn(net, x, y) for _ in range(3)]
        for layer in (0, 1):
            winners = [net.winners(task, layer) for task in tasks]
            for task, won in zip(tasks, winners):
                mask = net.winner_mask(task, layer)
                assert mask.shape == (2, 4) and mask.dtype == bool
                for block, winner in enumerate(won):
                    assert list(np.flatnonzero(mask[block])) == ([winner] if winner >= 0 else [])
                probabilities = net.winner_probabilities(task, layer)
                assert (probabilities[~mask] == 0).all()
                assert (probabilities[mask] >= 0.25).all() and (probabilities[mask] <= 1).all()
            for a in range(3):
                for b in range(3):
                    both = (winners[a] >= 0) & (winners[b] >= 0)
                    shared = both & (winners[a] == winners[b])
                    assert net.overlap(tasks[a], tasks[b], layer) == (shared.sum(), both.sum())
            info, capacity = net.layer_info(layer), net.capacity(layer)
            used = len({(block, winner) for won in winners for block, winner in enumerate(won) if winner >= 0})
            assert info.owned_units == used and info.free_units == 8 - used == capacity.free_units
        assert net.tasks == [int(task) for task in tasks]


def test_a_ticket_keeps_how_sure_its_winners_were():
    x, y = small_rows()
    with small_network(prune_threshold=0, logit_init=1.0) as net:
        with net.task(compete_steps=swiftcl.UNTIL_END) as task:
            for _ in range(3):
                net.train_step(x, y)
            before = [net.winner_probabilities(swiftcl.OPEN, layer) for layer in (0, 1)]
            net.commit_task()
            for _ in range(3):
                net.train_step(x, y)
        for layer in (0, 1):
            winners = net.winners(task, layer)
            assert np.array_equal(winners, before[layer].argmax(1))
            kept = np.where(np.arange(4) == winners[:, None], before[layer], 0)
            np.testing.assert_allclose(net.winner_probabilities(task, layer), kept, rtol=1e-6)


def test_what_the_open_task_shows():
    x, y = small_rows()
    with small_network(prune_threshold=0) as net:
        net.begin_task(classes=[2, 0], user_tag=77, compete_steps=swiftcl.UNTIL_END)
        assert net.winner_mask(swiftcl.OPEN, 0).all()
        probabilities = net.winner_probabilities(swiftcl.OPEN, 0)
        np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-6)
        assert list(net.task_classes()) == [2, 0] and net.task_info().user_tag == 77
        assert net.predict(swiftcl.OPEN, x).shape == (len(x), 2)
        keep = y != 1
        step = net.train_step(x[keep], y[keep])
        assert step.phase == swiftcl.Phase.COMPETE and step.alive_units == 16 and step.rows == keep.sum()
        net.commit_task()
        assert (net.winner_mask(swiftcl.OPEN, 0).sum(1) == 1).all()
        assert net.train_step(x[keep], y[keep]).phase == swiftcl.Phase.SPECIALISE
        net.learning_rate = 0.25
        assert net.learning_rate == 0.25
        info = net.end_task()
        assert info.steps == 2 and set(net.predict_labels(0, x)) <= {0, 2}


def worker_threads():
    def name(task):
        try:
            return (task / "comm").read_text().strip()
        except OSError:  # it ended meanwhile
            return ""

    return sum(name(task) == "swiftcl" for task in pathlib.Path("/proc/self/task").iterdir())


def test_threads_are_started_and_change_no_bit():
    x, y = small_rows(64, inputs=256)
    images = []
    for threads in (1, 3):
        with small_network(inputs=256, layers=[swiftcl.dense(512, 4), swiftcl.dense(256, 2), swiftcl.head(3)]) as net:
            assert net.threads == 1
            net.threads = threads
            assert net.threads == threads and worker_threads() == threads - 1
            with net.task(expected_steps=6):
                net.fit(x, y, epochs=3, batch=32, progress=False)
            images.append(net.to_bytes())
            with swiftcl.Network.from_bytes(images[-1]) as copy:
                assert copy.threads == 1
            with pytest.raises(swiftcl.Error, match="threads is 65"):
                net.threads = 65
            for wrong, error in ((0, swiftcl.Error), (-1, ValueError), (2**32, ValueError), (1.5, TypeError)):
                with pytest.raises(error):
                    net.threads = wrong
            assert net.threads == threads
        assert worker_threads() == 0
    assert images[0] == images[1]


def test_multiply_adds_are_counted_as_documented():
    x, y = small_rows(16, inputs=6)
    with small_network(inputs=6, sampler="random", layers=[swiftcl.dense(16, 4), swiftcl.dense(8, 2), swiftcl.head(3)],
                       expected_tasks=1) as net:
        with net.task():
            step = net.train_step(x, y)
        # The first layer counts 2 (forward, weight gradient), others 3 (and the input gradient).
        assert step.macs == 16 * (2 * 6 * 4 + 3 * 4 * 4 + 3 * 4 * 3)
        assert step.dense_macs == 16 * (2 * 6 * 16 + 3 * 16 * 8 + 3 * 8 * 3)
        assert net.accounting.macs == step.macs and net.accounting.steps == 1
        assert net.accounting.macs_vs_dense == pytest.approx(step.macs / step.dense_macs)
        info = net.task_info(0)
        assert info.predict_macs == 6 * 4 + 4 * 4 + 4 * 3
        assert info.parameters == info.predict_macs + 4 + 4 + 3


def test_costs_of_training():
    x, y = small_rows(16, inputs=6)
    layers = [swiftcl.dense(16), swiftcl.dense(8), swiftcl.head(3)]
    edges = 6 * 16 + 16 * 8 + 8 * 3
    with small_network(inputs=6, layers=layers, sharing="shared", replay="er", replay_rows=20, replay_batch=16) as net:
        for _ in range(2):
            with net.task():
                net.train_step(x, y)
        costs = net.accounting
        # Papers charge recalled rows forward only, and the first layer's input gradient, which nothing needs.
        assert costs.paper_macs == costs.paper_dense_macs == 32 * 3 * edges + 16 * edges
        assert costs.full_macs == costs.full_dense_macs == 48 * (3 * edges - 6 * 16)
        assert 0 < costs.seconds < 60 and costs.optimizer_bytes == 0
        assert costs.parameter_bytes == costs.dense_parameter_bytes == 4 * (edges + 16 + 8 + 3)
    told = swiftcl.forecast(layers, 6, 32, draws=1, tasks=2, replay="er", replay_rows=20)
    assert told.full_dense_macs == costs.full_macs and told.row_macs == edges
    assert told.parameters * 4 == costs.parameter_bytes


DEEP = [*(swiftcl.dense(32, 4) for _ in range(6)), swiftcl.head(3)]


def test_what_fits_is_proposed():
    given = dict(max_batch=256, max_tasks=3, replay="er", replay_rows=500, replay_low=-3, replay_high=3)
    whole = swiftcl.plan(DEEP, 6, **given)
    options, report = swiftcl.propose(DEEP, 6, whole.total_bytes, **given)
    assert options == given and report.changes == report.affects == 0 and report.tried == 1
    options, report = swiftcl.propose(DEEP, 6, whole.total_bytes - 1, **given)
    assert options == {**given, "recompute": options["recompute"]} and options["recompute"] > 1
    assert report.changes == swiftcl.Change.RECOMPUTE and report.affects == 0
    assert report.described_bytes == whole.total_bytes
    assert swiftcl.plan(DEEP, 6, **options).total_bytes == report.total_bytes < whole.total_bytes
    with pytest.raises(swiftcl.BufferTooSmallError, match="are missing, and most of it is [a-z]+_bytes = "):
        swiftcl.propose(DEEP, 6, whole.total_bytes // 4, **given)
    options, report = swiftcl.propose(
        DEEP, 6, whole.total_bytes // 4, allow="recompute+sampler+replay_u8+draws+batch+rows", **given)
    assert report.total_bytes <= whole.total_bytes // 4 and report.affects & swiftcl.Change.REPLAY_U8
    x, y = small_rows(32, inputs=6)
    with swiftcl.Network(DEEP, 6, fixed_memory=True, **options) as net:
        with net.task():
            net.fit(x, y, batch=options.get("max_batch", 32))
    with pytest.raises(ValueError, match="allow is 'speed'"):
        swiftcl.propose(DEEP, 6, 1, allow="speed")
    with pytest.raises(ValueError, match="bytes"):
        swiftcl.propose(DEEP, 6, -1)


def test_outputs_made_again_are_the_same():
    x, y = small_rows(64, inputs=6)
    said = []
    for n in (0, 2, 3):
        with swiftcl.Network(DEEP, 6, recompute=n, seed=4) as net:
            with net.task(compete_steps=3):
                for _ in range(8):
                    net.train_step(x, y)
            said.append((net.predict(0, x), net.accounting))
    for logits, costs in said[1:]:
        assert (logits == said[0][0]).all()
        assert costs.full_macs > said[0][1].full_macs and costs.paper_macs == said[0][1].paper_macs


def test_forecast_of_a_published_protocol():
    """Split CIFAR-10 of five tasks and 50 epochs on ResNet-18: docs/algorithms.md, B.7."""
    layers = swiftcl.resnet18(width=64, block_size=1, classes=10, image=(32, 32))
    told = swiftcl.forecast(
        layers, 3072, 5 * 10_000 * 50, draws=1, kept_share=0.775, input_channels=3, sparsity=0.75, gradient_sparsity=0.8)
    assert (told.parameters, told.maskable_parameters) == (11_173_962, 10_985_472)
    assert round(2 * told.paper_dense_macs / 1e15, 1) == 11.1
    assert round(2 * told.paper_macs / 1e15, 2) == 2.04
    assert round(2 * told.paper_macs_unmasked_dense / 1e15, 2) == 2.14
    with pytest.raises(swiftcl.Error, match="kept_share"):
        swiftcl.forecast(layers, 3072, 1, kept_share=2, input_channels=3)
    with pytest.raises(swiftcl.Error, match="gradient_sparsity"):
        swiftcl.forecast(layers, 3072, 1, input_channels=3, sparsity=0.9, gradient_sparsity=0.8)


def test_plan_is_what_is_used():
    layers = [swiftcl.dense(64, 4), swiftcl.dense(32, 4), swiftcl.head(3)]
    plan = swiftcl.plan(layers, inputs=4, seed=3, max_batch=64)
    parts = [getattr(plan, name) for name in plan._fields if name.endswith("_bytes")
             and name not in ("total_bytes", "full_ticket_bytes")]
    turns = [plan.input_bytes, plan.forward_bytes, plan.gradient_bytes, plan.scratch_bytes]
    assert sum(turns) == plan.unshared_bytes and plan.unshared_bytes > plan.activation_bytes > max(turns)
    assert sum(parts) - 2 * plan.unshared_bytes == plan.total_bytes
    x, y = small_rows()
    with small_network(layers=layers, fixed_memory=True) as net:
        learn(net, x, y)
        assert net.memory == (plan.total_bytes, plan.total_bytes)


def test_warnings():
    linear = [swiftcl.dense(8, 4, activation="none"), swiftcl.dense(8, 4, activation="none"), swiftcl.head(3)]
    with small_network(layers=linear) as net:
        assert any("linear" in text for text in net.warnings)
    with small_network(protection="none") as net:
        assert len(net.warnings) == 1
    with small_network() as net:
        assert net.warnings == []


def test_removed_tasks_free_their_units():
    x, y = small_rows()
    with small_network(expected_tasks=4) as net:
        first, second = learn(net, x, y), learn(net, x, y)
        kept, free = net.predict(second, x), net.layer_info(0).free_units
        net.remove_task(first)
        assert net.tasks == [int(second)] and net.layer_info(0).free_units > free
        assert np.array_equal(net.predict(second, x), kept)
        third = learn(net, x, y)
        assert int(third) not in (int(first), int(second))  # numbers are never used again


def test_regression():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 4)).astype(np.float32)
    target = np.stack([x[:, 0] * x[:, 1], x.sum(1)], 1).astype(np.float32)
    with small_network(layers=[swiftcl.dense(64, 2), swiftcl.head(2)], loss="mse", learning_rate=0.01,
                       schedule="constant") as net:
        with net.task() as task:
            first = net.train_step_targets(x, target).loss
            for _ in range(500):
                last = net.train_step_targets(x, target).loss
        assert last < first / 4
        error = np.mean((net.predict(task, x) - target) ** 2)
        assert error == pytest.approx(last, rel=0.2, abs=0.02)


def test_parameters_of_the_open_task_can_be_set():
    x, _ = small_rows()
    with small_network(sampler="random", expected_tasks=1) as net:
        net.begin_task()
        weights, biases = net.parameters(swiftcl.OPEN, 2)
        net.set_parameters(swiftcl.OPEN, 2, np.zeros_like(weights), np.arange(3))
        assert np.array_equal(net.predict(swiftcl.OPEN, x), np.tile(np.float32([0, 1, 2]), (len(x), 1)))
        with pytest.raises(swiftcl.NonFiniteError):
            net.set_parameters(swiftcl.OPEN, 2, np.full_like(weights, np.nan), biases)


def test_task_handles():
    x, y = small_rows()
    with small_network() as net:
        task = learn(net, x, y)
        assert task == int(task) and task == swiftcl.Task(net, int(task)) and hash(task) == hash(int(task))
        assert range(5)[task] == int(task)
        context = net.task()
        with context:
            pass
        with pytest.raises(RuntimeError, match="begun"):
            context.__enter__()
