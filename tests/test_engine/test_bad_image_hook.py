"""Images that cannot be read, in real runs with workers and processes."""
import re

import pytest
from helpers.small_run import run_in_processes, small_run_cfg, write_small_data
from mmengine.hooks import Hook
from mmengine.runner import Runner

from fusionreid_mm.compat import use_cpu_group
from fusionreid_mm.datasets.protocol import ProtocolError
from fusionreid_mm.engine.command_line import augment_tests
from fusionreid_mm.sources import UnreadableImageError

SKIP = {
    f'{loader}_dataloader__dataset__on_bad_image': 'skip'
    for loader in ('train', 'test')
}


class KeepsBatches(Hook):
    """Remembers the samples of all batches."""

    def __init__(self):
        self.batches = []

    def after_train_iter(self, runner, batch_idx, data_batch, outputs):
        self.batches.append(data_batch['data_samples'])


@pytest.fixture
def data_root(tmp_path):
    """Of each of two people a training image is bad; and a query, and a
    gallery image."""
    root = write_small_data(tmp_path / 'data')
    for name in ('bounding_box_train/0002_c1s1_000000_00.jpg',
                 'bounding_box_train/0005_c2s1_000001_00.jpg',
                 'query/0021_c1s1_000000_00.jpg',
                 'bounding_box_test/0022_c2s1_000001_00.jpg'):
        (root / name).write_bytes(b'not an image')
    return root


def lines_on(text: str, mode: str) -> list:
    """The reports of a mode, each with the files that it names."""
    reports = re.findall(
        rf'(\d+) images could not be read \({mode}, (\d+) times\)(.*\n(?:  .*'
        r'\n)*)', text + '\n')
    return [(int(images), int(times), re.findall(r'\w+\.jpg', rest))
            for images, times, rest in reports]


@pytest.mark.parametrize('num_workers', [0, 2])
def test_training(data_root, tmp_path, num_workers, capfd):
    cfg = small_run_cfg(
        data_root,
        tmp_path / 'run',
        train_dataloader__num_workers=num_workers,
        **SKIP)
    seen = KeepsBatches()
    runner = Runner.from_cfg(cfg)
    runner.register_hook(seen)
    runner.train()
    for batch in seen.batches:
        # Still P x K.
        pids = [sample.pid for sample in batch]
        assert sorted(map(pids.count, set(pids))) == [2, 2, 2]
    output = capfd.readouterr().out
    # Each image comes once an epoch, and is named the first time.
    files = ['0002_c1s1_000000_00.jpg', '0005_c2s1_000001_00.jpg']
    assert lines_on(output, 'train') == [(2, 2, files), (2, 2, [])]
    # And before the run.
    assert re.search('2 images cannot be read.*They will be skipped', output,
                     re.DOTALL)


def evaluate(cfg):
    use_cpu_group(cfg)
    return Runner.from_cfg(cfg).test()


@pytest.mark.parametrize('is_augmented', [False, True])
def test_testing_leaves_them_out(data_root, tmp_path, is_augmented, capfd):
    """As if the files were not there."""

    def run(name, **options):
        cfg = small_run_cfg(
            data_root, tmp_path / name, randomness__seed=0, **options)
        if is_augmented:
            augment_tests(cfg)
        return evaluate(cfg)

    metrics = run('skipped', **SKIP)
    output = capfd.readouterr().out
    assert lines_on(output, 'test')[0][2] == [
        '0022_c2s1_000001_00.jpg', '0021_c1s1_000000_00.jpg'
    ]
    (data_root / 'query/0021_c1s1_000000_00.jpg').unlink()
    (data_root / 'bounding_box_test/0022_c2s1_000001_00.jpg').unlink()
    without = run('without')
    assert {k: v for k, v in metrics.items() if k.startswith('reid')} == \
        {k: v for k, v in without.items() if k.startswith('reid')}


def test_pictures_are_drawn_without_them(data_root, tmp_path):
    hook = dict(
        type='RankedListHook',
        enable=True,
        num_queries=3,
        out_dir=str(tmp_path / 'pictures'))
    evaluate(
        small_run_cfg(
            data_root,
            tmp_path / 'run',
            default_hooks__visualization=hook,
            **SKIP))
    assert len(list((tmp_path / 'pictures').glob('ranked_list*'))) == 2


def test_processes_agree(data_root, tmp_path, capfd):
    """Also on the number, of which each has seen a part."""

    def run(rank):
        return evaluate(
            small_run_cfg(
                data_root,
                tmp_path / 'run',
                launcher='pytorch',
                randomness__seed=0,
                **SKIP))

    one, other = run_in_processes(run, tmp_path)
    assert one == other
    output = capfd.readouterr().out
    (number, _, names), = lines_on(output, 'test')
    assert number == len(names) == 2
    alone = evaluate(
        small_run_cfg(
            data_root, tmp_path / 'alone', randomness__seed=0, **SKIP))
    assert one['reid/mAP'] == alone['reid/mAP']


def test_raises_by_default(data_root, tmp_path):
    for options in ({}, {'custom_hooks__0__check_images': False}):
        cfg = small_run_cfg(data_root, tmp_path / 'run', **options)
        with pytest.raises((ProtocolError, UnreadableImageError),
                           match='cannot (be )?read'):
            Runner.from_cfg(cfg).train()
