"""A script for ``torchrun``: trains by one config after the other, and keeps
what each process then has.

    train_in_processes.py CONFIG ...
"""
import sys
from pathlib import Path

import torch
from helpers.tiny_training import train, weights
from mmengine.config import Config
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner

from fusionreid_mm.compat import use_cpu_group
from fusionreid_mm.engine.bare_model import bare_model
from fusionreid_mm.registry import HOOKS


@HOOKS.register_module(force=True)
class FrozenNormsHook(Hook):
    """BatchNorm with the statistics that it has, so that an image does not
    depend on the others of its batch."""

    def before_train_iter(self, runner: Runner, *args, **kwargs) -> None:
        for module in runner.model.modules():
            if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                module.eval()


if __name__ == '__main__':
    for path in map(Path, sys.argv[1:]):
        cfg = Config.fromfile(path)
        cfg.launcher = 'pytorch'
        use_cpu_group(cfg)
        model = bare_model(train(cfg).model)
        torch.save(
            dict(weights=weights(model), buffers=dict(model.named_buffers())),
            path.with_suffix(f'.{get_rank()}.pth'))
    torch.distributed.destroy_process_group()
