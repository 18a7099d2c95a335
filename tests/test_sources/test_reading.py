import numpy as np
import pytest
from helpers.drawn_data import write_image
from mmengine.registry import init_default_scope
from PIL import Image

from fusionreid_mm.datasets import LoadReIDImage
from fusionreid_mm.sources import UnreadableImageError, read_image


@pytest.fixture(params=['RGB', 'L', '16 bits', 'CMYK', 'turned', 'glass'])
def path(request, tmp_path):
    path = tmp_path / ('a.png' if request.param in ('16 bits',
                                                    'glass') else 'a.jpg')
    write_image(path, size=(20, 40))
    image = Image.open(path)
    options = {}
    if request.param == '16 bits':
        ramp = np.arange(800, dtype=np.uint16).reshape(40, 20) * 80
        image = Image.fromarray(ramp)
    elif request.param == 'turned':
        options['exif'] = Image.Exif()
        options['exif'][0x0112] = 6
    elif request.param == 'glass':
        image.putalpha(100)
    else:
        image = image.convert(request.param)
    image.save(path, **options)
    return path


def test_pixels_are_those_of_the_pipeline(path):
    init_default_scope('fusionreid_mm')
    expected = LoadReIDImage()(dict(img_path=str(path)))['img']
    for name in (path, str(path)):
        pixels = read_image(name)
        assert pixels.dtype == np.uint8 and pixels.flags['C_CONTIGUOUS']
        np.testing.assert_array_equal(pixels, expected)


def test_order_of_colours(tmp_path):
    Image.new('RGB', (3, 5), (250, 100, 0)).save(tmp_path / 'a.png')
    pixels = read_image(tmp_path / 'a.png')
    assert pixels.shape == (5, 3, 3)
    assert (pixels == [0, 100, 250]).all()


@pytest.mark.parametrize('content, message', [
    (None, "cannot read the image .*a.jpg: .*No such file"),
    (b'', 'a.jpg: the file is empty'),
    (b'words', 'a.jpg: this is no image'),
])
def test_what_is_no_image(tmp_path, content, message):
    path = tmp_path / 'a.jpg'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UnreadableImageError, match=message):
        read_image(path)
