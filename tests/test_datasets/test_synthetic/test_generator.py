import json
import re

import cv2
import pytest

from fusionreid_mm.datasets import (CUHK03NP, MSMT17, CSVReIDDataset,
                                    DukeMTMCreID, FolderReIDDataset,
                                    Market1501, Market1501Plus500k,
                                    OccludedDuke, VehicleID, VeRi776,
                                    collect_annotations)
from fusionreid_mm.datasets.protocol import check_queries, check_roles
from fusionreid_mm.datasets.synthetic import (DatasetSettings,
                                              OutputFolderError, SettingError,
                                              find_dataset,
                                              make_synthetic_reid)

SMALL = dict(
    num_train_pids=3, num_test_pids=4, num_cameras=3, images_per_camera=2)
TINY = dict(
    num_train_pids=2, num_test_pids=1, num_cameras=2, images_per_camera=2)
MARKET_NAME = re.compile(r'([-\d]+)_c(\d)')


def contents(root):
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob('*') if path.is_file()
    }


def read_market(folder):
    """(pid, camera) of all images in a folder but junk, as readers do it."""
    names = [MARKET_NAME.search(path.name) for path in folder.glob('*.jpg')]
    found = [(int(name[1]), int(name[2]) - 1) for name in names]
    return [(pid, camera) for pid, camera in found if pid != -1]


def read_msmt(root, folder, *lists):
    """(pid, camera) of all images in some lists; the files must be there."""
    found = []
    for name in lists:
        for line in (root / name).read_text().splitlines():
            path, pid = line.split(' ')
            assert (root / folder / path).is_file()
            found.append((int(pid), int(path.split('_')[2]) - 1))
    return found


def read(root, layout):
    if layout in ('market1501', 'dukemtmc'):
        return {
            'train': read_market(root / 'bounding_box_train'),
            'query': read_market(root / 'query'),
            'gallery': read_market(root / 'bounding_box_test'),
        }
    train, test = {
        'msmt17': ('train', 'test'),
        'msmt17_v2': ('mask_train_v2', 'mask_test_v2')
    }[layout]
    return {
        'train': read_msmt(root, train, 'list_train.txt', 'list_val.txt'),
        'query': read_msmt(root, test, 'list_query.txt'),
        'gallery': read_msmt(root, test, 'list_gallery.txt'),
    }


@pytest.mark.parametrize('layout',
                         ['market1501', 'dukemtmc', 'msmt17', 'msmt17_v2'])
def test_a_reader_finds_what_the_info_says(dataset, layout):
    root = dataset(layout)
    info = json.loads((root / 'dataset_info.json').read_text())
    parts = read(root, layout)
    assert info['counts'] == {
        part: {
            'pids': len({pid
                         for pid, _ in images}),
            'images': len(images)
        }
        for part, images in parts.items()
    }
    for pid, camera in parts['query']:
        assert any(p == pid and c != camera for p, c in parts['gallery'])
    assert {camera for _, camera in parts['train']} == {0, 1, 2}
    on_disk = len(list(root.rglob('*.jpg')))
    assert on_disk == info['num_junk'] + sum(
        part['images'] for part in info['counts'].values())


@pytest.mark.parametrize('layout, reader, options', [
    ('market1501', Market1501, dict()),
    ('market1501_500k', Market1501Plus500k, dict()),
    ('dukemtmc', DukeMTMCreID, dict()),
    ('occluded_duke', OccludedDuke, dict()),
    ('msmt17', MSMT17, dict()),
    ('msmt17_v2', MSMT17, dict()),
    ('cuhk03_np', CUHK03NP, dict(variant='labeled')),
    ('cuhk03_np', CUHK03NP, dict(variant='detected')),
    ('veri776', VeRi776, dict()),
    ('vehicleid', VehicleID, dict(test_size=4)),
    ('vehicleid', VehicleID, dict(test_size=4, trial=9)),
    ('csv', CSVReIDDataset, dict(unknown_cameras='error')),
    ('folder', FolderReIDDataset, dict()),
])
def test_the_readers_of_the_package_take_it(dataset, layout, reader, options):
    """They compare their counts with the info, and refuse a difference."""
    root = str(dataset(layout))
    options = dict(options, strict_counts=True)
    train = collect_annotations(reader(root, 'train', **options))
    test = collect_annotations(reader(root, 'test', **options))
    check_roles(test)
    check_queries(test)
    knows_cameras = layout not in ('vehicleid', 'folder')
    cameras = range(2 if layout == 'cuhk03_np' else 3)
    for part in (train, test):
        known = {camid for camid in part.camids if camid and camid > 0}
        assert known == (set(cameras[1:]) if knows_cameras else set())
        knows_views = layout in ('veri776', 'csv')
        assert {view is not None for view in part.viewids} == {knows_views}


