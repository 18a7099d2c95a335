from pathlib import Path

import pytest
import torch
from helpers.drawn_data import write_market
from helpers.golden import ROOT
from helpers.tools import DEPRECATIONS_TOO, run_process
from mmengine.registry import DefaultScope

from fusionreid_mm.engine.command_line import load_config
from fusionreid_mm.registry import MODELS

PEOPLE = range(2, 10), range(20, 26)


@pytest.fixture(scope='session')
def data_root(tmp_path_factory) -> Path:
    """Eight people to train on and six to test with, under three cameras."""
    train, test = PEOPLE
    cameras = (1, 2, 3)
    return write_market(
        tmp_path_factory.mktemp('data'), {
            'bounding_box_train': [(p, c, 2) for p in train for c in cameras],
            'query': [(p, c, 1) for p in test for c in cameras[:2]],
            'bounding_box_test': [(p, c, 2) for p in test
                                  for c in cameras] + [(0, 2, 3), (-1, 1, 2)],
        })


@pytest.fixture(scope='session')
def config(data_root, tmp_path_factory) -> Path:
    """A config of a user, who inherits the tiny one."""
    path = tmp_path_factory.mktemp('configs') / 'mine.py'
    path.write_text(f'''
_base_ = {str(ROOT / 'configs/fusionreid_tiny_synthetic.py')!r}

model = dict(head=dict(num_classes=8))
dataset = dict(data_root={str(data_root)!r}, strict_counts=False)
train_dataloader = dict(
    batch_size=16, sampler=dict(num_identities=4), dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
train_cfg = dict(max_epochs=2, val_interval=1)
param_scheduler = dict(T_max=2, warmup_epochs=1)
default_hooks = dict(checkpoint=dict(interval=1), logger=dict(interval=1))
''')
    return path


@pytest.fixture(scope='session')
def trained(config, tmp_path_factory):
    """``(work dir, console output)`` of two epochs."""
    work_dir = tmp_path_factory.mktemp('trained')
    return work_dir, run_process(
        'train.py',
        config,
        '--work-dir',
        work_dir,
        PYTHONWARNINGS=DEPRECATIONS_TOO)


@pytest.fixture(scope='session')
def checkpoint(config, tmp_path_factory) -> Path:
    """Of random weights, for tools that only look."""
    torch.manual_seed(0)
    cfg = load_config(str(config))
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model)
    path = tmp_path_factory.mktemp('checkpoint') / 'random.pth'
    torch.save(dict(state_dict=model.state_dict()), path)
    return path
