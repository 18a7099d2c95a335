import pytest
import torch
from helpers import golden
from helpers.tools import run_inline, run_process
from mmengine.config import Config
from mmengine.registry import init_default_scope

from fusionreid_mm.engine.checkpoint import map_official_names
from fusionreid_mm.registry import MODELS

TOOL = 'model_converters/official_to_fusionreid_mm.py'
CONFIG = golden.ROOT / 'configs/fusionreid_tiny_synthetic.py'


@pytest.fixture
def released() -> dict:
    """A state dict of the tiny model under the names of the released code,
    which are those of the full one."""
    init_default_scope('fusionreid_mm')
    model = MODELS.build(Config.fromfile(CONFIG).model)
    ours = model.state_dict()
    meta, _ = golden.load_case('case02_vitb_res50_l2_share0')
    names = map_official_names((name for name, _ in meta['state_dict']), model)
    state_dict = {
        official: torch.rand(ours[name].shape).to(ours[name].dtype)
        for official, name in names.items() if name in ours
    }
    assert len(state_dict) == len(ours)
    # What the released ViT carries along unused.
    state_dict['transformer.base.fc.weight'] = torch.zeros(1000, 96)
    state_dict['transformer.base.fc.bias'] = torch.zeros(1000)
    return state_dict


def test_converts(released, tmp_path):
    torch.save(released, tmp_path / 'released.pth')
    target = tmp_path / 'new' / 'ours.pth'
    output = run_process(TOOL, CONFIG, tmp_path / 'released.pth', target)
    assert f'{len(released) - 2} entries written' in output
    state_dict = torch.load(target, weights_only=True)['state_dict']
    torch.testing.assert_close(
        state_dict['neck.htms.1.units.1.1.attn.query.weight'],
        released['HTM.blocks.1.MFU_FORMER.blocks.0.attn.q.weight'])
    MODELS.build(Config.fromfile(CONFIG).model).load_state_dict(state_dict)


def test_options_choose_the_model(released, tmp_path, monkeypatch):
    """The released default has two SEUs in each HTM."""
    for name in [name for name in released if '.SEU.' in name]:
        value = released.pop(name)
        released[name.replace('.SEU.', '.SEU1.')] = value
        released[name.replace('.SEU.', '.SEU2.')] = value
    source, target = tmp_path / 'released.pth', tmp_path / 'ours.pth'
    torch.save(dict(state_dict=released), source)
    with pytest.raises(ValueError, match=r'left over: HTM\.blocks\.0\.SEU2'):
        run_inline(monkeypatch, TOOL, CONFIG, source, target)
    assert not target.exists()
    run_inline(monkeypatch, TOOL, CONFIG, source, target, '--cfg-options',
               'model.neck.share_seu=False')
    assert target.exists()


def test_two_entries_for_one(released, tmp_path, monkeypatch):
    """A shared SEU and a first of two are the same entry of ours."""
    for name in [name for name in released if '.SEU.' in name]:
        zeros = torch.zeros_like(released[name])
        released[name.replace('.SEU.', '.SEU1.')] = zeros
    torch.save(released, tmp_path / 'released.pth')
    with pytest.raises(ValueError, match=r'twice: .*\.SEU\..* and .*SEU1'):
        run_inline(monkeypatch, TOOL, CONFIG, tmp_path / 'released.pth',
                   tmp_path / 'ours.pth')


def test_nothing_is_overwritten(released, tmp_path, monkeypatch, capsys):
    source, target = tmp_path / 'released.pth', tmp_path / 'ours.pth'
    torch.save(released, source)
    target.write_text('precious')
    with pytest.raises(SystemExit):
        run_inline(monkeypatch, TOOL, CONFIG, source, target)
    assert 'exists already' in capsys.readouterr().err
    assert target.read_text() == 'precious'
    with pytest.raises(SystemExit):
        run_inline(monkeypatch, TOOL, CONFIG, tmp_path / 'no.pth', target)
    assert 'there is no file' in capsys.readouterr().err
