"""Test a checkpoint: ``python tools/test.py CONFIG CHECKPOINT``."""
import argparse
import os.path as osp
from typing import List

import mmengine
from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.evaluator import BaseMetric, DumpResults

from fusionreid_mm.checkpoint_io import (check_writable_file,
                                         check_writable_folder)
from fusionreid_mm.engine.command_line import (add_config_arguments,
                                               add_runner_arguments,
                                               augment_tests, load_config,
                                               running, set_loader_defaults,
                                               set_work_dir)
from fusionreid_mm.evaluation import ReIDMetric
from fusionreid_mm.visualization import check_page_path

# What --out may end with.
_SUFFIXES = {
    'pred': ('.pkl', '.pickle'),
    'metrics': ('.json', '.yml', '.yaml', '.pkl', '.pickle'),
    'queries': ('.npz', ),
}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Test (and evaluate) a checkpoint')
    add_config_arguments(parser)
    parser.add_argument('checkpoint', help='checkpoint file')
    add_runner_arguments(parser)
    parser.add_argument(
        '--out',
        help='write the results to this file: the samples with their features '
        '(.pkl), what was found out about each query (.npz), or the metrics '
        '(see --out-item)')
    parser.add_argument(
        '--out-item',
        choices=list(_SUFFIXES),
        help="what --out writes: 'pred' (the default), 'queries' (the default "
        "of .npz) or 'metrics' (.json, .yml or .pkl)")
    parser.add_argument(
        '--show-dir', help='draw ranked lists and curves into this folder')
    parser.add_argument(
        '--report',
        help='write a report, one HTML file: metrics with confidence '
        'intervals, curves, the worst queries, cameras, and where the '
        'branches of the model disagree')
    parser.add_argument(
        '--tta',
        action='store_true',
        help='average the descriptors of each image and its mirror image, or '
        'as tta_model and tta_pipeline of the config say')
    args = parser.parse_args()
    if args.out is None and args.out_item is not None:
        parser.error('--out-item needs --out, the file to write to')
    is_of_queries = str(args.out).endswith(_SUFFIXES['queries'])
    args.out_item = args.out_item or ('queries' if is_of_queries else 'pred')
    suffixes = _SUFFIXES[args.out_item]
    if args.out is not None and not args.out.endswith(suffixes):
        parser.error(f'--out {args.out}: the name must end with '
                     f'{", ".join(suffixes)}')
    if args.out is not None:
        check_writable_file(args.out)
    if args.show_dir is not None:
        check_writable_folder(args.show_dir)
    if args.report is not None:
        check_page_path(args.report)
    if not osp.isfile(args.checkpoint) and '://' not in args.checkpoint:
        parser.error(f'there is no checkpoint file {args.checkpoint!r}')
    return args


def apply_args(cfg: Config, args: argparse.Namespace) -> None:
    """Write the command line into the config."""
    cfg.load_from = args.checkpoint
    cfg.resume = False
    set_work_dir(cfg, args.config, args.work_dir)
    if args.amp:
        cfg.test_cfg.fp16 = True
    if args.tta:
        augment_tests(cfg)
    if args.show_dir is not None:
        cfg.default_hooks.visualization = dict(
            cfg.default_hooks.get('visualization', {}),
            type='RankedListHook',
            enable=True,
            out_dir=args.show_dir)
    if args.report is not None:
        cfg.setdefault('custom_hooks',
                       []).append(dict(type='ReportHook', out=args.report))
    set_loader_defaults(
        cfg, pin_memory=not args.no_pin_memory, persistent_workers=False)


def set_out(metrics: List[BaseMetric], path: str) -> None:
    """Let ReIDMetric write a file."""
    reid_metrics = [item for item in metrics if isinstance(item, ReIDMetric)]
    if len(reid_metrics) != 1:
        raise ValueError(
            f'--out {path} is written by ReIDMetric, of which test_evaluator '
            f'has {len(reid_metrics)}: set one')
    reid_metrics[0].out = path


def main() -> None:
    args = parse_args()
    cfg = load_config(args.config, args.cfg_options)
    apply_args(cfg, args)
    with running(cfg, args) as runner:
        if args.out and args.out_item == 'pred':
            runner.test_evaluator.metrics.append(DumpResults(args.out))
        if args.out_item == 'queries':
            set_out(runner.test_evaluator.metrics, args.out)
        metrics = runner.test()
        if args.out and args.out_item == 'metrics' and is_main_process():
            mmengine.dump(metrics, args.out)


if __name__ == '__main__':
    main()
