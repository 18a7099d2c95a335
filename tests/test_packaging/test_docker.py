"""What can be known of docker/Dockerfile without Docker."""
import fnmatch
import re
import shlex

import pytest
from helpers.golden import ROOT
from packaging.requirements import Requirement

DOCKERFILE = (ROOT / 'docker/Dockerfile').read_text(encoding='utf-8')


def instructions() -> list:
    """``(instruction, arguments)``, with lines joined."""
    text = re.sub(r'^#.*\n', '', DOCKERFILE, flags=re.MULTILINE)
    lines = text.replace('\\\n', ' ').splitlines()
    return [tuple(line.split(None, 1)) for line in lines if line.strip()]


def of_kind(kind: str) -> list:
    return [arguments for name, arguments in instructions() if name == kind]


def stage(name: str) -> list:
    """Of one image, without the one that it begins with."""
    found = []
    inside = False
    for kind, arguments in instructions():
        if kind == 'FROM':
            inside = arguments.endswith(f' AS {name}')
        elif inside:
            found.append((kind, arguments))
    assert found, name
    return found


def is_ignored(path: str) -> bool:
    """By .dockerignore: the last line that matches decides."""
    ignored = False
    for line in (ROOT / '.dockerignore').read_text().splitlines():
        if line and not line.startswith('#'):
            pattern = line.lstrip('!')
            parents = [path, *_parents(path)]
            names = [part.rpartition('/')[2] for part in parents]
            if any(fnmatch.fnmatchcase(part, pattern) for part in parents) \
                    or (pattern.startswith('**/') and any(
                        fnmatch.fnmatchcase(name, pattern[3:])
                        for name in names)):
                ignored = not line.startswith('!')
    return ignored


def _parents(path: str) -> list:
    parts = path.split('/')
    return ['/'.join(parts[:i]) for i in range(1, len(parts))]


def test_what_is_copied_is_there():
    copied = [
        source for line in of_kind('COPY') for source in line.split()[:-1]
    ]
    assert 'fusionreid_mm' in copied and 'setup.py' in copied
    for source in copied:
        assert (ROOT / source).exists(), source
        assert not is_ignored(source), source
    # All that setup.py reads.
    for name in ('README.md', 'requirements', 'configs', 'tools',
                 'model-index.yml', 'MANIFEST.in'):
        assert name in copied, name


def test_what_is_left_out():
    for path in ('.git/config', 'work_dirs/a.pth', 'data/market1501/a.jpg',
                 'fusionreid_mm/.mim/configs/a.py',
                 'fusionreid_mm/__pycache__/a.pyc', '.venv/bin/python',
                 'tests/conftest.py'):
        assert is_ignored(path), path
    for path in ('fusionreid_mm/apis/model.py', 'configs/fusionreid_duke.py',
                 'requirements/runtime.txt'):
        assert not is_ignored(path), path


@pytest.mark.parametrize('target', ['exported', 'full'])
def test_nothing_runs_as_root(target):
    kinds = [kind for kind, _ in stage(target)]
    assert dict(stage(target))['USER'] == 'fusionreid'
    # Not before everything is installed.
    assert kinds.index('USER') > max(i for i, kind in enumerate(kinds)
                                     if kind == 'RUN')
    created, = [line for line in of_kind('RUN') if 'useradd' in line]
    assert 'fusionreid' in shlex.split(created)


def test_the_extras_exist():
    setup = (ROOT / 'setup.py').read_text(encoding='utf-8')
    names, = [
        line.partition('=')[2] for line in of_kind('ARG')
        if line.startswith('EXTRAS=')
    ]
    for name in names.split(','):
        assert f"'{name}'" in setup, name
        assert (ROOT / f'requirements/{name}.txt').is_file()


def test_the_python_is_one_of_those_supported():
    version, = [
        line.partition('=')[2] for line in of_kind('ARG')
        if line.startswith('PYTHON=')
    ]
    text = (ROOT / 'requirements/python.txt').read_text()
    window, = [line for line in text.splitlines() if line[:1] in '<>']
    assert f'{version}.0' in Requirement(f'python{window}').specifier


def test_the_packages_without_pytorch_are_those_of_the_test():
    """tests/test_deployment/test_without_mmengine.py installs them."""
    test = ROOT / 'tests/test_deployment/test_without_mmengine.py'
    needed = re.search(r'^NEEDED = \((.*?)\)', test.read_text(),
                       re.MULTILINE | re.DOTALL)[1]
    command = dict(stage('exported'))['RUN']
    first = command.partition('&&')[0].split()
    assert first[:2] == ['pip', 'install']
    assert first[2:] == re.findall(r"'([\w-]+)'", needed)
