"""Runs of the small model on few drawn images, and what can go wrong in
them."""
import multiprocessing
import os
import signal
import time
import traceback
from pathlib import Path
from typing import Any, Callable, List

import torch
import torch.distributed as dist
from mmcv.transforms import BaseTransform
from mmengine.config import Config
from torch import Tensor

from fusionreid_mm.models import FusionReID
from fusionreid_mm.registry import MODELS, TRANSFORMS
from .drawn_data import write_market
from .golden import ROOT
from .small_model import IMG_SIZE, small_model_cfg

TRAIN_PIDS = range(2, 8)


def write_small_data(root: Path) -> Path:
    """Six people with four images each to train on, three to find."""
    return write_market(
        root, {
            'bounding_box_train': [(p, c, 2) for p in TRAIN_PIDS
                                   for c in (1, 2)],
            'query': [(p, 1, 1) for p in (20, 21, 22)],
            'bounding_box_test': [(p, 2, 2) for p in (20, 21, 22)],
        })


def small_run_cfg(data_root: Path, work_dir: Path, **options: Any) -> Config:
    """Four iterations an epoch, each of three people with two images, and no
    validation. Options have dots as double underscores."""
    height, width = IMG_SIZE
    pipeline = [
        dict(type='LoadReIDImage'),
        dict(type='Resize', scale=(width, height), backend='pillow'),
        dict(type='PackReIDInputs')
    ]
    dataset = dict(
        type='Market1501', data_root=str(data_root), pipeline=pipeline)
    runtime = Config.fromfile(ROOT / 'configs/_base_/default_runtime.py')
    cfg = Config(
        dict(
            runtime,
            work_dir=str(work_dir),
            experiment_name=work_dir.name,
            log_level='WARNING',
            model=small_model_cfg(head__num_classes=len(TRAIN_PIDS)),
            train_dataloader=dict(
                batch_size=6,
                num_workers=0,
                collate_fn=dict(type='default_collate'),
                sampler=dict(
                    type='RandomIdentitySampler',
                    num_identities=3,
                    num_instances=2),
                dataset=dict(dataset, split='train')),
            test_dataloader=dict(
                batch_size=4,
                num_workers=0,
                collate_fn=dict(type='default_collate'),
                sampler=dict(type='DefaultSampler', shuffle=False),
                dataset=dict(dataset, split='test')),
            test_evaluator=dict(type='ReIDMetric'),
            train_cfg=dict(by_epoch=True, max_epochs=2),
            test_cfg=dict(),
            optim_wrapper=dict(
                type='OptimWrapper',
                optimizer=dict(type='SGD', lr=0.01, momentum=0.9))))
    cfg.model.data_preprocessor = dict(
        type='ReIDDataPreprocessor', mean=[127.] * 3, std=[127.] * 3)
    # The best is chosen in a validation.
    del cfg.default_hooks.checkpoint['save_best']
    cfg.merge_from_dict({
        name.replace('__', '.'): value
        for name, value in options.items()
    })
    return cfg


class _NaNGradient(torch.autograd.Function):
    """Nothing, the gradient of which is NaN."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor) -> Tensor:
        return weight.new_zeros(())

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient.new_full((), float('nan'))


@MODELS.register_module(force=True)
class FailingFusionReID(FusionReID):
    """Whose losses go wrong in training iterations from a number on.

    Args:
        first (int): The first of these iterations, from 1.
        failure (str): ``'loss'``: a loss is NaN; ``'image'``: all that an
            image of NaN does; ``'gradient'``: a gradient of the neck is NaN;
            ``'growth'``: a loss is 1000 times as large.
        rank (int): The process in which they do. Defaults to 0.
    """

    def __init__(self, first: int, failure: str, rank: int = 0, **kwargs):
        super().__init__(**kwargs)
        self.first, self.failure, self.rank = first, failure, rank
        self.num_calls = 0

    def forward(self, inputs, data_samples=None, mode='tensor'):
        fails = False
        if mode == 'loss':
            self.num_calls += 1
            is_here = not dist.is_initialized() or dist.get_rank() == self.rank
            fails = self.num_calls >= self.first and is_here
        if fails and self.failure == 'image':
            inputs = inputs * float('nan')
        outputs = super().forward(inputs, data_samples, mode)
        if fails and self.failure in ('loss', 'growth'):
            factor = dict(loss=float('nan'), growth=1000.)[self.failure]
            name = 'transformer_htm.loss_triplet'
            outputs[name] = (outputs[name] + 1) * factor
        if fails and self.failure == 'gradient':
            outputs['cnn.loss_id'] = outputs['cnn.loss_id'] + \
                _NaNGradient.apply(self.neck.pool['cnn'].p.sum())
        return outputs


@TRANSFORMS.register_module(force=True)
class FailInWorker(BaseTransform):
    """Kills the worker, or keeps it waiting, at an image of a person.

    Args:
        pid (int): The person.
        failure (str): ``'kill'`` or ``'hang'``.
    """

    def __init__(self, pid: int, failure: str) -> None:
        self.pid, self.failure = pid, failure

    def transform(self, results: dict) -> dict:
        if results['pid'] == self.pid:
            if self.failure == 'kill':
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(1000)
        return results


def run_in_processes(function: Callable[[int], Any],
                     folder: Path,
                     num_processes: int = 2) -> List[Any]:
    """What a function of the rank returns in forked processes of one group, or
    the text of its error."""
    context = multiprocessing.get_context('fork')
    results = context.SimpleQueue()

    def target(rank: int) -> None:
        os.environ.update(LOCAL_RANK=str(rank))
        dist.init_process_group(
            'gloo',
            init_method=f'file://{folder}/rendezvous',
            rank=rank,
            world_size=num_processes)
        try:
            results.put((rank, function(rank)))
        except Exception as error:
            traceback.print_exc()
            results.put((rank, f'{type(error).__name__}: {error}'))

    processes = [
        context.Process(target=target, args=(rank, ))
        for rank in range(num_processes)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=300)
        if process.is_alive():
            process.kill()
            raise TimeoutError('a process is left hanging')
        if process.exitcode:
            raise RuntimeError(f'a process ended with {process.exitcode}')
    return [result for _, result in sorted(results.get() for _ in processes)]
