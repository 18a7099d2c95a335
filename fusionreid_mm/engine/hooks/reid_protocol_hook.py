import logging
from typing import Optional

from mmengine.dist import get_dist_info
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import BaseLoop, Runner
from torch.utils.data import DataLoader

from fusionreid_mm.datasets.base_reid_dataset import (collect_annotations,
                                                      readers_of)
from fusionreid_mm.datasets.protocol import ProtocolError, check_images
from fusionreid_mm.registry import HOOKS
from ..bare_model import bare_model
from ..run_checks import Check, check_watched, checks_before_run


@HOOKS.register_module()
class ReIDProtocolHook(Hook):
    """Checks data, model and sampler against each other before a run.

    Each person is in training or in testing, each query has a match in the
    gallery by another camera, all images can be read (or are skipped, if the
    dataset says so), the head has a class for each training identity, the
    camera embedding a vector for each camera and view, images have the size
    that the Transformer expects, the batches are made of whole P x K groups,
    the metric of ``save_best`` or of an early end exists, and the embeddings
    that are to be measured are in the descriptor. Whole trainings are lost
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
        train_loader = _dataloader(runner._train_loop)
        test_loops = [
            loop for loop in (runner._val_loop, runner._test_loop)
            if isinstance(loop, BaseLoop)
        ]
        test_loaders = [loop.dataloader for loop in test_loops]
        evaluators = [loop.evaluator for loop in test_loops]
        for loader in filter(None, (train_loader, *test_loaders)):
            self._check_images(loader)
        for check in checks_before_run(
                bare_model(runner.model), train_loader, test_loaders,
                evaluators):
            self._run(check)
        if isinstance(runner._val_loop, BaseLoop):
            check_watched(runner)

    def _run(self, check: Check) -> None:
        try:
            check.run()
        except ProtocolError as error:
            if check.name != 'queries' or self.unmatched_queries == 'error':
                raise
            print_log(str(error), logger='current', level=logging.WARNING)

    def _check_images(self, loader: DataLoader) -> None:
        if not self.check_images:
            return
        rank, world_size = get_dist_info()
        for reader in readers_of(loader.dataset):
            paths = collect_annotations(reader).img_paths[rank::world_size]
            try:
                check_images(paths)
            except ProtocolError as error:
                if reader.on_bad_image == 'raise':
                    raise
                print_log(
                    f'{error} They will be skipped.',
                    logger='current',
                    level=logging.WARNING)


def _dataloader(loop) -> Optional[DataLoader]:
    """Of a loop that takes part in this run; others are still configs."""
    return loop.dataloader if isinstance(loop, BaseLoop) else None
