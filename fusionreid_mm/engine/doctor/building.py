"""Building all parts of a run, as MMEngine will do it."""
import copy
import io
import logging
import tempfile
from contextlib import contextmanager, redirect_stdout
from functools import partial
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional

from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from fusionreid_mm.models import FusionReID
from ..bare_model import bare_model
from ..run_checks import Check, check_watched, checks_before_run
from .finding import Finding, ok, problem, warning

_LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


class Parts(NamedTuple):
    """What could be built.

    Attributes:
        loaders: By their keys in the config.
        runner: With model, hooks, loops, optimizer and schedulers. None if one
            of those cannot be built.
    """
    loaders: Dict[str, DataLoader]
    runner: Optional[Runner]

    @property
    def model(self) -> Optional[FusionReID]:
        return None if self.runner is None else bare_model(self.runner.model)


class _Collector(logging.Handler):
    """Keeps warnings instead of printing them."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: List[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@contextmanager
def _warnings_of_log() -> Iterator[List[str]]:
    logger = MMLogger.get_current_instance()
    handlers, collector = logger.handlers, _Collector()
    logger.handlers = [collector]
    try:
        yield collector.messages
    finally:
        logger.handlers = handlers


def build_parts(cfg: Config, findings: List[Finding]) -> Parts:
    """Build all parts of a run.

    Args:
        cfg (Config): The config, which is left as it is.
        findings (List[Finding]): What cannot be built, and what is logged as
            a warning meanwhile, is added to these.
    """
    init_default_scope(cfg.get('default_scope', 'fusionreid_mm'))
    loaders: Dict[str, DataLoader] = {}
    for name in _LOADERS:
        loader_cfg = cfg.get(name)
        if loader_cfg is None:
            continue
        # Validation and test are mostly the same.
        built = [
            loaders[other] for other in loaders if cfg[other] == loader_cfg
        ]
        loader = built[0] if built else _build(
            name, partial(Runner.build_dataloader, loader_cfg, seed=0),
            findings)
        if loader is not None:
            loaders[name] = loader
    runner = _build('config', partial(_build_runner, cfg, loaders), findings)
    if all(finding.severity != 'problem' for finding in findings):
        findings.append(ok('config', 'all parts can be built'))
    return Parts(loaders, runner)


def _build(subject: str, build: Callable[[], Any],
           findings: List[Finding]) -> Any:
    with _warnings_of_log() as messages:
        try:
            built = build()
        except Exception as error:  # whatever a constructor raises
            built = None
            findings.append(
                problem(subject, f'{type(error).__name__}: {error}',
                        'Nothing is trained before this is right.'))
    findings += [warning(subject, message) for message in messages]
    return built


def _build_runner(cfg: Config, loaders: Dict[str, DataLoader]) -> Runner:
    """A runner that leaves nothing behind, and reads no data again."""
    quiet = copy.deepcopy(cfg)
    quiet.launcher = 'none'
    quiet.log_level = 'WARNING'
    if quiet.get('visualizer') is not None:
        # Others may begin an experiment on a server.
        quiet.visualizer.vis_backends = [dict(type='LocalVisBackend')]
    with tempfile.TemporaryDirectory() as folder, \
            redirect_stdout(io.StringIO()):
        quiet.work_dir = folder
        runner = Runner.from_cfg(quiet)
        for handler in runner.logger.handlers:
            handler.close()
        runner.logger.handlers = [_Collector()]
    for name, loader in loaders.items():
        setattr(runner, f'_{name}', loader)
    if 'train_dataloader' in loaders:
        runner._train_loop = runner.build_train_loop(cfg.train_cfg)
        runner.optim_wrapper = runner.build_optim_wrapper(cfg.optim_wrapper)
        if cfg.get('param_scheduler') is not None:
            runner.param_schedulers = runner.build_param_scheduler(
                cfg.param_scheduler)
    for mode in ('val', 'test'):
        if f'{mode}_dataloader' in loaders:
            loop = getattr(runner, f'build_{mode}_loop')(cfg[f'{mode}_cfg'])
            setattr(runner, f'_{mode}_loop', loop)
    return runner


def check_fit(parts: Parts) -> Iterator[Finding]:
    """What ReIDProtocolHook checks before a run, but all of it."""
    runner = parts.runner
    if runner is None or parts.model is None:
        return
    loaders = dict(parts.loaders)
    train_loader = loaders.pop('train_dataloader', None)
    loops = [
        getattr(runner, f'_{name.split("_")[0]}_loop') for name in loaders
    ]
    findings: List[Finding] = []
    checks = checks_before_run(parts.model, train_loader,
                               list(dict.fromkeys(loaders.values())),
                               [loop.evaluator for loop in loops])
    found = _build('data', partial(list, checks), findings) or []
    if 'val_dataloader' in loaders:
        found.append(Check('save_best', partial(check_watched, runner)))
    for check in found:
        _build(check.name, check.run, findings)
    yield from dict.fromkeys(findings)
    if all(finding.severity != 'problem' for finding in findings):
        yield ok('fit', 'model, data, batches and metrics fit each other')
