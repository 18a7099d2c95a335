"""A run that is killed and resumed is the run that was never stopped."""
import random
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from helpers.golden import ROOT
from helpers.interrupted import comparable, free_port, records, train_in_fork
from helpers.tools import run_process
from mmengine.config import Config

from fusionreid_mm import apis  # noqa: F401
from fusionreid_mm.evaluation import evaluate_ranking

EPOCHS = 4

# With everything that draws numbers or remembers something.
CONFIG = f'''
_base_ = {str(ROOT / 'configs/fusionreid_tiny_synthetic.py')!r}

custom_imports = dict(
    imports=['fusionreid_mm', 'helpers.interrupted'],
    allow_failed_imports=False)
model = dict(
    data_preprocessor=dict(random_erasing=dict(mode='pixel', probability=0.5)),
    branches=dict(
        cnn=dict(backbone=dict(stem_channels=8, base_channels=8)),
        transformer=dict(
            backbone=dict(
                arch=dict(
                    embed_dims=24,
                    num_layers=2,
                    num_heads=2,
                    feedforward_channels=48),
                img_size=(64, 32),
                drop_path_rate=0.3))),
    neck=dict(embed_dims=16, num_heads=2),
    head=dict(num_classes=8))
dataset = dict(data_root={{data_root!r}}, strict_counts=False)
train_dataloader = dict(
    batch_size={{batch_size}},
    num_workers={{num_workers}},
    sampler=dict(num_identities={{batch_size}} // 2, num_instances=2),
    dataset=dict(
        pipeline=[
            dict(type='LoadReIDImage'),
            dict(type='RandomFlip', prob=0.5),
            dict(type='mmpretrain.RandomCrop', crop_size=(64, 32), padding=5),
            dict(type='PackReIDInputs'),
        ],
        **dataset))
val_dataloader = dict(
    num_workers=0,
    dataset=dict(
        pipeline=[dict(type='LoadReIDImage'),
                  dict(type='PackReIDInputs')],
        **dataset))
test_dataloader = val_dataloader
train_cfg = dict(max_epochs={{epochs}}, val_interval=1)
param_scheduler = dict(T_max={{epochs}}, warmup_epochs=1)
default_hooks = dict(
    checkpoint=dict(interval=1, max_keep_ckpts=2), logger=dict(interval=2))
custom_hooks = [
    dict(type='ReIDProtocolHook'),
    dict(type='CheckpointFitHook'),
    dict(type='SyncBuffersHook'),
    dict(type='ValidateBeforeTrainHook'),
    dict(type='EMAHook', momentum=0.1),
    dict(type='EarlyStoppingHook', monitor='reid/mAP', patience=9),
    dict(type='Recorder'),
]
randomness = dict(seed={{seed}}, diff_rank_seed=True)
'''


@pytest.fixture(scope='module')
def write_config(data_root, tmp_path_factory):

    def write(batch_size=8, num_workers=2, seed=1111, epochs=EPOCHS) -> Path:
        path = tmp_path_factory.mktemp('config') / 'killed.py'
        path.write_text(
            CONFIG.format(
                data_root=str(data_root),
                batch_size=batch_size,
                num_workers=num_workers,
                epochs=epochs,
                seed=seed))
        # What takes a second the first time is inherited by all processes.
        Config.fromfile(path).pretty_text
        evaluate_ranking(np.eye(2), np.eye(2), [1, 2], [1, 2], [0, 0], [1, 1])
        return path

    return write


@pytest.fixture(scope='module')
def config(write_config):
    return write_config()


@pytest.fixture(scope='module')
def whole(config, tmp_path_factory) -> Path:
    """The work dir of a run that was never stopped."""
    work_dir = tmp_path_factory.mktemp('whole')
    assert train_in_fork(config, work_dir) == 0, console(work_dir)
    return work_dir


@pytest.fixture
def copied(whole, tmp_path) -> Path:
    return shutil.copytree(whole, tmp_path / 'copied')


def console(work_dir: Path, size: int = 5000) -> str:
    return (work_dir / 'console.log').read_text()[-size:]


def assert_same(work_dir: Path, whole: Path, ranks: int = 1) -> None:
    """The same files; weights, averages, optimizer, schedule, history and best
    scores in them; images and losses of each iteration; metrics."""
    names = sorted(path.name for path in whole.glob('*.pth*'))
    assert sorted(path.name for path in work_dir.glob('*.pth*')) == names
    assert len(names) == 3
    for name in names:
        assert comparable(work_dir / name) == comparable(whole / name), name
    for rank in range(ranks):
        assert records(work_dir, rank) == records(whole, rank)


