"""Images of each kind are read rightly or named, and what takes the place of
those that cannot be read."""
import io

import numpy as np
import pytest
from helpers.drawn_data import write_image, write_market
from mmengine.registry import init_default_scope
from PIL import Image

from fusionreid_mm.datasets import LoadReIDImage, Market1501
from fusionreid_mm.sources import UnreadableImageError, decode_image

PIPELINE = [dict(type='LoadReIDImage'), dict(type='PackReIDInputs')]


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('fusionreid_mm')


def encode(image: Image.Image, kind: str = 'PNG', **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def photo(mode: str = 'RGB') -> Image.Image:
    """Four areas: white, black, red, and grey."""
    colours = np.array([[[255] * 3, [0] * 3], [[255, 0, 0], [128] * 3]])
    image = Image.fromarray(colours.astype(np.uint8))
    image = image.resize((16, 32), Image.Resampling.NEAREST)
    return image.quantize(8) if mode == 'P' else image.convert(mode)


CORNERS = [0, 0, -1, -1], [0, -1, 0, -1]


class TestKindsOfImages:

    @pytest.mark.parametrize('mode, kind', [('RGB', 'PNG'), ('P', 'PNG'),
                                            ('RGBA', 'PNG'), ('RGB', 'JPEG'),
                                            ('CMYK', 'JPEG'), ('RGB', 'BMP'),
                                            ('CMYK', 'TIFF'), ('RGB', 'GIF'),
                                            ('RGB', 'WEBP')])
    def test_colours(self, mode, kind):
        pixels = decode_image(encode(photo(mode), kind))
        assert pixels.dtype == np.uint8 and pixels.shape == (32, 16, 3)
        np.testing.assert_allclose(
            pixels[CORNERS], [[255] * 3, [0] * 3, [255, 0, 0], [128] * 3],
            atol=5)

    @pytest.mark.parametrize('mode, kind', [('L', 'JPEG'), ('L', 'PNG'),
                                            ('LA', 'PNG')])
    def test_grey(self, mode, kind):
        pixels = decode_image(encode(photo(mode), kind))
        np.testing.assert_allclose(
            pixels[CORNERS][[0, 1, 3]], [[255] * 3, [0] * 3, [128] * 3],
            atol=5)

    def test_two_colours(self):
        pixels = decode_image(encode(photo('1')))
        assert set(np.unique(pixels)) == {0, 255}

    @pytest.mark.parametrize('kind', ['PNG', 'TIFF'])
    def test_16_bits(self, kind):
        """Of which Pillow would make white."""
        grey = np.array([[0, 0x1234], [0x80ff, 0xffff]], np.uint16)
        pixels = decode_image(encode(Image.fromarray(grey), kind))
        assert pixels[..., 0].tolist() == [[0, 0x12], [0x80, 0xff]]
        assert (pixels == pixels[..., :1]).all()

    @pytest.mark.parametrize('alpha', [
        lambda image: image.putalpha(0),
        lambda image: image.putalpha(Image.new('L', image.size, 0))
    ])
    def test_what_is_hidden_stays_so(self, alpha):
        image = photo()
        alpha(image)
        assert (decode_image(encode(image)) == (124, 117, 104)).all()

    def test_a_transparent_colour_of_a_palette(self):
        image = photo('P')
        white = image.getpixel((0, 0))
        pixels = decode_image(encode(image, transparency=white))
        assert pixels[0, 0].tolist() == [124, 117, 104]
        assert pixels[0, -1].tolist() == [0, 0, 0]

    def test_turned_as_the_camera_says(self):
        exif = Image.Exif()
        exif[0x0112] = 3  # upside down
        data = encode(photo(), 'JPEG', exif=exif, quality=95)
        upright = decode_image(encode(photo(), 'JPEG', quality=95))
        np.testing.assert_array_equal(decode_image(data), upright[::-1, ::-1])

    def test_a_photo_with_a_second_view(self):
        data = encode(
            photo(), 'MPO', save_all=True, append_images=[photo('L')])
        assert Image.open(io.BytesIO(data)).n_frames == 2
        assert decode_image(data).shape == (32, 16, 3)


def film() -> bytes:
    frames = [photo(), photo().rotate(180)]
    return encode(frames[0], 'GIF', save_all=True, append_images=frames[1:])


class TestBadImages:

    @pytest.mark.parametrize('content, reason', [
        (b'', 'the file is empty'),
        (b'pid,camid\n1,2\n', r"no image.*starts with b'pid,camid"),
        (b'<html>404</html>', 'no image'),
        (encode(photo(), 'JPEG')[:300], '(?i)truncated'),
        (encode(photo(), 'JPEG')[:20], 'cannot read'),
        (encode(photo())[:80], 'cannot read'),
        (encode(photo()).replace(b'IDAT', b'XXXX'), 'cannot read'),
        (film(), 'this GIF has 2 frames'),
        (encode(Image.fromarray(np.ones(
            (4, 4), np.float32)), 'TIFF'), 'floating point'),
        (encode(Image.fromarray(np.full(
            (4, 4), 1 << 20, np.int32)), 'TIFF'), '32 bits'),
    ])
    def test_is_named(self, tmp_path, content, reason):
        path = tmp_path / '0001_c1s1_000000_00.jpg'
        path.write_bytes(content)
        with pytest.raises(
                UnreadableImageError,
                match='cannot read the image .*0001_c1s1_0') as error:
            LoadReIDImage()(dict(img_path=str(path)))
        assert error.match(reason)

    @pytest.mark.filterwarnings('ignore::PIL.Image.DecompressionBombWarning')
    @pytest.mark.parametrize('factor', [1.5, 3])
    def test_is_huge(self, tmp_path, monkeypatch, factor):
        """Pillow only warns of up to twice its limit."""
        path = tmp_path / 'a.jpg'
        write_image(path, size=(32, 64))
        LoadReIDImage()(dict(img_path=str(path)))
        monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', int(32 * 64 / factor))
        with pytest.raises(UnreadableImageError, match='a.jpg.*pixels'):
            LoadReIDImage()(dict(img_path=str(path)))

    def test_is_absent(self, tmp_path):
        with pytest.raises(UnreadableImageError, match='absent.jpg'):
            LoadReIDImage()(dict(img_path=str(tmp_path / 'absent.jpg')))

    def test_is_left_to_mmengine(self, tmp_path):
        """Whose datasets draw another one then."""
        load = LoadReIDImage(ignore_empty=True)
        assert load(dict(img_path=str(tmp_path / 'absent.jpg'))) is None


class TestSkipping:
    """``on_bad_image='skip'``"""

    @pytest.fixture
    def dataset(self, tmp_path):
        """Three people: 2 has the images 0 to 4, 7 has 5 to 8, 11 has 9."""
        write_market(tmp_path)

        def build(bad=(), split='train', **options):
            options = dict(dict(on_bad_image='skip'), **options)
            data = Market1501(
                str(tmp_path), split=split, pipeline=PIPELINE, **options)
            for index in bad:
                with open(data.get_data_info(index)['img_path'], 'wb'):
                    pass
            return data

        return build

    def taken(self, dataset, index):
        sample = dataset[index]['data_samples']
        assert 'the file is empty' in sample.in_place_of
        assert dataset.get_data_info(index)['img_path'] in sample.in_place_of
        return sample.sample_idx, sample.pid

    @pytest.mark.parametrize(
        'bad, index, expected',
        [
            ([0], 0, (1, 2)),
            ([4], 4, (0, 2)),
            ([2, 3], 2, (4, 2)),
            ([5, 6, 8], 8, (7, 7)),
            # Nobody else is there of the person.
            ([9], 9, (0, 2)),
            ([5, 6, 7, 8], 6, (9, 11)),
            ([9, 0, 1], 9, (2, 2)),
        ])
    def test_another_image_of_the_person(self, dataset, bad, index, expected):
        data = dataset(bad)
        assert self.taken(data, index) == expected
        # Always the same one, so that a resumed run sees what it would have.
        assert self.taken(data, index) == expected
        good = next(i for i in range(10) if i not in bad)
        assert 'in_place_of' not in data[good]['data_samples']

    def test_the_label_is_that_of_the_image(self, dataset):
        sample = dataset([9])[9]['data_samples']
        assert (sample.pid, sample.label) == (2, 0)

    def test_nothing_can_be_read(self, dataset):
        with pytest.raises(UnreadableImageError, match='the file is empty'):
            dataset(range(10))[3]

    def test_a_black_image_in_testing(self, dataset):
        data = dataset([1], split='test')
        item = data[1]
        assert self.taken(data, 1) == (1, data.get_data_info(1)['pid'])
        assert not item['inputs'].any()

    def test_is_off_by_default(self, dataset):
        data = dataset([1], on_bad_image='raise')
        with pytest.raises(
                UnreadableImageError, match='cannot read the image'):
            data[1]
        with pytest.raises(
                ValueError, match="'raise' or 'skip': got 'ignore'"):
            dataset(on_bad_image='ignore')
