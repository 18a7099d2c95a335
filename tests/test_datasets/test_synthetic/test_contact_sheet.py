import cv2
import numpy as np
import pytest

from fusionreid_mm.datasets.synthetic import (DatasetSettings,
                                              draw_contact_sheet)
from fusionreid_mm.datasets.synthetic.contact_sheet import GAP, MARGIN

SMALL = dict(
    num_train_pids=3, num_test_pids=4, num_cameras=3, images_per_camera=2)


def sheet_of(root, layout, num_people):
    data = draw_contact_sheet(root, DatasetSettings(layout, **SMALL),
                              num_people, '.png')
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def test_rows_are_people_and_columns_are_cameras(dataset):
    root = dataset('market1501')
    sheet = sheet_of(root, 'market1501', 2)
    assert sheet.shape == (MARGIN + 2 * (128 + GAP),
                           2 * MARGIN + 3 * (2 * 64 + GAP), 3)
    queries = sorted((root / 'query').iterdir())
    second_camera_of_first = cv2.imread(str(queries[1]))
    left = 2 * MARGIN + 2 * 64 + GAP
    cell = sheet[MARGIN:MARGIN + 128, left:left + 64]
    assert (cell == second_camera_of_first).all()


def test_images_of_all_sizes_fit_in(dataset):
    sheet = sheet_of(dataset('dukemtmc'), 'dukemtmc', 3)
    assert sheet.shape[0] == MARGIN + 3 * (128 + GAP)
    assert sheet.std() > 30


def test_there_are_no_more_rows_than_people(dataset):
    sheet = sheet_of(dataset('msmt17'), 'msmt17', 50)
    assert sheet.shape[0] == MARGIN + 4 * (128 + GAP)


@pytest.mark.parametrize('suffix, magic', [('.jpg', b'\xff\xd8'),
                                           ('.png', b'\x89PNG')])
def test_the_suffix_chooses_the_format(dataset, suffix, magic):
    settings = DatasetSettings(**SMALL)
    data = draw_contact_sheet(dataset('market1501'), settings, 2, suffix)
    assert data.startswith(magic)
