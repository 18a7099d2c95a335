import logging
from typing import Optional

from mmengine.dist import get_dist_info
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop, Runner
from torch import nn
from torch.utils.data import DataLoader

from fusionreid_mm.datasets import RandomIdentitySampler
from fusionreid_mm.datasets.base_reid_dataset import (Annotations,
                                                      collect_annotations)
from fusionreid_mm.datasets.protocol import (ProtocolError, check_disjoint,
                                             check_images, check_queries)
from fusionreid_mm.models import FusionReID
from fusionreid_mm.registry import HOOKS


@HOOKS.register_module()
class ReIDProtocolHook(Hook):
    """Checks data, model and sampler against each other before a run.

    Each person is in training or in testing, each query has a match in the
    gallery by another camera, all images can be read, the head has a class
    for each training identity, the camera embedding a vector for each camera,
    and the batches are made of whole P x K groups. Whole trainings are lost
    when one of these is found out at the first evaluation.

    Args:
        unmatched_queries (str): ``'error'``, or ``'warn'`` for data in which
            some queries are meant to have no match. Defaults to ``'error'``.
        check_images (bool): Whether each image file is looked at. Defaults to
            True.

    Raises:
        ValueError: If ``unmatched_queries`` is neither word, or, before the
            run, if anything does not fit.
    """

    def __init__(self,
                 unmatched_queries: str = 'error',
                 check_images: bool = True) -> None:
        if unmatched_queries not in ('error', 'warn'):
            raise ValueError("unmatched_queries must be 'error' or 'warn': "
                             f'got {unmatched_queries!r}')
        self.unmatched_queries = unmatched_queries
        self.check_images = check_images

    def before_run(self, runner: Runner) -> None:
        model = runner.model
        if is_model_wrapper(model):
            model = model.module
        train_loader = _dataloader(runner._train_loop)
        test_loaders = [
            loader for loader in (_dataloader(runner._val_loop),
                                  _dataloader(runner._test_loop))
            if loader is not None
        ]
        train = None
        if train_loader is not None:
            train = collect_annotations(train_loader.dataset)
            _check_sampler(train_loader)
            _check_classes(model, train)
            self._check_images(train)
            _check_cameras(model, train)
        for loader in test_loaders:
            test = collect_annotations(loader.dataset)
            if train is not None and not _pids_restart(loader):
                check_disjoint(train, test)
            self._check_queries(test)
            self._check_images(test)
            _check_cameras(model, test)

    def _check_queries(self, test: Annotations) -> None:
        try:
            check_queries(test)
        except ProtocolError as error:
            if self.unmatched_queries == 'error':
                raise
            print_log(str(error), logger='current', level=logging.WARNING)

    def _check_images(self, annotations: Annotations) -> None:
        if self.check_images:
            rank, world_size = get_dist_info()
            check_images(annotations.img_paths[rank::world_size])


def _dataloader(loop) -> Optional[DataLoader]:
    """Of a loop that takes part in this run; others are still configs."""
    return loop.dataloader if isinstance(loop, BaseLoop) else None


def _pids_restart(loader: DataLoader) -> bool:
    return getattr(loader.dataset, 'PIDS_RESTART', False)


def _check_sampler(loader: DataLoader) -> None:
    sampler = loader.sampler
    if not isinstance(sampler, RandomIdentitySampler):
        return
    group = sampler.num_identities * sampler.num_instances
    if loader.batch_size is None or loader.batch_size % group:
        raise ProtocolError(
            f'train_dataloader.batch_size={loader.batch_size} is not made of '
            f'whole groups of num_identities={sampler.num_identities} times '
            f'num_instances={sampler.num_instances}: set it to {group}')


def _check_classes(model: FusionReID, train: Annotations) -> None:
    num_pids = len(set(train.pids))
    num_classes = model.head.num_classes
    if num_classes != num_pids:
        raise ProtocolError(
            f'the head has num_classes={num_classes}, but there are '
            f'{num_pids} people in the training images: set '
            f'model.head.num_classes={num_pids}, if the dataset is complete')


def _check_cameras(model: nn.Module, annotations: Annotations) -> None:
    camids = [camid for camid in annotations.camids if camid is not None]
    if not camids:
        return
    num_cameras = 1 + max(camids)
    for name, module in model.named_modules():
        embedded = getattr(module, 'num_cameras', 0)
        if embedded and embedded < num_cameras:
            raise ProtocolError(
                f'model.{name} has num_cameras={embedded}, but the data has '
                f'{num_cameras} cameras: set '
                f'model.{name}.num_cameras={num_cameras}')
