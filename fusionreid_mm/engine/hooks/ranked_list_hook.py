from pathlib import Path
from typing import Dict, List, Optional

import numpy as np
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, Runner
from PIL import Image

from fusionreid_mm.checkpoint_io import check_writable_folder
from fusionreid_mm.evaluation import RankedList
from fusionreid_mm.registry import HOOKS
from fusionreid_mm.visualization import ReIDVisualizer, ranked_images
from .measuring import metric_of_test


@HOOKS.register_module()
class RankedListHook(Hook):
    """Draws ranked lists of some queries, the CMC curve and the
    precision-recall curve after a test; of several datasets each one's, with
    its name before the names of the files.

    The gallery is ranked as the :class:`ReIDMetric` of the test ranks it, and
    pictures of the query's person by the query's camera are left out.

    Args:
        enable (bool): Whether to draw at all; ``tools/test.py --show-dir``
            sets it. Defaults to False.
        out_dir (str, optional): Folder of the pictures. None hands them to
            the backends of the visualizer. Defaults to None.
        num_queries (int): Queries to draw, evenly spread. Defaults to 20.
        topk (int): Gallery images of each. Defaults to 10.

    Raises:
        ValueError: If ``num_queries`` or ``topk`` is less than 1.
        TypeError: Before the run, if it is to draw and the visualizer is not
            a :class:`ReIDVisualizer`, or no :class:`ReIDMetric` measures.
        OSError: Likewise, if ``out_dir`` cannot be written to.
    """

    # After LoggerHook, so that the metrics are printed whatever becomes of the
    # pictures.
    priority = 'LOW'

    def __init__(self,
                 enable: bool = False,
                 out_dir: Optional[str] = None,
                 num_queries: int = 20,
                 topk: int = 10) -> None:
        if num_queries < 1 or topk < 1:
            raise ValueError('num_queries and topk must be at least 1: got '
                             f'{num_queries} and {topk}')
        self.enable = enable
        self.out_dir = out_dir
        self.num_queries = num_queries
        self.topk = topk

    def before_run(self, runner: Runner) -> None:
        if not self.enable:
            return
        if not isinstance(runner.visualizer, ReIDVisualizer):
            raise TypeError('RankedListHook draws with a ReIDVisualizer: set '
                            "visualizer=dict(type='ReIDVisualizer', ...)")
        if isinstance(runner._test_loop, BaseLoop):
            if self.out_dir is not None:
                check_writable_folder(self.out_dir)
            metric_of_test(runner, 'RankedListHook').list_queries(
                self.num_queries, self.topk)

    def after_test_epoch(self,
                         runner: Runner,
                         metrics: Optional[Dict[str, float]] = None) -> None:
        if not self.enable or not is_main_process():
            return
        metric = metric_of_test(runner, 'RankedListHook')
        for dataset, ranking in metric.rankings.items():
            heading = f'{dataset}_' if len(metric.rankings) > 1 else ''
            self._draw_ranked_lists(runner, metric.ranked_lists[dataset],
                                    heading)
            title = (f'mAP {100 * ranking.mAP:.1f}, '
                     f'Rank-1 {100 * ranking.cmc[0]:.1f}')
            self._write(runner, f'{heading}cmc',
                        runner.visualizer.draw_cmc(ranking.cmc, title))
            self._write(
                runner, f'{heading}precision_recall',
                runner.visualizer.draw_precision_recall(
                    ranking.precision, title))
        if self.out_dir is not None:
            runner.logger.info(
                f'Ranked lists and curves are in {self.out_dir}')

    def _draw_ranked_lists(self, runner: Runner, lists: List[RankedList],
                           heading: str) -> None:
        for item in lists:
            picture = runner.visualizer.draw_ranked_list(*ranked_images(item))
            name = Path(item.query.path).stem
            self._write(runner,
                        f'{heading}ranked_list_{item.number:05d}_{name}',
                        picture)

    def _write(self, runner: Runner, name: str, picture: np.ndarray) -> None:
        if self.out_dir is None:
            runner.visualizer.add_image(name, picture)
            return
        folder = Path(self.out_dir)
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(folder / f'{name}.png')
