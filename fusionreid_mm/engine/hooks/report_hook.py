import logging
import platform
import shlex
import sys
from datetime import datetime
from pathlib import Path
from typing import Dict, List, Optional

import mmengine
import torch
from matplotlib.figure import Figure
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.model import BaseTTAModel
from mmengine.runner import BaseLoop, Runner

from fusionreid_mm.evaluation.metrics import (EvaluatedDataset, Findings,
                                              ReIDMetric, collect_findings)
from fusionreid_mm.registry import HOOKS
from fusionreid_mm.version import __version__
from fusionreid_mm.visualization import TestRun, check_page_path, draw_report
from ..bare_model import bare_model
from ..training_log import load_log, main_keys, plot_curves
from .measuring import metric_of_test


@HOOKS.register_module()
class ReportHook(Hook):
    """Writes a report of a test, one HTML file: metrics with confidence
    intervals, curves, the worst queries, the cameras, and where the branches
    of the model disagree.

    The embeddings of the branches are measured by themselves for it, so their
    metrics are among those of the test. Features stay where they were
    computed; the main process writes.

    Args:
        out (str): The file, which is replaced if it is there.
        num_worst (int): Of the worst queries to show. Defaults to 10.
        num_examples (int): Queries to show of each way in which the branches
            and the fusion can disagree. Defaults to 2.
        topk (int): Gallery images of a ranked list. Defaults to 10.

    Raises:
        ValueError: If a number is less than 1, or, before the run, if the name
            of the file does not end with ``.html``.
        OSError: Before the run, if the file cannot be written.
        TypeError: Before the run, if no :class:`ReIDMetric` measures.
    """

    def __init__(self,
                 out: str,
                 num_worst: int = 10,
                 num_examples: int = 2,
                 topk: int = 10) -> None:
        if min(num_worst, num_examples, topk) < 1:
            raise ValueError('num_worst, num_examples and topk must be at '
                             f'least 1: got {num_worst}, {num_examples} and '
                             f'{topk}')
        self.out = out
        self.num_worst = num_worst
        self.num_examples = num_examples
        self.topk = topk
        self._branches: List[str] = []
        self._findings: List[Findings] = []
        self._metrics: Dict[str, float] = {}

    def before_run(self, runner: Runner) -> None:
        if not isinstance(runner._test_loop, BaseLoop):
            return
        check_page_path(self.out)
        metric = metric_of_test(runner, 'ReportHook')
        self._branches = _measure_branches(metric, runner)
        if self._collect not in metric.observers:
            metric.observers.append(self._collect)

    def before_test_epoch(self, runner: Runner) -> None:
        self._findings = []

    def _collect(self, dataset: EvaluatedDataset) -> None:
        self._findings.append(
            collect_findings(dataset, self._branches, self.num_worst,
                             self.num_examples, self.topk))

    def after_test_epoch(self,
                         runner: Runner,
                         metrics: Optional[Dict[str, float]] = None) -> None:
        self._metrics = metrics or {}

    def after_test(self, runner: Runner) -> None:
        """When the metrics have been printed, whatever becomes of the
        report."""
        if not is_main_process():
            return
        metric = metric_of_test(runner, 'ReportHook')
        run = TestRun(
            title=f'Test of {_name(runner)}',
            facts=_facts(runner),
            metrics=self._metrics,
            ranks=metric.ranks,
            num_trials=metric.num_trials,
            training_curve=_training_curve(runner._load_from))
        draw_report(run, self._findings).write(self.out)
        runner.logger.info(f'The report is in {self.out}')


def _measure_branches(metric: ReIDMetric, runner: Runner) -> List[str]:
    """Let the embeddings of the branches be measured, if there are several of
    them in the descriptor."""
    model = bare_model(runner.model)
    available = model.head.test_embeddings
    branches = [name for name in model.branches if name in available]
    if len(branches) < 2:
        return []
    for name in branches:
        if metric.embeddings.setdefault(name, [name]) != [name]:
            runner.logger.log(
                logging.WARNING, 'In the report, %s alone is %s, as '
                'test_evaluator.embeddings says.', name,
                metric.embeddings[name])
    return branches


def _name(runner: Runner) -> str:
    filename = getattr(runner.cfg, 'filename', None)
    return Path(filename).stem if filename else runner.experiment_name


def _training_curve(checkpoint: Optional[str]) -> Optional[Figure]:
    """Loss and mAP of the training that wrote a checkpoint, if its log lies
    beside it."""
    if checkpoint is None or not Path(checkpoint).is_file():
        return None
    try:
        log = load_log(str(Path(checkpoint).parent))
    except (OSError, ValueError):
        return None
    keys = main_keys(log)
    if not log.train or not keys:
        return None
    figure = Figure(figsize=(9, 2.4 * len(keys)), layout='constrained')
    plot_curves(figure, [(log, key) for key in keys], keys)
    return figure


def _facts(runner: Runner) -> Dict[str, str]:
    model = bare_model(runner.model)
    is_augmented = any(
        isinstance(module, BaseTTAModel) for module in runner.model.modules())
    return {
        'Config':
        str(getattr(runner.cfg, 'filename', None) or '–'),
        'Checkpoint':
        str(runner._load_from or '–'),
        'Descriptor':
        ', '.join(model.head.test_embeddings),
        'Test-time augmentation':
        'yes' if is_augmented else 'no',
        'Command':
        shlex.join(sys.argv),
        'Date':
        f'{datetime.now().astimezone():%Y-%m-%d %H:%M %Z}',
        'Processes':
        str(runner.world_size),
        'Versions':
        f'fusionreid_mm {__version__}, MMEngine '
        f'{mmengine.__version__}, PyTorch {torch.__version__}, Python '
        f'{platform.python_version()}',
    }
