import pytest
from helpers.golden import ROOT
from helpers.tools import run_inline

from fusionreid_mm.engine.command_line import load_config

TOOL = 'misc/print_config.py'


@pytest.mark.parametrize('name', [
    'fusionreid_market.py', 'fusionreid_msmt17_384x128.py',
    'ablations/fusionreid_joint-transformer_msmt17.py',
    'fusionreid_tiny_synthetic.py'
])
def test_what_is_printed_is_the_config(name, tmp_path, monkeypatch, capsys):
    config = ROOT / 'configs' / name
    run_inline(monkeypatch, TOOL, config)
    text = capsys.readouterr().out
    assert '_base_ =' not in text
    (tmp_path / 'printed.py').write_text(text)
    printed = load_config(str(tmp_path / 'printed.py'))
    assert printed.to_dict() == load_config(str(config)).to_dict()
    # Lists and strings are what they were, too.
    run_inline(monkeypatch, TOOL, tmp_path / 'printed.py')
    assert capsys.readouterr().out == text


def test_overridden_values(config, tmp_path, monkeypatch, capsys):
    run_inline(monkeypatch, TOOL, config, '--cfg-options',
               'train_cfg.max_epochs=7', 'test_evaluator.ranks=[1,3]',
               'model.neck=None')
    text = capsys.readouterr().out
    (tmp_path / 'printed.py').write_text(text)
    printed = load_config(str(tmp_path / 'printed.py'))
    assert printed.train_cfg.max_epochs == 7
    assert printed.test_evaluator.ranks == [1, 3]
    assert printed.model.neck is None
    # Of the config itself, and of what it inherits.
    assert printed.model.head.num_classes == 8
    assert printed.default_hooks.checkpoint.save_best == 'reid/mAP'


def test_wrong_arguments(config, monkeypatch):
    with pytest.raises(FileNotFoundError, match="no config file 'absent.py'"):
        run_inline(monkeypatch, TOOL, 'absent.py')
    with pytest.raises(ValueError, match='optim_wraper.*optim_wrapper'):
        run_inline(monkeypatch, TOOL, config, '--cfg-options',
                   'optim_wraper.type=OptimWrapper')
