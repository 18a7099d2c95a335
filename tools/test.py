"""Test a checkpoint: ``python tools/test.py CONFIG CHECKPOINT``."""
import argparse
import os
import os.path as osp

import mmengine
import torch.distributed as dist
from mmengine.config import Config, DictAction
from mmengine.dist import is_main_process
from mmengine.evaluator import DumpResults
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from fusionreid_mm.compat import use_cpu_group
from fusionreid_mm.engine.configuration import (load_config,
                                                set_loader_defaults,
                                                set_work_dir)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Test (and evaluate) a checkpoint')
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument(
        '--work-dir', help='folder of the log (default: work_dirs/<config>)')
    parser.add_argument(
        '--out',
        help='write the results to this file: the samples with their features '
        '(.pkl), or the metrics (see --out-item)')
    parser.add_argument(
        '--out-item',
        choices=['metrics', 'pred'],
        help="what --out writes: 'pred' (the default) or 'metrics' (.json, "
        '.yml or .pkl)')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='override keys of the config, as key=value with dots for nested '
        'keys; lists as key="[a,b]" or key=a,b')
    parser.add_argument(
        '--amp', action='store_true', help='test in mixed precision')
    parser.add_argument(
        '--show-dir',
        help='draw ranked lists and the CMC curve into this folder')
    parser.add_argument(
        '--no-pin-memory',
        action='store_true',
        help='do not pin the memory of the data loader')
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='how the processes were started')
    # torch.distributed.launch passes either, torchrun none.
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)
    args = parser.parse_args()
    if args.out is None and args.out_item is not None:
        parser.error('--out-item needs --out, the file to write to')
    if args.out is not None:
        suffixes = ('.json', '.yml', '.yaml') if args.out_item == 'metrics' \
            else ()
        if not args.out.endswith(('.pkl', '.pickle') + suffixes):
            parser.error(f'--out {args.out}: the name must end with '
                         f'{", ".join((".pkl", ".pickle") + suffixes)}')
    if not osp.isfile(args.checkpoint) and '://' not in args.checkpoint:
        parser.error(f'there is no checkpoint file {args.checkpoint!r}')
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return args


def apply_args(cfg: Config, args: argparse.Namespace) -> None:
    """Write the command line into the config."""
    cfg.launcher = args.launcher
    cfg.load_from = args.checkpoint
    cfg.resume = False
    set_work_dir(cfg, args.config, args.work_dir)
    if args.amp:
        cfg.test_cfg.fp16 = True
    if args.show_dir is not None:
        cfg.default_hooks.visualization.enable = True
        cfg.default_hooks.visualization.out_dir = args.show_dir
    set_loader_defaults(
        cfg, pin_memory=not args.no_pin_memory, persistent_workers=False)


def main() -> None:
    args = parse_args()
    cfg = load_config(args.config, args.cfg_options)
    apply_args(cfg, args)
    use_cpu_group(cfg)
    if 'runner_type' in cfg:
        runner = RUNNERS.build(cfg)
    else:
        runner = Runner.from_cfg(cfg)
    if args.out and args.out_item != 'metrics':
        runner.test_evaluator.metrics.append(
            DumpResults(out_file_path=args.out))
    metrics = runner.test()
    if args.out and args.out_item == 'metrics' and is_main_process():
        mmengine.dump(metrics, args.out)
    if dist.is_initialized():
        dist.destroy_process_group()


if __name__ == '__main__':
    main()
