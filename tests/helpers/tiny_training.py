"""Two epochs of two steps with a tiny model, to which a test adds one
thing."""
import itertools
from pathlib import Path
from typing import Dict, List

import torch
from mmengine.config import Config
from mmengine.registry import RUNNERS
from mmengine.runner import Runner
from torch import Tensor, nn

from .drawn_data import write_market
from .golden import ROOT
from .small_model import small_model_cfg

PEOPLE = range(2, 10), range(20, 23)
_numbers = itertools.count()


def write_people(root: Path) -> Path:
    """Eight people to train on and three to test with, of 64 x 32 pixels,
    under two cameras."""
    train, test = PEOPLE
    return write_market(
        root, {
            'bounding_box_train': [(p, c, 2) for p in train for c in (1, 2)],
            'query': [(p, 1, 1) for p in test],
            'bounding_box_test': [(p, c, 2) for p in test for c in (1, 2)],
        })


def tiny_config(data_root: Path, work_dir: Path) -> Config:
    """4 people with 4 images each in a step, by SGD at a constant rate;
    nothing is random but the order."""
    cfg = Config.fromfile(ROOT / 'configs/fusionreid_tiny_synthetic.py')
    cfg.model.update(small_model_cfg(head__num_classes=len(PEOPLE[0])))
    cfg.model.data_preprocessor.random_erasing = None
    for name in ('train', 'val', 'test'):
        loader = cfg[f'{name}_dataloader']
        loader.update(num_workers=0, persistent_workers=False)
        loader.dataset.update(
            data_root=str(data_root),
            strict_counts=False,
            pipeline=[dict(type='LoadReIDImage'),
                      dict(type='PackReIDInputs')])
    cfg.train_dataloader.update(batch_size=16)
    cfg.train_dataloader.sampler.update(
        num_identities=4, num_instances=4, seed=0)
    cfg.train_cfg.update(max_epochs=2, val_interval=1)
    cfg.optim_wrapper = dict(
        type='OptimWrapper', optimizer=dict(type='SGD', lr=1e-3))
    cfg.param_scheduler = None
    cfg.custom_hooks = [
        dict(type='ReIDProtocolHook'),
        dict(type='CheckpointFitHook'),
        dict(type='SyncBuffersHook'),
    ]
    cfg.default_hooks.checkpoint.interval = 1
    cfg.default_hooks.logger.interval = 1
    cfg.work_dir = str(work_dir)
    return cfg


def build_runner(cfg: Config) -> Runner:
    """Its Runner, with logs of its own: those of one second would share
    them."""
    cfg.experiment_name = f'run{next(_numbers)}'
    return RUNNERS.build(cfg)


def train(cfg: Config) -> Runner:
    runner = build_runner(cfg)
    runner.train()
    return runner


def resume(cfg: Config, checkpoint: Path) -> Runner:
    cfg = cfg.copy()
    cfg.update(resume=True, load_from=str(checkpoint))
    return train(cfg)


def history(runner: Runner, name: str) -> List[float]:
    """What was logged under this name, each time."""
    return runner.message_hub.get_scalar(name).data[0].tolist()


def weights(model: nn.Module) -> Dict[str, Tensor]:
    return {
        name: value.detach().clone()
        for name, value in model.named_parameters()
    }


def assert_same(first: Dict[str, Tensor],
                second: Dict[str, Tensor],
                rtol: float = 0.,
                atol: float = 0.) -> None:
    """Equal to the last bit, where no tolerance is given."""
    assert first.keys() == second.keys()
    for name in first:
        torch.testing.assert_close(
            first[name],
            second[name],
            rtol=rtol,
            atol=atol,
            msg=lambda text, name=name: f'{name}: {text}')
