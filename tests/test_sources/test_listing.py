import os
import re
from pathlib import Path

import pytest
from helpers.drawn_data import write_image
from helpers.videos import RATE, number_of, write_video

from fusionreid_mm.sources import PersonImage, list_images, read_image


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def make(*names):
    for name in names:
        write_image(Path(name), size=(8, 16))


def names_of(source, **options):
    return [image.name for image in list_images(source, **options)]


class TestFiles:

    def test_an_image(self):
        make('a.jpg')
        for source in ('a.jpg', Path('a.jpg'), PersonImage('a.jpg')):
            assert list_images(source) == [PersonImage('a.jpg', None, None)]

    def test_any_suffix_if_it_is_named(self):
        Path('photo').write_bytes(b'')
        assert names_of('photo') == ['photo']

    def test_a_folder(self):
        make('f/b.jpg', 'f/a.png', 'f/deep/er/c.JPG'.replace('JPG', 'jpeg'),
             'f/.d.jpg', 'f/._a.png.jpg', 'f/.hidden/e.jpg')
        Path('f/notes.txt').write_text('no image')
        Path('f/g.jpg').mkdir()
        expected = ['f/a.png', 'f/b.jpg', 'f/deep/er/c.jpeg']
        assert names_of('f') == names_of(Path('f/')) == expected

    def test_a_glob(self):
        make('f/b.jpg', 'f/a.jpg', 'f/a.png', 'f/deep/c.jpg', 'f/.d.jpg')
        assert names_of('f/*.jpg') == ['f/a.jpg', 'f/b.jpg']
        assert names_of('f/**/*.jpg') == ['f/a.jpg', 'f/b.jpg', 'f/deep/c.jpg']
        assert names_of('f/?.*') == ['f/a.jpg', 'f/a.png', 'f/b.jpg']

    def test_a_name_that_looks_like_a_glob(self):
        make('a[1].jpg', 'a1.jpg')
        assert names_of('a[1].jpg') == ['a[1].jpg']

    def test_lists(self):
        make('f/b.jpg', 'f/a.jpg', 'c.jpg')
        known = PersonImage('x.jpg', 3, 1.5)
        assert list_images(['c.jpg', ('f', known),
                            Path('c.jpg')]) == [
                                PersonImage('c.jpg'),
                                PersonImage('f/a.jpg'),
                                PersonImage('f/b.jpg'), known,
                                PersonImage('c.jpg')
                            ]

    def test_folders_that_may_not_be_read(self, monkeypatch):
        """Their images would be missing without a word."""
        make('f/a.jpg', 'f/secret/b.jpg')
        scan = os.scandir

        def scan_most(path):
            if Path(path).name == 'secret':
                raise PermissionError(13, 'Permission denied', str(path))
            return scan(path)

        monkeypatch.setattr(os, 'scandir', scan_most)
        with pytest.raises(PermissionError, match='secret'):
            list_images('f')

    def test_urls_are_left_to_mmengine(self):
        assert names_of('s3://bucket/a.jpg') == ['s3://bucket/a.jpg']

    @pytest.mark.parametrize('source, error, message', [
        ('b.jpg', FileNotFoundError, "no file or folder 'b.jpg'"),
        ('empty', ValueError, "there are no images in 'empty'"),
        ('b*.jpg', ValueError, r"there are no images in 'b\*.jpg'"),
        ([], ValueError, 'there are no images'),
        ('', ValueError, "an empty name '' is no image"),
        (['a.jpg', 'b.jpg'], FileNotFoundError, "'b.jpg'"),
        (3, TypeError, 'paths, PersonImages or lists of them: got 3'),
        ('w.mp4#frame=1&xywh=0,0,2,2', FileNotFoundError, "no video 'w.mp4'"),
    ])
    def test_nothing(self, source, error, message):
        make('a.jpg')
        Path('empty').mkdir()
        with pytest.raises(error, match=message):
            list_images(source)


