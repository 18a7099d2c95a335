"""The window of versions stands in requirements/, and all else follows it."""
import os
import platform
import re
import shutil
import subprocess
import sys
from importlib import metadata

from helpers.environments import run
from helpers.golden import ROOT
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet


def lines_of(name: str) -> list:
    text = (ROOT / 'requirements' / name).read_text(encoding='utf-8')
    return [line for line in text.splitlines() if line[:1] not in ('', '#')]


def window(*names: str) -> dict:
    """The versions of each library that may not be of any."""
    requirements = [
        Requirement(line) for name in names for line in lines_of(name)
    ]
    return {
        requirement.name: requirement.specifier
        for requirement in requirements if requirement.specifier
    }


def test_the_documents_say_the_same():
    text = (ROOT /
            'docs/get_started/installation.md').read_text(encoding='utf-8')
    rows = re.findall(r'^\| `([\w-]+)` \| `(.*)` \|$', text, re.MULTILINE)
    table = {name: SpecifierSet(versions) for name, versions in rows}
    python, = lines_of('python.txt')
    assert table.pop('python') == SpecifierSet(python)
    assert table == window('runtime.txt', 'mminstall.txt', 'onedl.txt',
                           'gallery.txt', 'web.txt', 'deploy.txt')

    low, high = re.findall(r'3\.(\d+)', python)
    readme = (ROOT / 'README.md').read_text(encoding='utf-8')
    assert f'Python 3.{low} to 3.{int(high) - 1}' in readme
    setup_cfg = (ROOT / 'setup.cfg').read_text(encoding='utf-8')
    assert f'python_version = 3.{low}\n' in setup_cfg


def test_this_environment_is_inside():
    python, = lines_of('python.txt')
    assert platform.python_version() in SpecifierSet(python)
    missing = set()
    for name, versions in window('runtime.txt', 'mminstall.txt',
                                 'onedl.txt').items():
        try:
            assert metadata.version(name) in versions, name
        except metadata.PackageNotFoundError:
            missing.add(name)
    # One of the families, whole.
    assert missing in (set(window('mminstall.txt')), set(window('onedl.txt')))


def test_the_oldest_stack_is_the_lower_bounds():
    script = (ROOT / 'tools/install.sh').read_text(encoding='utf-8')
    function = re.search(r'^lower_bounds\(\) {.*?^}', script,
                         re.MULTILINE | re.DOTALL).group()
    pins = run('bash', '-c', f'ROOT={ROOT}\n{function}\nlower_bounds')
    bounds = window('runtime.txt', 'mminstall.txt')
    assert len(pins.splitlines()) == len(bounds)
    for pin in map(Requirement, pins.splitlines()):
        (exact, ) = pin.specifier
        assert f'>={exact.version}' in str(bounds[pin.name])


def refuse(script, **environment) -> str:
    """What ``install.sh`` says when it stops."""
    done = subprocess.run(['bash', str(script)],
                          stderr=subprocess.PIPE,
                          text=True,
                          env={
                              **os.environ,
                              **environment
                          })
    assert done.returncode == 1
    return done.stderr


def test_another_python_is_refused(tmp_path):
    (tmp_path / 'tools').mkdir()
    script = shutil.copy(ROOT / 'tools/install.sh', tmp_path / 'tools')
    requirements = shutil.copytree(ROOT / 'requirements',
                                   tmp_path / 'requirements')
    (requirements / 'python.txt').write_text('# Python\n>=3.98,<3.99\n')
    message = refuse(script, PYTHON3=sys.executable, VENV=str(tmp_path / 'no'))
    assert 'fusionreid_mm needs Python >=3.98,<3.99, but' in message
    assert f'is Python {platform.python_version()}' in message


def test_a_stack_that_is_not_there():
    message = refuse(ROOT / 'tools/install.sh', STACK='newer')
    assert 'default, oldest, newest and onedl are' in message
