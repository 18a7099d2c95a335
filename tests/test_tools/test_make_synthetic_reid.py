"""The command as users run it, on a small plan."""
import json

import cv2
import pytest
from helpers.tools import run_inline, run_process

TOOL = 'dataset_converters/make_synthetic_reid.py'
SMALL = ('--train-pids', '2', '--test-pids', '3', '--cameras', '2',
         '--images-per-camera', '2', '--distractors', '3', '--junk', '2',
         '--workers', '2')


@pytest.fixture(scope='module')
def drawn(tmp_path_factory):
    """A dataset, its contact sheet, and what the command printed."""
    root = tmp_path_factory.mktemp('drawn') / 'market'
    sheet = root.parent / 'pictures' / 'sheet.jpg'
    return root, sheet, run_process(TOOL, root, *SMALL, '--sheet', sheet)


def modification_times(root):
    return {path: path.stat().st_mtime_ns for path in root.rglob('*')}


def test_it_draws_and_tells_what_it_drew(drawn):
    root, _, output = drawn
    info = json.loads((root / 'dataset_info.json').read_text())
    assert info['counts'] == {
        'train': {
            'pids': 2,
            'images': 8
        },
        'query': {
            'pids': 3,
            'images': 6
        },
        'gallery': {
            'pids': 4,
            'images': 9
        },
    }
    assert len(list((root / 'bounding_box_test').iterdir())) == 9 + 2
    lines = output.splitlines()
    assert lines[0] == '25/25 images (100 %), 0 s left'
    words = [line.split() for line in lines]
    assert ['gallery', '4', 'people', '9', 'images'] in words
    assert lines[-1].endswith(str(root))


def test_the_sheet_has_people_and_cameras(drawn):
    _, sheet, output = drawn
    assert f'contact sheet: {sheet}' in output
    height, width = cv2.imread(str(sheet)).shape[:2]
    assert height > 3 * 128
    assert width > 2 * 2 * 64


def test_the_same_command_again_does_nothing(monkeypatch, capsys, drawn):
    root, sheet, _ = drawn
    before = modification_times(root)
    run_inline(monkeypatch, TOOL, root, *SMALL, '--sheet', sheet)
    output = capsys.readouterr().out
    assert f'{root} already holds exactly this dataset' in output
    assert modification_times(root) == before


def test_another_dataset_is_not_written_over_it(monkeypatch, drawn):
    root, _, _ = drawn
    before = modification_times(root)
    with pytest.raises(SystemExit) as stop:
        run_inline(monkeypatch, TOOL, root, *SMALL, '--seed', 1)
    message = str(stop.value)
    assert message.startswith(f'error: {root} holds a synthetic dataset')
    assert 'seed 0 there, 1 wanted' in message
    assert '--overwrite' in message
    assert modification_times(root) == before


def test_overwrite_replaces_a_dataset(monkeypatch, capsys, tmp_path):
    run_inline(monkeypatch, TOOL, tmp_path, *SMALL)
    run_inline(monkeypatch, TOOL, tmp_path, *SMALL, '--layout', 'dukemtmc',
               '--junk', 0, '--overwrite')
    assert 'dukemtmc dataset, difficulty' in capsys.readouterr().out
    info = json.loads((tmp_path / 'dataset_info.json').read_text())
    assert info['layout'] == 'dukemtmc'
    assert not list(tmp_path.rglob('*_c1s*.jpg'))


def test_a_file_that_is_no_sheet_of_ours_is_not_written_over(
        monkeypatch, drawn, tmp_path):
    photo = tmp_path / 'holiday.jpg'
    photo.write_bytes(b'mine')
    for root in (tmp_path / 'new', drawn[0]):
        with pytest.raises(SystemExit, match=f'error: --sheet {photo} exists'):
            run_inline(monkeypatch, TOOL, root, *SMALL, '--sheet', photo)
    assert photo.read_bytes() == b'mine'
    assert not (tmp_path / 'new').exists()


def test_ctrl_c_tells_how_to_go_on(monkeypatch, tmp_path):

    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr('fusionreid_mm.datasets.synthetic.make_synthetic_reid',
                        interrupt)
    with pytest.raises(SystemExit, match='the same command again'):
        run_inline(monkeypatch, TOOL, tmp_path / 'out')


@pytest.mark.parametrize('option, value, message', [
    ('--cameras', 12, '--cameras must be a whole number from 2 to 9 in the '
     'layout market1501, got 12'),
    ('--difficulty', 2,
     '--difficulty must be a number from 0.0 to 1.0, got 2.0'),
    ('--workers', 0, '--workers must be 1 or more, got 0'),
    ('--sheet', 'sheet.gif',
     '--sheet must end in .jpg or .png, got sheet.gif'),
    ('--layout', 'cuhk', "argument --layout: invalid choice: 'cuhk'"),
    ('--seed', 'x', "argument --seed: invalid int value: 'x'"),
])
def test_a_bad_value_is_told_by_the_name_of_its_option(monkeypatch, capsys,
                                                       tmp_path, option, value,
                                                       message):
    with pytest.raises(SystemExit):
        run_inline(monkeypatch, TOOL, tmp_path / 'out', option, value)
    assert message in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


def test_help_explains_each_option(monkeypatch, capsys):
    with pytest.raises(SystemExit):
        run_inline(monkeypatch, TOOL, '--help')
    text = capsys.readouterr().out
    for option in ('--layout', '--seed', '--difficulty', '--train-pids',
                   '--test-pids', '--cameras', '--images-per-camera',
                   '--distractors', '--junk', '--workers', '--sheet',
                   '--overwrite'):
        assert option in text
    assert text.count('(default:') == 10
