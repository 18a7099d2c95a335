from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, Runner

from fusionreid_mm.engine.bare_model import bare_model
from fusionreid_mm.evaluation.functional import align_branches, stages_of
from fusionreid_mm.registry import HOOKS
from fusionreid_mm.structures import ReIDDataSample


class _Sample(NamedTuple):
    """What is measured of an image."""
    feature: np.ndarray
    pid: int
    columns: Dict[str, Tuple[int, int]]

    @classmethod
    def copy(cls, sample: ReIDDataSample) -> '_Sample':
        # Its feature is a row of the whole batch, which would stay alive.
        feature = sample.feature.float().cpu().numpy().copy()
        return cls(feature, sample.pid, sample.embedding_columns)


@HOOKS.register_module()
class FeatureDistributionHook(Hook):
    """Logs in each validation how alike both branches describe people, so that
    one sees whether they come together during a training:
    ``alignment/htm/cka``, ``alignment/htm/mmd``, ... (see
    :func:`.align_branches`).

    The embeddings are those of the descriptors that the validation computes
    anyway, so ``test_embeddings`` of the head must have those of both branches
    of a stage. With several processes, the first one measures the images that
    it has itself.

    Args:
        num_images (int): Images to measure, evenly spread over those of the
            validation; memory grows with the square. Defaults to 1000.
        interval (int): Of how many validations one is measured. Defaults to 1.

    Raises:
        ValueError: If ``num_images`` is below 4 or ``interval`` below 1; and
            before a training, if the descriptor has no stage.
    """

    def __init__(self, num_images: int = 1000, interval: int = 1) -> None:
        if num_images < 4 or interval < 1:
            raise ValueError(
                'num_images must be at least 4, and interval at least 1: got '
                f'{num_images} and {interval}')
        self.num_images = num_images
        self.interval = interval
        self._num_validations = 0
        self._samples: List[_Sample] = []
        self._num_seen = 0
        self._logged: List[str] = []

    def before_run(self, runner: Runner) -> None:
        if not isinstance(runner._val_loop, BaseLoop):
            return
        head = bare_model(runner.model).head
        if not stages_of(head.test_embeddings):
            raise ValueError(
                'FeatureDistributionHook compares embeddings of both branches,'
                " as 'cnn_htm' and 'transformer_htm', but the descriptor has "
                f'{head.test_embeddings}: set test_embeddings of the head, or '
                'leave out the hook')

    def before_val_epoch(self, runner: Runner) -> None:
        self._num_validations += 1
        self._samples, self._num_seen = [], 0
        # What an earlier validation measured would be logged again.
        for name in self._logged:
            runner.message_hub.log_scalars.pop(name, None)
        self._logged = []

    def after_val_iter(
            self,
            runner: Runner,
            batch_idx: int,
            data_batch: Any = None,
            outputs: Optional[Sequence[ReIDDataSample]] = None) -> None:
        if not self._is_due():
            return
        # Of this process.
        total = len(runner.val_dataloader.sampler)
        step = max(total / self.num_images, 1.)
        for sample in outputs or ():
            if self._num_seen >= len(self._samples) * step:
                self._samples.append(_Sample.copy(sample))
            self._num_seen += 1

    def after_val_epoch(self,
                        runner: Runner,
                        metrics: Optional[Dict[str, float]] = None) -> None:
        samples, self._samples = self._samples, []
        if not self._is_due() or not is_main_process():
            return
        if len(samples) < 4:
            runner.logger.warning(
                f'{len(samples)} images are too few to compare the branches')
            return
        features = np.stack([sample.feature for sample in samples])
        embeddings = {
            name: features[:, start:end]
            for name, (start, end) in samples[0].columns.items()
        }
        pids = np.array([sample.pid for sample in samples])
        has_pairs = len(np.unique(pids)) < len(pids)
        table = align_branches(embeddings, pids if has_pairs else None)
        for stage, row in table.items():
            for name, value in row.items():
                key = f'val/alignment/{stage}/{name}'
                runner.message_hub.update_scalar(key, value)
                self._logged.append(key)

    def _is_due(self) -> bool:
        return self._num_validations % self.interval == 0
