"""Train a model: ``python tools/train.py CONFIG``."""
import argparse
import os.path as osp

from mmengine.config import Config

from fusionreid_mm.engine.checkpoint import resume_latest
from fusionreid_mm.engine.command_line import (add_config_arguments,
                                               add_runner_arguments,
                                               load_config, running,
                                               set_loader_defaults,
                                               set_work_dir)
from fusionreid_mm.engine.doctor import refuse_problems
from fusionreid_mm.engine.flexible_runner import check_resume


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Train a model')
    add_config_arguments(parser)
    add_runner_arguments(parser)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        help='go on from this checkpoint; without a value, from the latest '
        'one in the work dir that is whole')
    parser.add_argument(
        '--no-validate',
        action='store_true',
        help='do not evaluate during training')
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate from the batch size that the config was '
        'made for to the real one, over all processes')
    parser.add_argument(
        '--no-persistent-workers',
        action='store_true',
        help='restart the workers of the data loaders after each epoch')
    args = parser.parse_args()
    if args.resume not in (None, 'auto') and not osp.isfile(args.resume):
        parser.error(f'--resume: there is no checkpoint file {args.resume!r}')
    return args


def apply_args(cfg: Config, args: argparse.Namespace) -> None:
    """Write the command line into the config."""
    set_work_dir(cfg, args.config, args.work_dir)
    if args.no_validate:
        cfg.val_cfg = None
        cfg.val_dataloader = None
        cfg.val_evaluator = None
    if args.amp:
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    if args.resume not in (None, 'auto'):
        cfg.resume = True
        cfg.load_from = args.resume
    if args.auto_scale_lr:
        if 'auto_scale_lr' not in cfg:
            raise ValueError(
                f'--auto-scale-lr: {args.config} does not say for which batch '
                'size its learning rate is: add '
                'auto_scale_lr=dict(base_batch_size=...)')
        cfg.auto_scale_lr.enable = True
    set_loader_defaults(
        cfg,
        pin_memory=not args.no_pin_memory,
        persistent_workers=not args.no_persistent_workers)


def main() -> None:
    args = parse_args()
    cfg = load_config(args.config, args.cfg_options)
    apply_args(cfg, args)
    refuse_problems(cfg)
    with running(cfg, args) as runner:
        if args.resume == 'auto' or (cfg.get('resume')
                                     and cfg.get('load_from') is None):
            resume_latest(runner)
        if runner._resume:
            check_resume(cfg)
        runner.train()


if __name__ == '__main__':
    main()
