import re

import numpy as np
import pytest

from fusionreid_mm.datasets.synthetic.layouts import LAYOUTS, Label, Listed

# As the readers of the real datasets have it.
MARKET_NAME = re.compile(r'([-\d]+)_c(\d)')


@pytest.mark.parametrize('layout, label, path', [
    ('market1501', Label('train', 2, 0, 3,
                         451), 'bounding_box_train/0002_c1s1_000451_03.jpg'),
    ('market1501', Label('query', 1501, 5, 0,
                         123456), 'query/1501_c6s4_123456_00.jpg'),
    ('market1501', Label('junk', -1, 1, 12,
                         451), 'bounding_box_test/-1_c2s1_000451_12.jpg'),
    ('market1501', Label('distractor', 0, 1, 12,
                         451), 'bounding_box_test/0000_c2s1_000451_12.jpg'),
    ('dukemtmc', Label('gallery', 5, 1, 0,
                       46985), 'bounding_box_test/0005_c2_f0046985.jpg'),
    ('msmt17', Label('val', 0, 0, 0,
                     8), 'train/0000/0000_000_01_0309afternoon_0008_0.jpg'),
    ('msmt17_v2', Label('query', 12, 14, 7, 8),
     'mask_test_v2/0012/0012_007_15_0309afternoon_0008_0.jpg'),
    ('market1501_500k', Label('distractor', 0, 1, 12,
                              451), 'images/0000_c2s1_000451_12.jpg'),
    ('market1501_500k', Label('junk', -1, 1, 12,
                              451), 'bounding_box_test/-1_c2s1_000451_12.jpg'),
    ('occluded_duke', Label('query', 5, 1, 0,
                            46985), 'query/0005_c2_f0046985.jpg'),
    ('cuhk03_np', Label('train', 1, 0, 0, 8, 'detected'),
     'detected/bounding_box_train/0001_c1_1.png'),
    ('veri776', Label('query', 2, 1, 0,
                      30600), 'image_query/0002_c002_00030600_0.jpg'),
    ('vehicleid', Label('gallery', 7, 1, 3, 30600), 'image/0007003.jpg'),
    ('csv', Label('gallery', 7, 0, 3,
                  451), 'images/person_0007/camera_1_000451.jpg'),
    ('folder', Label('distractor', 7, 0, 3,
                     451), 'gallery/person_0007/camera_1_000451.jpg'),
])
def test_names_are_those_of_the_real_dataset(layout, label, path):
    assert LAYOUTS[layout].path(label) == path


@pytest.mark.parametrize('layout', ['market1501', 'dukemtmc'])
@pytest.mark.parametrize('pid', [1, 77, 1501, 9999])
@pytest.mark.parametrize('camera', [0, 8])
def test_market_names_tell_person_and_camera(layout, pid, camera):
    path = LAYOUTS[layout].path(Label('gallery', pid, camera, 3, 99999))
    match = MARKET_NAME.search(path.split('/')[-1])
    assert [int(part) for part in match.groups()] == [pid, camera + 1]


@pytest.mark.parametrize('layout', ['market1501', 'dukemtmc'])
def test_market_ids_have_gaps_and_interleave(layout):
    parts = LAYOUTS[layout].choose_pids(np.random.default_rng(0), 30, 30, 0)
    train, test, strangers = parts
    assert strangers == []
    assert len(set(train + test)) == 60
    assert min(train) < max(test)
    assert min(test) < max(train)
    together = sorted(train + test)
    assert together[0] >= 1
    assert max(np.diff(together)) > 1


def test_distractors_have_pid_0_in_market_and_their_own_in_duke():
    rng = np.random.default_rng(0)
    assert LAYOUTS['market1501'].choose_pids(rng, 2, 2, 3)[2] == [0, 0, 0]
    train, test, strangers = LAYOUTS['dukemtmc'].choose_pids(rng, 2, 2, 3)
    assert len({0, *train, *test, *strangers}) == 8


def test_the_ids_of_the_largest_dataset_have_four_digits():
    rng = np.random.default_rng(0)
    parts = LAYOUTS['dukemtmc'].choose_pids(rng, 2000, 2000, 2500)
    pids = sum(parts, [])
    assert len(set(pids)) == 6500
    assert max(pids) <= 9999


def test_msmt_ids_start_at_0_in_both_parts():
    parts = LAYOUTS['msmt17'].choose_pids(np.random.default_rng(0), 2, 3, 0)
    assert parts == [[0, 1], [0, 1, 2], []]


def test_msmt_lists_name_files_below_the_folder_of_their_part():
    layout = LAYOUTS['msmt17']
    labels = [Label('train', 0, 0, 0, 8), Label('gallery', 3, 2, 1, 8)]
    lists = layout.lists(
        [Listed(label, layout.path(label)) for label in labels])
    assert lists == {
        'list_train.txt': '0000/0000_000_01_0309afternoon_0008_0.jpg 0\n',
        'list_val.txt': '',
        'list_query.txt': '',
        'list_gallery.txt': '0003/0003_001_03_0309afternoon_0008_0.jpg 3\n',
    }


def test_lists_of_keypoints_end_with_the_view():
    layout = LAYOUTS['veri776']
    label = Label('query', 2, 1, 0, 30600)
    lists = layout.lists([Listed(label, layout.path(label), 6)])
    assert lists['keypoint_train.txt'] == ''
    name, *keypoints, view = lists['keypoint_test.txt'].split()
    assert name == 'image_query/0002_c002_00030600_0.jpg'
    assert keypoints == ['-1'] * 40
    assert view == '6'


def test_lists_of_vehicles_are_named_after_how_many_they_are():
    labels = [Label('train', 3, 0, 1, 8), Label('query', 7, 2, 0, 8)]
    assert LAYOUTS['vehicleid'].lists([
        Listed(label, LAYOUTS['vehicleid'].path(label)) for label in labels
    ]) == {
        'train_test_split/train_list.txt': '0003001 3\n',
        'train_test_split/test_list_1.txt': '0007000 7\n',
    }


def test_the_csv_file_has_names():
    label = Label('distractor', 7, 0, 3, 451)
    path = LAYOUTS['csv'].path(label)
    assert LAYOUTS['csv'].lists([Listed(label, path, 1)]) == {
        'images.csv':
        'path,pid,role,camid,viewid\n'
        f'{path},person_0007,gallery,camera_1,right_front\n'
    }


def test_market_has_no_lists():
    assert LAYOUTS['market1501'].lists([]) == {}


def test_box_sizes():
    rng = np.random.default_rng(0)
    market = {LAYOUTS['market1501'].box_size(rng) for _ in range(20)}
    assert market == {(128, 64)}
    for layout in ('dukemtmc', 'msmt17'):
        heights, widths = np.array(
            [LAYOUTS[layout].box_size(rng) for _ in range(200)]).T
        assert len(set(heights)) > 30
        assert 100 < heights.min() < heights.max() < 320
        assert (0.38 < widths / heights).all()
        assert (widths / heights < 0.52).all()
