from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import numpy as np
from mmengine.dist import collect_results, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, Runner
from PIL import Image

from fusionreid_mm.evaluation import ReIDMetric
from fusionreid_mm.evaluation.functional import NOBODY, Nearest, find_nearest
from fusionreid_mm.registry import HOOKS
from fusionreid_mm.structures import ReIDDataSample
from fusionreid_mm.visualization import RankedImage, ReIDVisualizer


@HOOKS.register_module()
class RankedListHook(Hook):
    """Draws ranked lists of some queries, and the CMC curve, after a test; of
    several datasets each one's, with its name before the names of the files.

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
    """

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
        self._samples: List[Dict[str, Any]] = []

    def before_run(self, runner: Runner) -> None:
        if not self.enable:
            return
        if not isinstance(runner.visualizer, ReIDVisualizer):
            raise TypeError('RankedListHook draws with a ReIDVisualizer: set '
                            "visualizer=dict(type='ReIDVisualizer', ...)")
        if isinstance(runner._test_loop, BaseLoop):
            _reid_metric(runner)

    def before_test_epoch(self, runner: Runner) -> None:
        self._samples.clear()

    def after_test_iter(
            self,
            runner: Runner,
            batch_idx: int,
            data_batch: Optional[dict] = None,
            outputs: Optional[Sequence[ReIDDataSample]] = None) -> None:
        if self.enable and outputs is not None:
            self._samples += [
                dict(
                    feature=sample.feature.float().cpu().numpy().copy(),
                    pid=sample.pid,
                    camid=sample.get('camid'),
                    split=sample.split,
                    dataset=sample.get('dataset', ''),
                    img_path=sample.img_path) for sample in outputs
            ]

    def after_test_epoch(self,
                         runner: Runner,
                         metrics: Optional[Dict[str, float]] = None) -> None:
        if not self.enable:
            return
        samples = collect_results(self._samples,
                                  len(runner.test_dataloader.dataset))
        self._samples.clear()
        if not is_main_process():
            return
        metric = _reid_metric(runner)
        for dataset, ranking in metric.rankings.items():
            own = [item for item in samples if item['dataset'] == dataset]
            heading = f'{dataset}_' if len(metric.rankings) > 1 else ''
            self._draw_ranked_lists(runner, own, metric.metric, heading)
            picture = runner.visualizer.draw_cmc(
                ranking.cmc, f'mAP {100 * ranking.mAP:.1f}, '
                f'Rank-1 {100 * ranking.cmc[0]:.1f}')
            self._write(runner, f'{heading}cmc', picture)
        if self.out_dir is not None:
            runner.logger.info(
                f'Ranked lists and CMC curve are in {self.out_dir}')

    def _draw_ranked_lists(self, runner: Runner, samples: List[Dict[str, Any]],
                           metric: str, heading: str) -> None:
        queries = [item for item in samples if item['split'] == 'query']
        gallery = [item for item in samples if item['split'] == 'gallery']
        chosen = np.unique(
            np.linspace(0,
                        len(queries) - 1, self.num_queries).astype(int))
        nearest = _find_nearest([queries[number] for number in chosen],
                                gallery, self.topk, metric)
        for number, indices, scores in zip(chosen, *nearest):
            query = queries[number]
            ranked = [
                _ranked_image(gallery[index], query['pid'], score)
                for index, score in zip(indices, scores) if index != NOBODY
            ]
            picture = runner.visualizer.draw_ranked_list(
                RankedImage(query['img_path'], query['camid']), ranked)
            name = Path(query['img_path']).stem
            self._write(runner, f'{heading}ranked_list_{number:05d}_{name}',
                        picture)

    def _write(self, runner: Runner, name: str, picture: np.ndarray) -> None:
        if self.out_dir is None:
            runner.visualizer.add_image(name, picture)
            return
        folder = Path(self.out_dir)
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(folder / f'{name}.png')


def _ranked_image(sample: Dict[str, Any], pid: int,
                  score: float) -> RankedImage:
    return RankedImage(sample['img_path'], sample['camid'], score,
                       sample['pid'] == pid)


def _find_nearest(queries: List[Dict[str, Any]], gallery: List[Dict[str, Any]],
                  topk: int, metric: str) -> Nearest:
    query_columns = _columns(queries, unknown_camera=-1)
    gallery_columns = _columns(gallery, unknown_camera=-2)
    features, pids, camids = zip(query_columns, gallery_columns)
    return find_nearest(*features, *pids, *camids, k=topk, metric=metric)


def _columns(samples: List[Dict[str, Any]],
             unknown_camera: int) -> List[np.ndarray]:
    """Features, pids and camids of images, as arrays."""
    camids = [
        unknown_camera if item['camid'] is None else item['camid']
        for item in samples
    ]
    return [
        np.stack([item['feature'] for item in samples]),
        np.array([item['pid'] for item in samples]),
        np.array(camids)
    ]


def _reid_metric(runner: Runner) -> ReIDMetric:
    for metric in runner.test_evaluator.metrics:
        if isinstance(metric, ReIDMetric):
            return metric
    raise TypeError('RankedListHook ranks as ReIDMetric does: set '
                    "test_evaluator=dict(type='ReIDMetric')")
