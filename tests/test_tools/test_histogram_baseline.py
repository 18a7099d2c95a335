import cv2
import numpy as np
import pytest
from helpers.tools import run_inline

TOOL = 'analysis_tools/histogram_baseline.py'
RED, GREEN, BLUE, GREY = (0, 0, 220), (0, 220, 0), (220, 0, 0), (90, 90, 90)


def write_people(root, colours):
    """One query and one gallery image of each person, by two cameras; a pair
    of colours dresses the upper and the lower half."""
    for pid, (upper, lower) in colours.items():
        image = np.empty((128, 64, 3), np.uint8)
        image[:64], image[64:] = upper, lower
        for folder, camera in (('bounding_box_train', 1), ('query', 1),
                               ('bounding_box_test', 2)):
            path = root / folder / f'{pid:04d}_c{camera}s1_000000_00.png'
            path.parent.mkdir(exist_ok=True)
            cv2.imwrite(str(path), image)


def numbers(output):
    """{histogram: [cosine, Hellinger]} in percent."""
    lines = [line for line in output.splitlines() if line[:3] in 'RGB HSV']
    return {
        line[:16].strip(): [float(word) for word in line[16:].split()]
        for line in lines
    }


def test_people_in_different_colours_are_all_found(monkeypatch, capsys,
                                                   tmp_path):
    write_people(tmp_path, {1: (RED, GREY), 2: (GREEN, GREY), 5: (BLUE, GREY)})
    run_inline(monkeypatch, TOOL, tmp_path)
    assert numbers(capsys.readouterr().out) == {
        'RGB': [100, 100],
        'HSV': [100, 100],
        'RGB in stripes': [100, 100]
    }


def test_only_stripes_tell_above_from_below(monkeypatch, capsys, tmp_path):
    """For the joint histograms both are the same: of equals, the first one in
    the gallery comes first, so one query finds its match at the second place
    and mAP is (1 + 1/2) / 2."""
    write_people(tmp_path, {1: (RED, BLUE), 2: (BLUE, RED)})
    run_inline(monkeypatch, TOOL, tmp_path)
    found = numbers(capsys.readouterr().out)
    assert found['RGB'] == found['HSV'] == [75, 75]
    assert found['RGB in stripes'] == [100, 100]


def test_a_missing_dataset_is_told(monkeypatch, tmp_path):
    with pytest.raises(FileNotFoundError, match='MSMT17 was not found'):
        run_inline(monkeypatch, TOOL, tmp_path, '--type', 'MSMT17')
