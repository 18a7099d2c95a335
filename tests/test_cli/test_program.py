"""The program ``fusionreid`` itself."""
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.galleries import NamedModel
from helpers.golden import ROOT

from fusionreid_mm.apis import Gallery
from fusionreid_mm.cli import aliases, main
from fusionreid_mm.version import __version__


def run_program(*arguments, **options) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, *arguments],
                          text=True,
                          capture_output=True,
                          env=dict(os.environ, PYTHONPATH=str(ROOT)),
                          **options)


@pytest.fixture
def script(tmp_path):
    """The command as pip writes it, which tells what it has imported."""
    path = tmp_path / 'fusionreid'
    path.write_text('import atexit, sys\n'
                    'atexit.register(lambda: print(*sys.modules,'
                    ' file=sys.stderr))\n'
                    'from fusionreid_mm.cli import main\nsys.exit(main())\n')
    return path


@pytest.mark.parametrize('arguments',
                         [['--help'], ['index', '--help'], ['--version']])
def test_help_is_there_at_once(script, arguments):
    """Without importing what takes its time."""
    done = run_program(script, *arguments)
    assert done.returncode == 0
    assert done.stdout.startswith(
        ('usage: fusionreid', f'fusionreid_mm {__version__}'))
    imported = set(done.stderr.split())
    assert 'fusionreid_mm.cli.commands.index' in imported
    assert not imported & {'torch', 'mmengine', 'pymilvus', 'numpy', 'cv2'}


def test_the_module_is_the_same(script):
    expected = run_program(script, '--help')
    done = run_program('-X', 'importtime', '-m', 'fusionreid_mm', '--help')
    assert done.stdout == expected.stdout
    assert 'numpy' not in done.stderr


def test_programs_that_use_the_package_are_no_command(tmp_path):
    other = tmp_path / 'other.py'
    other.write_text('import sys\nimport fusionreid_mm\n'
                     'print("mmengine" in sys.modules)')
    assert run_program(other).stdout == 'True\n'


def test_commands_are_explained(capsys):
    with pytest.raises(SystemExit) as exit_:
        main(['--help'])
    assert exit_.value.code == 0
    text = capsys.readouterr().out
    for name in ('index', 'search', 'list', 'delete', 'train', 'test'):
        assert re.search(rf'^    {name} +\w', text, re.MULTILINE)
    for arguments in ([], ['find'], ['search', '--gallery', 'a.db'],
                      ['index', 'x'], ['index', 'x',
                                       '--gallery'], ['--debug', 'train']):
        with pytest.raises(SystemExit) as exit_:
            main(arguments)
        assert exit_.value.code == 2


def test_errors_have_no_traceback_unless_asked_for(capsys, tmp_path):
    arguments = ['list', '--gallery', str(tmp_path / 'no.db')]
    assert main(arguments) == 1
    output = capsys.readouterr()
    assert output.out == ''
    assert output.err == \
        f'fusionreid: error: there is no gallery {tmp_path / "no.db"}\n'
    with pytest.raises(FileNotFoundError):
        main(['--debug', *arguments])


def test_errors_of_milvus_have_no_traceback(tmp_path):
    """In a process of its own, which has not imported Milvus before."""
    path = tmp_path / 'people.db'
    Gallery(str(path), NamedModel()).close()
    for manifest in path.rglob('manifest.json*'):
        manifest.write_text('')
    arguments = ['-m', 'fusionreid_mm', 'list', '--gallery', path]
    process = run_program(*arguments)
    assert process.returncode == 1 and process.stdout == ''
    assert 'Traceback' not in process.stderr
    last = process.stderr.splitlines()[-1]
    assert last.startswith('fusionreid: error: ') and 'manifest.json' in last


def test_errors_of_the_program_are_not_hidden(monkeypatch):
    from fusionreid_mm.cli.commands import list as command

    def fail(args) -> None:
        raise KeyError('a mistake')

    monkeypatch.setattr(command, 'run', fail)
    with pytest.raises(KeyError):
        main(['list'])


def test_interrupted(monkeypatch):
    from fusionreid_mm.cli.commands import list as command

    def interrupt(args) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, 'run', interrupt)
    assert main(['list']) == 130


def test_a_reader_that_has_enough():
    done = subprocess.run(
        f'{sys.executable} -m fusionreid_mm list | head -n 1',
        shell=True,
        text=True,
        capture_output=True,
        env=dict(os.environ, PYTHONPATH=str(ROOT)))
    assert len(done.stdout.splitlines()) == 1
    assert 'BrokenPipe' not in done.stderr


def test_an_alias_is_the_tool():
    done = run_program('-m', 'fusionreid_mm', 'test', '--launcher', 'nobody')
    assert done.returncode == 2
    assert done.stderr.startswith('usage: test.py [-h]')
    assert "'nobody'" in done.stderr


@pytest.mark.parametrize('name', ['train', 'test'])
def test_aliases_pass_on_all_arguments(monkeypatch, name):
    started = []
    monkeypatch.setattr(os, 'execv', lambda *args: started.append(args))
    arguments = ['x.py', '--help', '--gallery', '-x=1', '--', 'y z', '']
    main([name, *arguments])
    tool = str(ROOT / 'tools' / f'{name}.py')
    assert started == [(sys.executable, [sys.executable, tool, *arguments])]


def test_tools_of_an_installed_package(monkeypatch, tmp_path, capsys):
    package = tmp_path / 'site-packages' / 'fusionreid_mm'
    (package / '.mim' / 'tools').mkdir(parents=True)
    # Of somebody else.
    (package.parent / 'tools').mkdir()
    (package.parent / 'tools' / 'train.py').write_text('')
    monkeypatch.setattr(aliases.fusionreid_mm, '__file__',
                        str(package / '__init__.py'))
    assert aliases.find_tools() == package / '.mim' / 'tools'
    assert main(['train', 'x.py']) == 1
    assert 'there is no' in capsys.readouterr().err
    assert aliases.find_tools() != ROOT / 'tools'


def test_tools_of_a_checkout():
    assert aliases.find_tools() == Path(ROOT) / 'tools'
