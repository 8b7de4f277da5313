"""Tickets: the network's bits from bytes, from a mapped file, from several threads."""

import gc
import mmap
import pickle
import threading

import numpy as np
import pytest

import swiftcl
from conftest import learn, small_network, small_rows


@pytest.fixture
def trained():
    """A network with two tasks, its rows, and the tasks."""
    with small_network(layers=[swiftcl.dense(24, 4), swiftcl.dense(40, 4), swiftcl.head(3)], head="task") as net:
        x, y = small_rows(rows=100)
        first = learn(net, x, y)
        second = learn(net, x, np.where(y == 2, 0, y), classes=[1, 0])
        yield net, x, [first, second]


def test_bits_of_the_network(trained):
    net, x, tasks = trained
    for task in tasks:
        data = net.export_ticket(task)
        assert net.export_ticket(task) == data
        with swiftcl.Ticket(data) as ticket:
            for rows in (1, 2, 17, 100):
                assert ticket.predict(x[:rows]).tobytes() == net.predict(task, x[:rows]).tobytes()
                assert np.array_equal(ticket.predict_labels(x[:rows]), net.predict_labels(task, x[:rows]))
            assert np.array_equal(ticket.classes, net.task_classes(task))
            for layer in (0, 1):
                assert np.array_equal(ticket.winners(layer), net.winners(task, layer))
            assert ticket.info.bytes == len(data) and ticket.info.task == task.number
            assert ticket.info.inputs == 4 and ticket.info.layer_count == 3
            assert ticket.input_dtype == np.float32 and ticket.to_bytes() == data


def test_several_at_once(trained):
    net, x, tasks = trained
    one_by_one = [net.predict(task, x) for task in tasks]
    for got, wanted in zip(net.predict_tasks(tasks, x), one_by_one):
        assert got.tobytes() == wanted.tobytes()
    tickets = [swiftcl.Ticket(net.export_ticket(task)) for task in tasks]
    for got, wanted in zip(swiftcl.predict_tickets(tickets, x), one_by_one):
        assert got.tobytes() == wanted.tobytes()
    assert swiftcl.predict_tickets([], x) == [] and net.predict_tasks([], x) == []
    tickets[1].close()
    with pytest.raises(swiftcl.ClosedError):
        swiftcl.predict_tickets(tickets, x)
    assert np.array_equal(tickets[0].predict(x), one_by_one[0])  # was let go of
    with small_network(inputs=5) as other:
        wide, y = small_rows(inputs=5)
        task = learn(other, wide, y)
        with pytest.raises(swiftcl.ArgumentError, match="same input"):
            swiftcl.predict_tickets([tickets[0], swiftcl.Ticket(other.export_ticket(task))], x)


def test_a_file_is_mapped(trained, tmp_path):
    net, x, (task, _) = trained
    path = tmp_path / "task.ticket"
    net.save_ticket(task, path)
    data = net.export_ticket(task)
    assert path.read_bytes() == data and [p.name for p in tmp_path.iterdir()] == ["task.ticket"]
    for source in (path, str(path)):
        with swiftcl.Ticket(source) as ticket:
            assert isinstance(ticket._data.base, (mmap.mmap, memoryview))
            assert not ticket._data.flags.writeable
            assert ticket.predict(x).tobytes() == net.predict(task, x).tobytes()
    with pytest.raises(FileNotFoundError):
        swiftcl.Ticket(tmp_path / "nothing")
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    for source in (empty, b""):
        with pytest.raises(swiftcl.FormatError):
            swiftcl.Ticket(source)


def test_buffers(trained):
    net, x, (task, _) = trained
    data, wanted = net.export_ticket(task), net.predict(task, x)
    for shift in (0, 1, 8, 16, 40):
        room = np.zeros(len(data) + 128, np.uint8)
        start = -room.ctypes.data % 64 + shift
        room[start:start + len(data)] = np.frombuffer(data, np.uint8)
        with swiftcl.Ticket(room[start:start + len(data)]) as ticket:
            assert (ticket._data.ctypes.data == room.ctypes.data + start) == (shift % 16 == 0)
            assert np.array_equal(ticket.predict(x), wanted)
    ticket = swiftcl.Ticket(bytearray(data))
    gc.collect()
    assert np.array_equal(ticket.predict(x), wanted)
    again = pickle.loads(pickle.dumps(ticket))
    assert np.array_equal(again.predict(x), wanted) and again.info == ticket.info


def test_inputs_and_outputs(trained):
    net, x, (task, _) = trained
    ticket = swiftcl.Ticket(net.export_ticket(task))
    wanted = ticket.predict(x)
    room = np.empty_like(wanted)
    assert ticket.predict(x.astype(np.float64), out=room) is room and np.array_equal(room, wanted)
    assert np.array_equal(ticket.predict(x.reshape(100, 2, 2)), wanted)
    odd = np.zeros(x.nbytes + 1, np.uint8)[1:].view(np.float32).reshape(x.shape)
    odd[:] = x
    assert np.array_equal(ticket.predict(odd), wanted)
    for bad in (x[0], x[:, :3]):
        with pytest.raises(ValueError):
            ticket.predict(bad)
    with pytest.raises(swiftcl.ArgumentError):
        ticket.predict(x[:0])
    broken = x.copy()
    broken[7, 2] = np.nan
    with pytest.raises(swiftcl.NonFiniteError, match="row is 7"):
        ticket.predict(broken, out=room)
    assert np.array_equal(room, wanted)
    with pytest.raises(swiftcl.ArgumentError):
        ticket.winners(2)


def test_damage(trained):
    net, _, (task, _) = trained
    data = net.export_ticket(task)
    for at in range(0, len(data), 7):
        bad = bytearray(data)
        bad[at] ^= 16
        with pytest.raises(swiftcl.PersistenceError):
            swiftcl.Ticket(bad)
        with pytest.raises(swiftcl.FormatError):
            swiftcl.Ticket(data[:at])


def test_states(trained):
    net, x, (task, _) = trained
    with net.task() as open_task:
        with pytest.raises(swiftcl.StateError):
            net.export_ticket(open_task)
        with pytest.raises(swiftcl.StateError):
            net.export_ticket(swiftcl.OPEN)
        ticket = swiftcl.Ticket(net.export_ticket(task))
        net.fit(x, np.zeros(len(x), np.int32), progress=False)
    with pytest.raises(swiftcl.UnknownTaskError):
        net.export_ticket(9)
    with ticket:
        pass
    assert ticket.closed and "closed" in repr(ticket)
    for call in (lambda: ticket.predict(x), lambda: ticket.classes, ticket.to_bytes, ticket.__enter__):
        with pytest.raises(swiftcl.ClosedError):
            call()
    ticket.close()


def test_threads(trained):
    net, x, (task, _) = trained
    ticket, wanted = swiftcl.Ticket(net.export_ticket(task)), net.predict(task, x)
    wrong = []

    def work(first):
        for _ in range(50):
            if not np.array_equal(ticket.predict(x[first:]), wanted[first:]):
                wrong.append(first)

    threads = [threading.Thread(target=work, args=(n * 20,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
