import json
from pathlib import Path

import pytest

from fusionreid_mm.datasets.synthetic import DatasetSettings, OutputFolderError
from fusionreid_mm.datasets.synthetic.output_folder import OutputFolder
from fusionreid_mm.datasets.synthetic.plan import plan_dataset

SETTINGS = DatasetSettings(
    num_train_pids=1,
    num_test_pids=1,
    num_cameras=2,
    images_per_camera=2,
    num_distractors=0,
    num_junk=0)
OTHER = DatasetSettings(
    'msmt17',
    num_train_pids=1,
    num_test_pids=2,
    num_cameras=2,
    images_per_camera=2)


def folder_at(root, settings=SETTINGS):
    return OutputFolder(root, settings, plan_dataset(settings))


def fill(folder):
    """Write files in the place of the pictures."""
    for picture in folder.plan.pictures:
        (folder.root / picture.path).write_bytes(b'picture')


def complete(root, settings=SETTINGS):
    folder = folder_at(root, settings)
    folder.claim(overwrite=False)
    fill(folder)
    folder.finish()
    return folder


def files_in(root):
    return sorted(
        path.relative_to(root).as_posix() for path in root.rglob('*')
        if path.is_file())


def test_a_finished_dataset_is_found_again(tmp_path):
    root = tmp_path / 'new' / 'folder'
    assert folder_at(root).finished_info() is None
    complete(root)
    info = folder_at(root).finished_info()
    assert info == json.loads((root / 'dataset_info.json').read_text())
    assert info['generator'] == 'fusionreid_mm synthetic'
    assert info['format_version'] == 1
    assert info['num_cameras'] == 2
    assert info['counts']['query'] == {'pids': 1, 'images': 2}
    assert DatasetSettings(**{name: info[name]
                              for name in SETTINGS.as_dict()}) == SETTINGS


def test_a_dataset_of_other_settings_is_not_this_one(tmp_path):
    complete(tmp_path)
    assert folder_at(tmp_path, OTHER).finished_info() is None


def test_a_dataset_with_a_lost_picture_is_not_finished(tmp_path):
    folder = complete(tmp_path)
    (tmp_path / folder.plan.pictures[3].path).unlink()
    assert folder.finished_info() is None


def test_an_interrupted_run_is_not_finished_and_makes_room(tmp_path):
    folder = folder_at(tmp_path)
    folder.claim(overwrite=False)
    fill(folder)
    assert folder.finished_info() is None
    again = folder_at(tmp_path)
    again.claim(overwrite=False)
    assert files_in(tmp_path) == ['dataset_incomplete.json']
    fill(again)
    again.finish()
    assert again.finished_info() is not None
    assert 'dataset_incomplete.json' not in files_in(tmp_path)


@pytest.mark.parametrize('finished', [True, False])
def test_other_settings_need_permission(tmp_path, finished):
    folder = folder_at(tmp_path)
    folder.claim(overwrite=False)
    fill(folder)
    if finished:
        folder.finish()
    before = files_in(tmp_path)
    with pytest.raises(OutputFolderError) as error:
        folder_at(tmp_path, OTHER).claim(overwrite=False)
    assert str(tmp_path) in str(error.value)
    assert "layout 'market1501' there, 'msmt17' wanted" in str(error.value)
    assert '--overwrite' in str(error.value)
    assert files_in(tmp_path) == before


def test_overwriting_leaves_nothing_of_the_old_dataset(tmp_path):
    complete(tmp_path)
    folder = folder_at(tmp_path, OTHER)
    folder.claim(overwrite=True)
    assert files_in(tmp_path) == ['dataset_incomplete.json']
    assert not (tmp_path / 'query').exists()
    fill(folder)
    folder.finish()
    assert set(files_in(tmp_path)) == {*folder.plan.paths, 'dataset_info.json'}


def test_overwriting_spares_a_note_beside_the_dataset(tmp_path):
    complete(tmp_path)
    (tmp_path / 'notes.txt').write_text('mine')
    folder_at(tmp_path, OTHER).claim(overwrite=True)
    assert (tmp_path / 'notes.txt').read_text() == 'mine'


@pytest.mark.parametrize('wanted, foreign', [
    (SETTINGS, 'query/mine.jpg'),
    (OTHER, 'query/mine.jpg'),
    (OTHER, 'train/0000/mine.jpg'),
    (OTHER, 'list_query.txt'),
])
def test_a_foreign_file_among_ours_stops_everything(tmp_path, wanted, foreign):
    """It would become a part of the dataset, or be overwritten."""
    folder = folder_at(tmp_path)
    folder.claim(overwrite=False)
    fill(folder)
    (tmp_path / foreign).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / foreign).write_bytes(b'mine')
    before = files_in(tmp_path)
    with pytest.raises(OutputFolderError) as error:
        folder_at(tmp_path, wanted).claim(overwrite=True)
    assert f'{tmp_path} holds files' in str(error.value)
    assert f'({foreign})' in str(error.value)
    assert 'nothing was changed' in str(error.value)
    assert files_in(tmp_path) == before


@pytest.mark.parametrize('overwrite', [True, False])
def test_a_folder_of_somebody_else_is_never_touched(tmp_path, overwrite):
    (tmp_path / 'thesis').mkdir()
    (tmp_path / 'thesis' / 'chapter.tex').write_text('mine')
    (tmp_path / 'a.txt').write_text('mine')
    with pytest.raises(OutputFolderError) as error:
        folder_at(tmp_path).claim(overwrite)
    assert str(tmp_path) in str(error.value)
    assert 'a.txt and 1 more' in str(error.value)
    assert files_in(tmp_path) == ['a.txt', 'thesis/chapter.tex']


def test_an_empty_folder_is_taken(tmp_path):
    folder_at(tmp_path).claim(overwrite=False)
    assert files_in(tmp_path) == ['dataset_incomplete.json']


@pytest.mark.parametrize('text', [
    '{"generator": "fusionreid_mm synthetic", "format_version": 2}',
    '{"generator": "something else", "format_version": 1}', '{"counts": {}}',
    'not json', '[]'
])
def test_an_info_that_cannot_be_understood_is_left_alone(tmp_path, text):
    (tmp_path / 'dataset_info.json').write_text(text)
    with pytest.raises(OutputFolderError, match='dataset_info.json was not'):
        folder_at(tmp_path).claim(overwrite=True)
    assert (tmp_path / 'dataset_info.json').read_text() == text


def test_a_file_is_not_a_folder(tmp_path):
    path = Path(tmp_path / 'out')
    path.write_text('mine')
    with pytest.raises(OutputFolderError, match='is a file: name a folder'):
        folder_at(path).claim(overwrite=True)
    assert path.read_text() == 'mine'