class TestTables:

    def test_columns(self):
        make('data/f/a.jpg', 'data/b.jpg', 'c.jpg')
        Path('data/list.csv').write_text('time, image, note, camid\n'
                                         '12.5, f/a.jpg, tall, 3\n'
                                         f', {Path("c.jpg").absolute()}, ,\n'
                                         '0, b.jpg, "a, b", -1\n')
        assert list_images('data/list.csv') == [
            PersonImage('data/f/a.jpg', 3, 12.5),
            PersonImage(str(Path('c.jpg').absolute()), None, None),
            PersonImage('data/b.jpg', None, 0.)
        ]

    @pytest.mark.parametrize('text, error, message', [
        ('image\nb.jpg\n', FileNotFoundError, "line 2: .*no file 'b.jpg'"),
        ('image\n""\n', ValueError, 'line 2: there is no image'),
        ('image,camid\na.jpg,1\na.jpg,north\n', ValueError,
         "line 3: camid must be a whole number, .* got 'north'"),
        ('image,time\na.jpg,noon\n', ValueError,
         "line 2: time must be a number: got 'noon'"),
        ('image,time\na.jpg,inf\n', ValueError, 'line 2: time'),
        ('image,camid\na.jpg,9223372036854775808\n', ValueError,
         'line 2: there is no camera 9223372036854775808'),
        ('image\n"a.jpg\n' + 'b' * 200000, ValueError,
         'a.csv is no CSV file: field larger'),
        ('"image\n' + 'b' * 200000, ValueError, 'a.csv is no CSV file'),
        ('image\n', ValueError, "no images in 'a.csv'"),
        ('', ValueError, 'image is not among'),
        ('path\na.jpg\n', ValueError, r"image is not among \['path'\]"),
        ('image,camid\na.jpg\n', ValueError, 'line 2: expected 2 fields'),
        ('frame,x,y,width,height\n', ValueError, 'boxes without a column vi'),
    ])
    def test_mistakes(self, text, error, message):
        make('a.jpg')
        Path('a.csv').write_text(text)
        with pytest.raises(error, match=message):
            list_images('a.csv')


