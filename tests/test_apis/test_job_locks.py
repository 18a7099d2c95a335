import multiprocessing
import os
import signal

import pytest

from fusionreid_mm.apis.job_locks import JobLocks

CONTEXT = multiprocessing.get_context('fork')


@pytest.fixture
def holder(tmp_path):
    """Another process that has the parts 1 and 2, and ends when it is told
    so."""
    ready, end = CONTEXT.Event(), CONTEXT.Event()

    def hold():
        with JobLocks(tmp_path / 'locks') as locks, locks.part(1) as first, \
                locks.part(2) as second:
            assert first and second
            ready.set()
            end.wait(100)

    process = CONTEXT.Process(target=hold)
    process.start()
    assert ready.wait(100)
    yield process, end
    process.kill()
    process.join()


def free_parts(folder):
    found = []
    with JobLocks(folder / 'locks') as locks:
        for index in range(4):
            with locks.part(index) as is_mine:
                if is_mine:
                    found.append(index)
    return found


def test_a_part_is_of_one_process(holder, tmp_path):
    process, end = holder
    assert free_parts(tmp_path) == [0, 3]
    end.set()
    process.join()
    assert process.exitcode == 0
    assert free_parts(tmp_path) == [0, 1, 2, 3]


def test_killed_processes_have_nothing(holder, tmp_path):
    process, _ = holder
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert free_parts(tmp_path) == [0, 1, 2, 3]


def test_waiting_for_the_whole(tmp_path):
    order = CONTEXT.SimpleQueue()
    started = CONTEXT.Event()

    def wait():
        with JobLocks(tmp_path / 'locks') as locks:
            started.set()
            with locks.whole_job():
                order.put('second')

    process = CONTEXT.Process(target=wait)
    with JobLocks(tmp_path / 'locks') as locks, locks.whole_job():
        process.start()
        assert started.wait(100)
        process.join(timeout=.3)
        order.put('first')
    process.join()
    assert [order.get(), order.get()] == ['first', 'second']


def test_an_error_frees_a_part(tmp_path):
    with JobLocks(tmp_path / 'locks') as locks:
        with pytest.raises(RuntimeError):
            with locks.part(0):
                raise RuntimeError
        process = CONTEXT.Process(
            target=lambda: os._exit(len(free_parts(tmp_path))))
        process.start()
        process.join()
    assert process.exitcode == 4


def test_file_systems_without_locks(tmp_path, monkeypatch):
    import fcntl

    def refuse(*args):
        raise OSError(37, 'No locks available')

    monkeypatch.setattr(fcntl, 'lockf', refuse)
    with JobLocks(tmp_path / 'locks') as locks:
        with pytest.raises(OSError, match='locks cannot be locked .No locks'):
            with locks.part(0):
                pass
    monkeypatch.setattr('fusionreid_mm.apis.job_locks.fcntl', None)
    with pytest.raises(OSError, match='no locks on parts of files'):
        JobLocks(tmp_path / 'locks')