def test_market_has_its_junk_and_distractors_on_disk(tmp_path):
    make_synthetic_reid(
        tmp_path, num_workers=1, num_distractors=5, num_junk=4, **TINY)
    gallery = tmp_path / 'bounding_box_test'
    assert len(list(gallery.glob('-1_c*.jpg'))) == 4
    assert len(list(gallery.glob('0000_c*.jpg'))) == 5


@pytest.mark.parametrize('layout',
                         ['market1501', 'dukemtmc', 'msmt17', 'cuhk03_np'])
def test_all_images_can_be_read(dataset, layout):
    sizes = set()
    suffix = 'png' if layout == 'cuhk03_np' else 'jpg'
    for path in dataset(layout).rglob(f'*.{suffix}'):
        image = cv2.imread(str(path))
        assert image is not None
        assert image.std() > 5
        sizes.add(image.shape[:2])
    assert (sizes == {(128, 64)}) == (layout == 'market1501')


def test_files_do_not_depend_on_the_number_of_processes(dataset, tmp_path):
    make_synthetic_reid(tmp_path, num_workers=3, **SMALL)
    assert contents(tmp_path) == contents(dataset('market1501'))


@pytest.mark.parametrize('change, is_same', [(dict(), True),
                                             (dict(seed=1), False),
                                             (dict(difficulty=0.9), False)])
def test_seed_and_difficulty_change_the_pictures_the_size_does_not(
        dataset, tmp_path, change, is_same):
    """The people of a smaller dataset, and its cameras, are among those of a
    larger one, those to be found as well as those to be trained on."""
    make_synthetic_reid(tmp_path, num_workers=1, **TINY, **change)
    for folder in ('bounding_box_train', 'query'):
        smaller = set(contents(tmp_path / folder).values())
        larger = set(contents(dataset('market1501') / folder).values())
        assert smaller & larger == (smaller if is_same else set())


def test_the_same_dataset_is_not_drawn_twice(dataset):
    root = dataset('dukemtmc')
    before = {path: path.stat().st_mtime_ns for path in root.rglob('*')}
    reported = []
    info = make_synthetic_reid(
        root,
        'dukemtmc',
        num_workers=1,
        progress=lambda *args: reported.append(args),
        **SMALL)
    assert info == json.loads((root / 'dataset_info.json').read_text())
    assert before == {p: p.stat().st_mtime_ns for p in root.rglob('*')}
    assert reported == []


def test_an_interrupted_run_is_drawn_anew_to_the_same_files(dataset, tmp_path):

    class Interrupted(Exception):
        pass

    def interrupt(done, total):
        raise Interrupted

    with pytest.raises(Interrupted):
        make_synthetic_reid(
            tmp_path, num_workers=1, progress=interrupt, **SMALL)
    assert len(list(tmp_path.rglob('*.jpg'))) > 0
    assert not (tmp_path / 'dataset_info.json').exists()
    assert find_dataset(tmp_path, DatasetSettings(**SMALL)) is None
    with pytest.raises(OutputFolderError, match='other settings'):
        make_synthetic_reid(tmp_path, seed=5, **SMALL)
    make_synthetic_reid(tmp_path, num_workers=1, **SMALL)
    assert contents(tmp_path) == contents(dataset('market1501'))


def test_progress_counts_every_picture(tmp_path):
    reported = []
    info = make_synthetic_reid(
        tmp_path,
        num_workers=2,
        progress=lambda done, total: reported.append((done, total)),
        **TINY)
    total = info['num_junk'] + sum(part['images']
                                   for part in info['counts'].values())
    assert reported[-1] == (total, total)
    assert [done for done, _ in reported] == sorted({d for d, _ in reported})


def test_find_dataset_returns_the_info(dataset):
    settings = DatasetSettings('msmt17', **SMALL)
    found = find_dataset(dataset('msmt17'), settings)
    assert found['layout'] == 'msmt17'
    assert find_dataset(dataset('market1501'), settings) is None


def test_bad_values_are_told_before_anything_is_written(tmp_path):
    out = tmp_path / 'out'
    with pytest.raises(SettingError, match='num_workers must be 1 or more'):
        make_synthetic_reid(out, num_workers=0)
    with pytest.raises(SettingError, match='num_junk must be 0'):
        make_synthetic_reid(out, 'msmt17', num_junk=3)
    with pytest.raises(TypeError, match='num_people'):
        make_synthetic_reid(out, num_people=3)
    assert not out.exists()
