import subprocess
import sys

import pytest
from helpers.golden import ROOT
from helpers.tools import TOOLS, run_inline


def run(monkeypatch, capsys, *args):
    """Exit code and output."""
    with pytest.raises(SystemExit) as ended:
        run_inline(monkeypatch, 'misc/doctor.py', *args)
    return int(ended.value.code), capsys.readouterr().out


def test_a_healthy_config(config, monkeypatch, capsys, tmp_path):
    code, output = run(monkeypatch, capsys, config, '--work-dir', tmp_path)
    assert code == 0
    assert '\n0 problems, ' in output
    assert 'ok       fit               model, data, batches' in output
    assert not list(tmp_path.iterdir())


def test_an_ill_one(config, monkeypatch, capsys):
    code, output = run(monkeypatch, capsys, config, '--images', '3',
                       '--cfg-options', 'model.head.num_classes=7',
                       'load_from=absent.pth')
    assert code == 1
    assert '\n2 problems, ' in output
    assert 'problem  num_classes       ' in output
    assert '\n' + ' ' * 27 + '-> Set load_from to ' in output
    assert '3 images decoded' in output


@pytest.mark.parametrize('option', ['model.nek.num_layers=1', 'work_dri=a'])
def test_a_config_that_cannot_be_read(config, monkeypatch, capsys, option):
    code, output = run(monkeypatch, capsys, config, '--cfg-options', option)
    assert code == 1
    assert output.startswith('problem  config            ValueError: ')


def test_data_that_is_not_there(monkeypatch, capsys):
    code, output = run(monkeypatch, capsys,
                       ROOT / 'configs/fusionreid_tiny_synthetic.py',
                       '--cfg-options',
                       'train_dataloader.dataset.data_root=nowhere',
                       'val_dataloader.dataset.data_root=nowhere',
                       'test_dataloader.dataset.data_root=nowhere')
    assert code == 1
    assert 'Market1501 was not found' in output
    assert 'set data_root to its folder' in output


def test_as_a_process(config):
    done = subprocess.run(
        [sys.executable, TOOLS / 'misc/doctor.py', config, '--images', 'all'],
        capture_output=True,
        text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not done.stderr