@pytest.mark.slow
def test_killed_again_and_again(config, whole, tmp_path):
    """In each kind of step of a writing, and at any time."""
    files = ('killed.py', f'epoch_{EPOCHS}.pth')
    begin, end = ((whole / name).stat().st_mtime for name in files)
    rng = random.Random(5)
    kills = 0
    # The later steps are those of an epoch's second checkpoint.
    for step in (6, None, 17, 20, 3, None, 24, 11):
        seconds = None if step else rng.uniform(.1, .5) * (end - begin)
        status = train_in_fork(
            config, tmp_path, '--resume', seconds=seconds, step=step)
        assert status in (0, -signal.SIGKILL), console(tmp_path)
        kills += status != 0
    assert kills >= 5
    assert train_in_fork(config, tmp_path, '--resume') == 0, console(tmp_path)
    assert_same(tmp_path, whole)


@pytest.mark.slow
def test_other_ways_to_draw(write_config, tmp_path):
    """Without workers, with a seed that was itself drawn, which is in the
    checkpoint, and with two kinds of best: a run that goes on from the middle,
    in another folder, is the same."""
    config = write_config(seed=None, num_workers=0)
    whole, copy = tmp_path / 'whole', tmp_path / 'copy'
    options = ('--resume', '--cfg-options',
               'default_hooks.checkpoint.max_keep_ckpts=9',
               "default_hooks.checkpoint.save_best=['reid/mAP','reid/mINP']")
    assert train_in_fork(config, whole, *options) == 0, console(whole)
    assert 'nothing to resume' in console(whole, size=10**9)
    copy.mkdir()
    shutil.copy(whole / 'epoch_2.pth', copy)
    assert train_in_fork(config, copy, *options) == 0, console(copy)
    one, other = [
        comparable(folder / f'epoch_{EPOCHS}.pth') for folder in (whole, copy)
    ]
    assert one == other
    expected = records(whole)
    assert records(copy).items() <= expected.items()
    assert len(records(copy)) == len(expected) // 2


class TestBrokenCheckpoints:
    LAST = f'epoch_{EPOCHS}.pth'

    @pytest.mark.parametrize('size', [0, -1])
    def test_the_one_before_is_taken(self, config, copied, whole, size):
        path = copied / self.LAST
        with open(path, 'r+b') as file:
            file.truncate(size % path.stat().st_size)
        assert train_in_fork(config, copied, '--resume') == 0
        assert f'{path} is passed over' in console(copied)
        assert_same(copied, whole)

    def test_all_are_broken(self, config, copied):
        for path in copied.glob('epoch_*.pth'):
            path.write_bytes(path.read_bytes()[:-1])
        before = {path: path.read_bytes() for path in copied.glob('*.pth')}
        assert train_in_fork(config, copied, '--resume') == 1
        assert 'none of the checkpoints in' in console(copied)
        assert before == {p: p.read_bytes() for p in copied.glob('*.pth')}


def test_a_full_disk(config, whole, tmp_path):
    """The limit is one of the system: the second checkpoint cannot be written
    to its end, since it has grown."""
    import resource
    size = (whole / f'epoch_{EPOCHS}.pth').stat().st_size
    work_dir = tmp_path / 'full'
    assert train_in_fork(config, work_dir, '--cfg-options',
                         'train_cfg.max_epochs=1') == 0
    before = (work_dir / 'epoch_1.pth').read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, limits[1]))
    try:
        status = train_in_fork(config, work_dir, '--resume')
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert status == 1
    assert f'cannot write {work_dir}' in console(work_dir)
    assert 'bytes, and' in console(work_dir)
    assert (work_dir / 'epoch_1.pth').read_bytes() == before
    assert not list(work_dir.glob('*.part'))


@pytest.mark.slow
def test_two_processes(write_config, tmp_path):
    """Each with a batch, workers and statistics of its own."""
    config = write_config(batch_size=4, num_workers=1, epochs=2)
    whole, killed = tmp_path / 'whole', tmp_path / 'killed'
    assert train_in_fork(config, whole, ranks=2) == 0, console(whole)
    # While the first one writes, so that there is half a file.
    assert train_in_fork(config, killed, '--resume', ranks=2, step=18) != 0
    assert list(killed.glob('*.part')), console(killed)
    # And at some other time.
    train_in_fork(config, killed, '--resume', ranks=2, seconds=5)
    run_process(
        'dist_train.sh',
        config,
        2,
        '--work-dir',
        killed,
        '--resume',
        PORT=str(free_port()),
        PYTHONPATH=str(ROOT / 'tests'))
    assert_same(killed, whole, ranks=2)
    assert records(whole, 0) != records(whole, 1)
