"""All checks of the doctor, and the quick ones."""
import logging
import os
from typing import Iterator, List, Optional

from mmengine.config import Config
from mmengine.logging import print_log

from .building import build_parts, check_fit
from .data import check_data
from .environment import check_environment
from .finding import Finding
from .resources import (bytes_of_training, check_disk, check_gpu,
                        check_workers, kept_checkpoints)
from .weights import check_load_from, check_pretrained


def examine_quickly(cfg: Config) -> Iterator[Finding]:
    """What can be told of a config without building anything of it."""
    yield from check_environment()
    yield from check_workers(cfg)
    yield from check_pretrained(cfg)


def examine(cfg: Config, num_images: Optional[int]) -> Iterator[Finding]:
    """All that can be told of a config before a training.

    Args:
        cfg (Config): The config, with a work dir.
        num_images (int, optional): Images to decode of each dataset. None is
            all.
    """
    yield from examine_quickly(cfg)
    findings: List[Finding] = []
    parts = build_parts(cfg, findings)
    yield from findings
    yield from check_fit(parts)
    yield from check_data(list(parts.loaders.values()), num_images)
    if parts.model is None:
        return
    yield from check_load_from(parts.model, cfg)
    if cfg.get('optim_wrapper') is not None:
        size = bytes_of_training(parts.model, cfg)
        yield from check_disk(cfg.work_dir, size, kept_checkpoints(cfg))
        yield from check_gpu(parts.model, cfg)


def refuse_problems(cfg: Config) -> None:
    """The quick checks before a run, of which the first process logs the
    warnings.

    Raises:
        RuntimeError: If there is a problem.
    """
    problems = []
    for finding in examine_quickly(cfg):
        lines = f'{finding.subject}: {finding.text}. {finding.advice}'
        if finding.severity == 'warning' and _is_first_process():
            print_log(lines, level=logging.WARNING)
        elif finding.severity == 'problem':
            problems.append(lines)
    if problems:
        raise RuntimeError('\n'.join([
            'this run would not get far; tools/misc/doctor.py tells more:',
            *problems
        ]))


def _is_first_process() -> bool:
    """By what launchers say, as there is no process group yet."""
    ranks = (os.environ.get(name) for name in ('RANK', 'SLURM_PROCID'))
    return not any(rank not in (None, '0') for rank in ranks)
