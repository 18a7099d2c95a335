import threading

import cv2
import numpy as np
import pytest
from helpers.videos import frame_picture, number_of, write_video

from fusionreid_mm.sources import UnreadableImageError, is_crop, read_image
from fusionreid_mm.sources.video import Box, crop_name, split_crop_name

RIGHT = Box(40, 4, 20, 30)


@pytest.fixture(params=['MJPG a.avi', 'mp4v a.mp4'])
def video(request, tmp_path):
    codec, name = request.param.split()
    return str(write_video(tmp_path / name, codec=codec))


def test_names():
    name = 'a dir/walk.mp4#frame=12&xywh=10,20,64,128'
    assert crop_name('a dir/walk.mp4', 12, Box(10, 20, 64, 128)) == name
    assert split_crop_name(name) == ('a dir/walk.mp4', 12, (10, 20, 64, 128))
    assert is_crop(name)
    for other in ('walk.mp4', 'a#frame=1', '#frame=1&xywh=1,2,3,4',
                  'a#frame=-1&xywh=1,2,3,4', 'a#frame=1&xywh=1,2,3'):
        assert not is_crop(other)


def test_clipping():
    assert Box(-5, 40, 20, 30).clipped(64, 48) == (0, 40, 15, 8)
    assert Box(1, 2, 3, 4).clipped(64, 48) == (1, 2, 3, 4)
    for box in (Box(64, 0, 5, 5), Box(-5, 0, 5, 5), Box(0, 0, 0, 5)):
        assert box.clipped(64, 48).is_empty


@pytest.mark.parametrize('order', [
    range(20),
    [3, 3, 7, 19],
    [19, 0, 5, 4, 4, 18],
])
def test_exactly_the_frame(video, order):
    crops = [read_image(crop_name(video, i, RIGHT)) for i in order]
    assert [number_of(crop) for crop in crops] == [(i, 20) for i in order]
    assert all(crop.shape == (30, 20, 3) for crop in crops)


def test_exactly_the_box(video):
    box = Box(20, 0, 30, 48)
    crop = read_image(crop_name(video, 2, box))
    np.testing.assert_allclose(
        crop[:, :8].mean((0, 1)), frame_picture(2)[0, 0], atol=12)
    np.testing.assert_allclose(
        crop[:, -8:].mean((0, 1)), frame_picture(2)[0, -1], atol=12)


def test_a_frame_is_decoded_once(video, monkeypatch):
    """In order, also where there are several boxes in one."""
    opened, grabbed = [], []

    class Counting:

        def __init__(self, path):
            opened.append(path)
            self.capture = real(path)

        def grab(self):
            grabbed.append(1)
            return self.capture.grab()

        def __getattr__(self, name):
            return getattr(self.capture, name)

    real = cv2.VideoCapture
    monkeypatch.setattr(cv2, 'VideoCapture', Counting)
    for index in (0, 0, 4, 9, 9, 9):
        read_image(crop_name(video, index, RIGHT))
    assert (len(opened), len(grabbed)) == (1, 10)
    read_image(crop_name(video, 8, RIGHT))
    assert (len(opened), len(grabbed)) == (2, 19)


def test_a_video_that_was_replaced(tmp_path):
    path = write_video(tmp_path / 'a.avi', num_frames=3)
    name = crop_name(str(path), 2, RIGHT)
    assert number_of(read_image(name))[0] == 2
    path.unlink()
    write_video(path, num_frames=2)
    with pytest.raises(UnreadableImageError, match='has 2 frames'):
        read_image(name)


def test_threads_do_not_disturb_each_other(video):
    found = {}

    def read(start):
        found[start] = [
            number_of(read_image(crop_name(video, i, RIGHT)))[0]
            for i in range(start, 20, 2)
        ]

    threads = [threading.Thread(target=read, args=(i, )) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {i: list(range(i, 20, 2)) for i in range(2)}


@pytest.mark.parametrize('frame, box, message', [
    (20, RIGHT, 'the video has 20 frames'),
    (0, Box(60, 0, 5, 5), 'not within its 64 x 48 pixels'),
    (0, Box(0, 0, 0, 5), 'not within'),
])
def test_what_is_not_there(video, frame, box, message):
    name = crop_name(video, frame, box)
    with pytest.raises(UnreadableImageError, match=f'a.*#frame.*{message}'):
        read_image(name)


def test_what_is_no_video(tmp_path):
    with pytest.raises(UnreadableImageError, match='No such file'):
        read_image(crop_name(str(tmp_path / 'a.avi'), 0, RIGHT))
    (tmp_path / 'a.avi').write_bytes(b'words' * 100)
    with pytest.raises(UnreadableImageError, match='is no video that OpenCV'):
        read_image(crop_name(str(tmp_path / 'a.avi'), 0, RIGHT))
