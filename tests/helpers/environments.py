"""Environments of their own, into which the package is installed."""
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Dict, Iterable

from .drawn_data import write_market
from .golden import ROOT

# What an sdist is made from.
SOURCES = ('LICENSE', 'MANIFEST.in', 'README.md', 'configs', 'fusionreid_mm',
           'model-index.yml', 'requirements', 'setup.cfg', 'setup.py', 'tools')


def copy_sources(folder: Path) -> Path:
    """A checkout of its own, since building writes into it."""
    folder.mkdir()
    for name in SOURCES:
        source, target = ROOT / name, folder / name
        if source.is_dir():
            shutil.copytree(
                source,
                target,
                ignore=shutil.ignore_patterns('.mim', '__pycache__'))
        else:
            shutil.copyfile(source, target)
    return folder


def run(*command, **options) -> str:
    """What a program prints, if it succeeds."""
    done = subprocess.run(
        list(map(str, command)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options)
    assert done.returncode == 0, done.stdout[-5000:]
    return done.stdout


def build_wheel(source: Path, folder: Path) -> Path:
    """Of a checkout or an sdist."""
    run(sys.executable, '-m', 'pip', 'wheel', '--quiet',
        '--disable-pip-version-check', '--no-deps', '--no-build-isolation',
        '--wheel-dir', folder, source)
    wheel, = folder.glob('*.whl')
    return wheel


class Environment:
    """An environment that sees the packages of this one behind its own.

    Those would take minutes and gigabytes to install again. The editable
    install of this package among them is out of sight: the file that makes
    it is read for the environment's own folder of packages alone.
    """

    def __init__(self, folder: Path) -> None:
        run(sys.executable, '-m', 'venv', '--without-pip', folder)
        self.folder = folder
        self.python = folder / 'bin' / 'python'
        self.packages = Path(
            self.run('python', '-c',
                     'import sysconfig; print(sysconfig.get_path("purelib"))').
            strip())
        (self.packages / 'others.pth').write_text(
            sysconfig.get_path('purelib'))

    def install(self, *requirements) -> None:
        """Without what they need."""
        run(sys.executable, '-m', 'pip', '--python', self.python, 'install',
            '--quiet', '--disable-pip-version-check', '--no-deps',
            '--no-build-isolation', '--force-reinstall', *requirements)

    def run(self, program: str, *args, cwd: Path = Path('/')) -> str:
        """What a program of the environment prints, if it succeeds."""
        return run(
            self.folder / 'bin' / program,
            *args,
            cwd=cwd,
            env={
                **_without_pythonpath(), 'PATH':
                f"{self.folder / 'bin'}:{os.environ['PATH']}",
                'OMP_NUM_THREADS': '1'
            })

    def package_folder(self) -> Path:
        """Where the installed package is imported from."""
        code = 'import fusionreid_mm; print(fusionreid_mm.__path__[0])'
        return Path(self.run('python', '-c', code).strip())


def _without_pythonpath() -> Dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items() if name != 'PYTHONPATH'
    }


def write_data(root: Path) -> Path:
    """Four people to train on and two to test with, under two cameras."""
    train, test = range(2, 6), range(20, 22)
    return write_market(
        root, {
            'bounding_box_train': [(p, c, 2) for p in train for c in (1, 2)],
            'query': [(p, 1, 1) for p in test],
            'bounding_box_test': [(p, 2, 1) for p in test],
        })


def tiny_options(data_root: Path) -> Iterable[str]:
    """``--cfg-options`` that make one epoch of the tiny config a second."""
    loaders = ('train_dataloader', 'val_dataloader', 'test_dataloader')
    for loader in loaders:
        yield f'{loader}.num_workers=0'
        yield f'{loader}.persistent_workers=False'
        yield f'{loader}.dataset.data_root={data_root}'
        yield f'{loader}.dataset.strict_counts=False'
    yield from ('model.head.num_classes=4', 'train_dataloader.batch_size=8',
                'train_dataloader.sampler.num_identities=2',
                'train_cfg.max_epochs=1',
                'default_hooks.checkpoint.interval=1',
                'default_hooks.logger.interval=1')
