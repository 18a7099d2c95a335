import argparse

import pytest

from fusionreid_mm.cli.cameras import camera_of, camid_of


def test_cameras_are_counted_from_one():
    assert camid_of('1') == 0
    assert camera_of(camid_of('15')) == 15
    assert camera_of(None) is None


@pytest.mark.parametrize('text', ['0', '-1', 'north', '1.5', ''])
def test_what_is_no_camera(text):
    with pytest.raises(argparse.ArgumentTypeError, match='counted from 1'):
        camid_of(text)