class TestVideos:

    HEADER = 'frame,x,y,width,height'

    def write(self, *lines, header=HEADER, name='w.csv'):
        write_video(Path('v/w.avi'))
        Path(f'v/{name}').write_text('\n'.join([header, *lines]) + '\n')

    def test_the_table_beside_it(self):
        self.write('7,40,0,20,40', '2,40.4,-3,21.3,20', '7,50,30,100,100')
        images = list_images('v/w.avi')
        assert images == [
            PersonImage('v/w.avi#frame=2&xywh=40,0,22,17', None, 2 / RATE),
            PersonImage('v/w.avi#frame=7&xywh=40,0,20,40', None, 7 / RATE),
            PersonImage('v/w.avi#frame=7&xywh=50,30,14,18', None, 7 / RATE)
        ]
        crops = [read_image(image.name) for image in images]
        assert [number_of(crop) for crop in crops] == [(2, 22), (7, 20),
                                                       (7, 14)]
        # A crop is a source, too, also in a table.
        assert list_images(images[1].name) == [images[1]._replace(time=None)]
        Path('v/crops.csv').write_text(
            f'image,camid\n"{images[1].name[2:]}",4\n')
        assert list_images('v/crops.csv') == [
            images[1]._replace(time=None, camid=4)
        ]

    def test_cameras_and_times(self):
        self.write(
            '1,0,0,9,9,2,',
            '3,0,0,9,9,,1700000000.5',
            header=f'{self.HEADER},camid,time',
            name='other.csv')
        images = list_images('v/w.avi', boxes='v/other.csv')
        assert [image[1:] for image in images] == [(2, .1),
                                                   (None, 1700000000.5)]

    def test_several_videos_in_a_table(self):
        write_video(Path('v/x.avi'), num_frames=5)
        self.write(
            'x.avi,4,0,0,9,9',
            'w.avi,9,0,0,9,9',
            'x.avi,0,0,0,9,9',
            header=f'video,{self.HEADER}')
        assert names_of('v/w.csv') == [
            f'v/{name}&xywh=0,0,9,9'
            for name in ('x.avi#frame=0', 'x.avi#frame=4', 'w.avi#frame=9')
        ]

    @pytest.mark.parametrize('line, message', [
        ('20,0,0,9,9', 'line 3: there is no frame 20.* the 20 frames of v/w'),
        ('-1,0,0,9,9', "line 3: frame must be a whole number.*got '-1'"),
        ('1.5,0,0,9,9', 'line 3: frame'),
        ('1,a,0,9,9', "line 3: x must be a number: got 'a'"),
        ('1,0,0,nan,9', 'line 3: width must be a number'),
        ('1,64,0,9,9', 'line 3: nothing of the box x=64, y=0, width=9, '
         'height=9 is in the 64 x 48 pixels'),
        ('1,5,5,0,9', 'line 3: nothing of the box'),
        ('1,5,5,-3,9', 'line 3: nothing of the box'),
        ('1,5,5', 'line 3: expected 5 fields'),
    ])
    def test_mistakes_name_the_line(self, line, message):
        self.write('0,0,0,9,9', line)
        with pytest.raises(ValueError, match=f'v/w.csv, {message}'):
            list_images('v/w.avi')

    def test_what_is_missing(self):
        write_video(Path('v/w.avi'))
        with pytest.raises(
                FileNotFoundError,
                match="no table of boxes 'v/w.csv': .*frame, x, y, width"):
            list_images('v/w.avi')
        with pytest.raises(FileNotFoundError, match="boxes 'b.csv'"):
            list_images('v/w.avi', boxes='b.csv')
        with pytest.raises(FileNotFoundError, match="no video 'a.avi'"):
            list_images('a.avi', boxes='b.csv')
        for source in ('a.jpg', ['v/w.avi']):
            with pytest.raises(ValueError, match='boxes belong to a video'):
                list_images(source, boxes='b.csv')
        self.write('a.avi,0,0,0,9,9', header=f'video,{self.HEADER}')
        with pytest.raises(FileNotFoundError, match='line 2: .*v/a.avi'):
            list_images('v/w.csv')


class TestCameraPattern:

    MARKET = r'_c(\d+)'

    def test_numbers_count_from_one(self):
        make('f_c9/0002_c1s1_000451_03.jpg', 'f_c9/0002_c6s1_000451_03.jpg',
             'f_c9/x.jpg')
        images = list_images('f_c9/0*.jpg', camera_pattern=self.MARKET)
        assert [image.camid for image in images] == [0, 5]
        # The folder counts where the file says nothing.
        x, = list_images('f_c9/x.jpg', camera_pattern=self.MARKET)
        assert x.camid == 8

    def test_what_is_known_or_unknown_stays_so(self):
        images = [
            PersonImage('0_c3.jpg', 7, 2.),
            PersonImage('1.jpg'),
            PersonImage('2_c3.jpg')
        ]
        found = list_images(images, camera_pattern=self.MARKET)
        assert [image.camid for image in found] == [7, None, 2]
        assert found[0].time == 2.

    @pytest.mark.parametrize('pattern, message', [
        ('_c[', 'is no regular expression: unterminated'),
        (r'_c\d', 'must have one group.*it has 0'),
        (r'_(c)(\d)', 'must have one group.*it has 2'),
        (r'cam(\d)', "matches no name, as 'a_c0.jpg'"),
        (r'_c(\d)', "finds the camera '0' in 'a_c0.jpg'.*counted from 1"),
        (r'(a)_', "finds the camera 'a'"),
    ])
    def test_mistakes(self, pattern, message):
        with pytest.raises(ValueError, match=message) as error:
            list_images([PersonImage('a_c0.jpg')], camera_pattern=pattern)
        assert error.match(re.escape(repr(pattern)))
