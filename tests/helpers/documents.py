"""The documents, and a folder in which a reader can type what they show.

The folder looks as they say, ``configs/``, ``tools/`` and ``data/``, but for
its size: networks have a few thousand parameters, a training one epoch, and
datasets a dozen drawn people. Eight GPUs are two processes.
"""
import ast
import contextlib
import glob
import importlib
import io
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple
from unittest import mock

import torch
from mmengine.config import Config

from fusionreid_mm.apis import get_model
from fusionreid_mm.datasets.synthetic import make_synthetic_reid
from .golden import ROOT
from .tools import script_environment

PAGES = [ROOT / 'README.md', *sorted((ROOT / 'docs').rglob('*.md'))]

_NUM_PIDS = 16
_SMALL = dict(
    num_train_pids=_NUM_PIDS,
    num_test_pids=4,
    num_cameras=6,
    images_per_camera=2,
    num_workers=1,
    seed=1)
_NUM_DISTRACTORS = 6

# What stands in the files of configs/, and here.
_SMALLER = [
    (r'num_classes=\d+', f'num_classes={_NUM_PIDS}'),
    (r'max_epochs = \d+', 'max_epochs = 1'),
    (r'val_interval=\d+', 'val_interval=1'),
    (r'warmup_epochs=\d+', 'warmup_epochs=0'),
    (r'num_workers=\d+', 'num_workers=0'),
    (r'batch_size=64', 'batch_size=32'),
    (r'num_identities=16', 'num_identities=8'),
    (r'strict_counts=True', 'strict_counts=False'),
    (r'embed_dims=(768|96)', 'embed_dims=24'),
    (r"type='AmpOptimWrapper',\n    loss_scale='dynamic'",
     "type='OptimWrapper'"),
    (r'\((128|64), (256|128)\)', '(32, 64)'),
    (r'\((256|128), (128|64)\)', '(64, 32)'),
    (r'\(128, 384\)', '(32, 96)'),
    (r'\(384, 128\)', '(96, 32)'),
]
_SMALLER_COMMANDS = [
    (r'(hidden_channels|embed_dims)=\d+', r'\1=48'),
    (r'num_distractors=\d+', f'num_distractors={_NUM_DISTRACTORS}'),
    (r'(make_synthetic_reid\S*)(.*)',
     r'\1\2 --train-pids 16 --test-pids 4 --overwrite'),
    # Machines with eight GPUs are rare.
    (r'(dist_\w+\.sh(?: \S+){1,2}) [248]\b', r'\1 2'),
]
_SMALL_NETWORKS = '''
model['branches']['cnn']['backbone'].update(
    depth=18, stem_channels=8, base_channels=8,
    init_cfg=dict(type='Kaiming', layer='Conv2d'))
model['branches']['transformer']['backbone'].update(
    arch=dict(
        embed_dims=24, num_layers=2, num_heads=2, feedforward_channels=48),
    init_cfg=None)
'''


class Block(NamedTuple):
    """A block of code of a page."""
    page: Path
    line: int
    language: str
    code: str

    @property
    def name(self) -> str:
        page = self.page.relative_to(ROOT)
        return f'{page}:{self.line}'


def blocks_of(page: Path, *languages: str) -> List[Block]:
    """Those of a page in some languages, in its order."""
    text = page.read_text(encoding='utf-8')
    return [
        Block(page, text[:match.start()].count('\n') + 1, match[1], match[2])
        for match in re.finditer(r'^```(\w+)\n(.*?)^```', text, re.DOTALL
                                 | re.MULTILINE) if match[1] in languages
    ]


def is_config(code: str) -> bool:
    """Whether Python is a config or a part of one, not a program."""

    def is_plain(value: ast.expr) -> bool:
        is_dict = isinstance(value, ast.Call) and isinstance(
            value.func, ast.Name) and value.func.id == 'dict'
        return is_dict or isinstance(value,
                                     (ast.Attribute, ast.Constant, ast.List))

    return all(
        isinstance(step, ast.Assign) and is_plain(step.value)
        for step in ast.parse(code).body)


def commands_of(block: Block) -> Iterator[str]:
    """The commands of a block in shell, each in one line."""
    for line in block.code.replace('\\\n', ' ').splitlines():
        words = shlex.split(line, comments=True)
        if words:
            yield line


