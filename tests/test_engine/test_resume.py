import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers.payloads import payloads
from mmengine.logging import MessageHub, MMLogger
from mmengine.runner import IterBasedTrainLoop
from torch.utils.data import DataLoader

from fusionreid_mm.engine import EarlyStoppingHook, EpochSeedHook
from fusionreid_mm.engine.checkpoint import find_latest_whole, resume_latest
from fusionreid_mm.engine.hooks.checkpoint_hook import warn_of_gradients


@pytest.fixture
def write(tmp_path):
    """Checkpoints in the work dir."""

    def run(*names: str, last: str = ''):
        for name in names:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            torch.save(dict(name=name), tmp_path / name)
        if last:
            (tmp_path / 'last_checkpoint').write_text(last)

    return run


def found(folder) -> str:
    path = find_latest_whole(folder)
    return str(path.relative_to(folder))


def test_what_was_written_last(write, tmp_path):
    """Not what an earlier and longer run has left."""
    write('epoch_2.pth', 'epoch_9.pth', last=str(tmp_path / 'epoch_2.pth'))
    assert found(tmp_path) == 'epoch_2.pth'
    (tmp_path / 'epoch_2.pth').write_bytes(b'')
    write('epoch_1.pth')
    assert found(tmp_path) == 'epoch_1.pth'


@pytest.mark.parametrize('last', ['', '  \n', '/elsewhere/epoch_11.pth'])
def test_by_number(write, tmp_path, last):
    """The best and what is not whole do not count."""
    write(
        'epoch_9.pth',
        'epoch_10.pth',
        'best_reid_mAP_epoch_12.pth',
        'epoch_13.pth.part',
        last=last)
    assert found(tmp_path) == 'epoch_10.pth'


def test_a_folder_that_was_moved(write, tmp_path):
    write('new/iter_20.pth', 'old/iter_20.pth')
    (tmp_path / 'new' / 'last_checkpoint').write_text(
        str(tmp_path / 'old' / 'iter_20.pth'))
    assert found(tmp_path / 'new') == 'iter_20.pth'


def test_another_folder_for_checkpoints(write, tmp_path):
    write(
        'out/epoch_1.pth',
        'out/epoch_2.pth',
        last=str(tmp_path / 'out' / 'epoch_2.pth'))
    assert found(tmp_path) == 'out/epoch_2.pth'
    (tmp_path / 'out' / 'epoch_2.pth').write_bytes(b'PK')
    assert found(tmp_path) == 'out/epoch_1.pth'


def test_none_is_whole(write, tmp_path):
    assert find_latest_whole(tmp_path) is None
    write(last=str(tmp_path / 'epoch_1.pth'))
    with pytest.raises(ValueError, match='last_checkpoint names is not there'):
        find_latest_whole(tmp_path)
    (tmp_path / 'epoch_1.pth').write_bytes(b'')
    with pytest.raises(ValueError, match='(?s)none of.*epoch_1.*--work-dir'):
        find_latest_whole(tmp_path)


def test_an_unsafe_one_is_not_passed_over(write, tmp_path):
    write('epoch_1.pth')
    marker = tmp_path / 'marker'
    torch.save(payloads(marker)['exec'], tmp_path / 'epoch_2.pth')
    runner = SimpleNamespace(work_dir=str(tmp_path))
    with pytest.raises(ValueError, match='epoch_2.pth is refused'):
        resume_latest(runner)
    assert not marker.exists()


def test_a_runner_is_told(write, tmp_path, caplog, capsys):
    runner = SimpleNamespace(
        work_dir=str(tmp_path), _resume=True, _load_from='weights.pth')
    resume_latest(runner)
    assert (runner._resume, runner._load_from) == (False, 'weights.pth')
    assert 'nothing to resume' in caplog.text + ''.join(capsys.readouterr())
    write('epoch_3.pth')
    resume_latest(runner)
    assert runner._resume
    assert runner._load_from == str(tmp_path / 'epoch_3.pth')


def test_early_stopping_goes_on_waiting():

    def start() -> tuple:
        """A hook in a new process, with what the checkpoint holds."""
        hook = EarlyStoppingHook('reid/mAP', patience=2)
        runner = SimpleNamespace(
            message_hub=hub,
            train_loop=SimpleNamespace(stop_training=False),
            logger=MMLogger.get_instance('stopping'))
        hook.before_train(runner)
        return hook, runner

    hub = MessageHub.get_instance('stopping')
    stopped = []
    for score in (50., 40., 40., 60.):
        hook, runner = start()
        stopped.append(runner.train_loop.stop_training)
        hook.after_val_epoch(runner, {'reid/mAP': score})
    assert stopped == [False, False, False, True]


def test_gradients_that_wait_are_told(caplog):
    logger = MMLogger.get_instance('gradients')
    logger.addHandler(caplog.handler)
    for iterations, counts in ((12, 4), (13, 4), (7, 1)):
        wrapper = SimpleNamespace(_accumulative_counts=counts)
        warn_of_gradients(
            SimpleNamespace(
                iter=iterations, optim_wrapper=wrapper, logger=logger))
    message, = caplog.messages
    assert 'accumulative_counts=4' in message
    assert 'the last 1,' in message


@pytest.mark.parametrize('num_workers', [0, 2])
def test_an_epoch_draws_what_it_would_have_drawn(num_workers):
    """Whatever came before, also in workers that outlive an epoch."""

    class Draws(torch.utils.data.Dataset):

        def __len__(self) -> int:
            return 8

        def __getitem__(self, index: int) -> list:
            return [
                random.random(),
                np.random.rand(),
                float(torch.rand(())), index
            ]

    def epochs(numbers) -> list:
        loader = DataLoader(
            Draws(),
            batch_size=2,
            num_workers=num_workers,
            persistent_workers=num_workers > 0)
        runner = SimpleNamespace(
            seed=5,
            message_hub=MessageHub.get_instance('draws'),
            train_loop=SimpleNamespace(dataloader=loader))
        hook = EpochSeedHook()
        hook.before_train(runner)
        found = []
        for runner.epoch in numbers:
            hook.before_train_epoch(runner)
            batches = [torch.stack(batch, 1).tolist() for batch in loader]
            found.append((batches, torch.rand(3).tolist()))
        return found

    first, second, third = epochs([0, 1, 2])
    assert first != second != third
    assert epochs([1, 2]) == [second, third]
    draws = [row[:3] for batch in first[0] for row in batch]
    assert len({tuple(row) for row in draws}) == 8


def test_iterations_do_not_draw_again_what_they_drew():
    """A training by iterations has one epoch, in which it goes through the
    data again and again, with new workers each time if they do not stay."""
    loader = DataLoader(_Numbers(), batch_size=2, num_workers=1)
    loop = object.__new__(IterBasedTrainLoop)
    loop.dataloader = loader
    runner = SimpleNamespace(
        seed=5,
        epoch=0,
        message_hub=MessageHub.get_instance('iterations'),
        train_loop=loop)
    hook = EpochSeedHook()
    hook.before_train(runner)
    hook.before_train_epoch(runner)
    first, second = ([batch.tolist() for batch in loader] for _ in range(2))
    assert first != second


class _Numbers(torch.utils.data.Dataset):
    """Random ones."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> float:
        return random.random()