class Reader:
    """Somebody who types what stands in the documents, each in a folder of its
    own below ``root``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.page = Path()
        self.folder = root / 'new'
        self.names: Dict[str, Any] = {}
        _fill(self.folder)

    def open(self, page: Path) -> None:
        """Begin a page, or go on with it."""
        if page != self.page:
            self.page, self.names = page, {}
            self.folder = self.root / page.stem
            shutil.copytree(self.root / 'new', self.folder, symlinks=True)

    def run_python(self, code: str) -> str:
        """Run a program, which knows the names of the page's earlier ones."""
        code = self._with_checkpoint(code)
        code = code.replace('seed=1)',
                            'seed=1, num_train_pids=2, num_test_pids=2)')
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            exec(compile(code, 'block', 'exec'), self.names)
        return output.getvalue()

    def load_config(self, code: str) -> Config:
        """Load what stands in a config of one's own; a part of one comes atop
        of the first headline."""
        if '_base_' not in code:
            code = f"_base_ = 'configs/fusionreid_market.py'\n\n{code}"
        path = self.folder / 'mine.py'
        path.write_text(code, encoding='utf-8')
        return Config.fromfile(path)

    def write_checkpoint(self, config: str, path: str) -> None:
        """One of a config, of random values."""
        torch.manual_seed(0)
        cfg = Config.fromfile(config)
        meta = dict(
            cfg=cfg.pretty_text,
            dataset_meta={},
            experiment_name='reader',
            epoch=1,
            iter=1)
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        torch.save(
            dict(state_dict=get_model(cfg).state_dict(), meta=meta), file)

    def run_shell(self, command: str) -> str:
        """Run a command; what it printed.

        Python's tools run in this process, where importing takes no time.
        """
        command = self._with_files(command)
        command, _, target = command.partition(' > ')
        words = [
            path for word in shlex.split(command, comments=True)
            for path in self._expand(word)
        ]
        while '=' in words[0] and not words[0].startswith(('-', '/')):
            words = words[1:]
        if words[0] in ('python', 'fusionreid') and words[1] != '-m':
            output = self._run_here(words)
        else:
            output = self._run_process(words)
        if target:
            (self.folder / target.strip()).write_text(output)
        return output

    @staticmethod
    def _expand(word: str) -> List[str]:
        return sorted(glob.glob(word)) or [word]

    def _with_files(self, command: str) -> str:
        """With what stands for something replaced, what is large made small,
        and the files that it reads in place."""
        name = _config_of(command)
        command = re.sub(r'\bCONFIG\b', name, command)
        command = re.sub(r'\bDIR\b', 'work_dirs/dir', command)
        command = self._with_checkpoint(command)
        for large, small in _SMALLER_COMMANDS:
            command = re.sub(large, small, command)
        for pattern, make in self._MADE.items():
            for path in re.findall(pattern, command):
                if not (self.folder / path).exists():
                    make(self, name, path)
        return command

    def _with_checkpoint(self, text: str) -> str:
        """With one of its config."""
        config = _config_of(text)
        path = f'checkpoints/{Path(config).stem}.pth'
        if 'CHECKPOINT' in text and not (self.folder / path).is_file():
            self.write_checkpoint(config, path)
        return re.sub(r'\bCHECKPOINT\b', path, text)

    def _train(self, config: str, work_dir: str) -> None:
        self._run_here([
            'python', 'tools/train.py', 'configs/fusionreid_tiny_synthetic.py',
            '--work-dir', work_dir
        ])

    def _test(self, config: str, results: str) -> None:
        checkpoint = f'checkpoints/{Path(config).stem}.pth'
        self.write_checkpoint(config, checkpoint)
        self._run_here(
            ['python', 'tools/test.py', config, checkpoint, '--out', results])

    # What has to be there, and how it is made of a config.
    _MADE: Dict[str, Callable[['Reader', str, str], Any]] = {
        r'\S+\.pth(?= |$)': write_checkpoint,
        r'work_dirs/(?:one|other|fusionreid_tiny_synthetic)(?= |$)': _train,
        r'(?:first|second)\.npz': _test,
    }

    def _run_here(self, words: List[str]) -> str:
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            if words[0] == 'fusionreid':
                from fusionreid_mm.cli import main
                code = main(words[1:])
            else:
                sys.argv = words[1:]
                code = _run_file(words[1])
        assert not code, f'{shlex.join(words)} ended with {code}'
        return output.getvalue()

    def _run_process(self, words: List[str]) -> str:
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=script_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True)
        assert done.returncode == 0, done.stdout[-5000:]
        return done.stdout


def _config_of(text: str) -> str:
    found = re.search(r'configs/\w[\w./-]*\.py|mine\.py', text)
    return found[0] if found else 'configs/fusionreid_market.py'


def _run_file(path: str) -> Any:
    """Run a tool; its exit status."""
    folder, name = str(Path(path).parent.resolve()), Path(path).stem
    with mock.patch.object(sys, 'path', [folder, *sys.path]):
        try:
            if name in ('benchmark_evaluation', 'benchmark_reranking'):
                _benchmark(name)
            else:
                runpy.run_path(path, run_name='__main__')
        except SystemExit as stop:
            return stop.code
    return None


def _benchmark(name: str) -> None:
    """With a hundredth of the images."""
    scales = importlib.import_module('benchmark_evaluation').SCALES
    small = {
        scale:
        sizes._replace(
            **{
                field: size // 100
                for field, size in sizes._asdict().items()
                if field != 'cameras'
            })
        for scale, sizes in scales.items()
    }
    with mock.patch.dict(scales, small):
        importlib.import_module(name).main()


def _fill(folder: Path) -> None:
    """Make what the documents take for granted."""
    folder.mkdir()
    (folder / 'tools').symlink_to(ROOT / 'tools')
    _write_configs(folder / 'configs')
    data = folder / 'data'
    make_synthetic_reid(
        data / 'market1501',
        'market1501_500k',
        num_distractors=_NUM_DISTRACTORS,
        **_SMALL)
    for name, layout in (('synthetic', 'market1501'), ('msmt17', 'msmt17')):
        make_synthetic_reid(data / name, layout, **_SMALL)
    # A folder for each person, without roles.
    make_synthetic_reid(data / 'folders', 'folder', **_SMALL)
    (data / 'folders' / 'train').rename(data / 'mine')
    images = sorted((data / 'market1501' / 'query').iterdir())
    for name, image in zip(('query.jpg', 'gallery.jpg'), images):
        shutil.copy(image, folder / name)


def _write_configs(folder: Path) -> None:
    shutil.copytree(ROOT / 'configs', folder)
    for path in folder.rglob('*.py'):
        text = path.read_text(encoding='utf-8')
        for large, small in _SMALLER:
            text = re.sub(large, small, text)
        path.write_text(text, encoding='utf-8')
    models = folder / '_base_/models/fusionreid_r50_vit-b16.py'
    models.write_text(models.read_text(encoding='utf-8') + _SMALL_NETWORKS)
