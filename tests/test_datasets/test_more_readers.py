"""Readers of datasets on files that the generator drew, and on wrong ones."""
import json
import shutil
from pathlib import Path

import pytest
from helpers.drawn_data import write_image, write_market
from mmengine.logging import MMLogger

from fusionreid_mm.datasets import (CUHK03NP, Counts, Market1501,
                                    Market1501Plus500k, OccludedDuke,
                                    VehicleID, VeRi776, collect_annotations)
from fusionreid_mm.datasets.protocol import count_the_same_people
from fusionreid_mm.evaluation.functional import draw_gallery


@pytest.fixture
def copy(dataset, tmp_path):
    """A copy of a drawn dataset that a test may spoil."""

    def copy_of(layout):
        return Path(shutil.copytree(dataset(layout), tmp_path / layout))

    return copy_of


class TestOccludedDuke:

    def test_it_is_read_as_duke_is(self, dataset):
        test = collect_annotations(
            OccludedDuke(dataset('occluded_duke'), 'test'))
        queries = [i for i, role in enumerate(test.roles) if role == 'query']
        assert len(queries) == 12
        for index in queries:
            name = Path(test.img_paths[index]).name
            assert name.startswith(
                f'{test.pids[index]:04d}_c{test.camids[index] + 1}_f')

    def test_a_bad_name_is_told_by_one_of_this_dataset(self, copy):
        root = copy('occluded_duke')
        write_image(root / 'query' / 'person.jpg')
        with pytest.raises(ValueError, match='person.jpg.*0005_c2_f0046985'):
            OccludedDuke(root, 'query')

    def test_the_published_counts(self):
        assert OccludedDuke.COUNTS['query'] == Counts(519, 2210)


class TestCUHK03NP:

    def test_both_variants_are_of_the_same_people(self, dataset):
        root = dataset('cuhk03_np')
        labeled, detected = (
            CUHK03NP(root, 'test', variant=variant)
            for variant in ('labeled', 'detected'))
        one, other = map(collect_annotations, (labeled, detected))
        assert (one.pids, one.camids) == (other.pids, other.camids)
        for path, another in zip(one.img_paths, other.img_paths):
            assert path.replace('labeled', 'detected') == another
            assert Path(path).read_bytes() != Path(another).read_bytes()
        assert count_the_same_people(labeled, detected)

    def test_the_published_counts_are_those_of_the_variant(self, copy):
        root = copy('cuhk03_np')
        (root / 'dataset_info.json').unlink()
        for variant, images in (('labeled', 7368), ('detected', 7365)):
            with pytest.raises(
                    ValueError, match=f'instead of {images} of 767'):
                CUHK03NP(root, 'train', variant=variant, strict_counts=True)

    def test_other_words(self, dataset):
        with pytest.raises(ValueError, match="'detected'.*got 'labelled'"):
            CUHK03NP(dataset('cuhk03_np'), 'train', variant='labelled')

    def test_the_other_variant_alone(self, copy):
        root = copy('cuhk03_np')
        shutil.rmtree(root / 'labeled')
        CUHK03NP(root, 'test', variant='detected')
        with pytest.raises(
                FileNotFoundError, match='labeled/bounding_box_train'):
            CUHK03NP(root, 'test')


class TestMarket1501Plus500k:

    def test_distractors_follow_the_gallery(self, dataset):
        root = dataset('market1501_500k')
        plain = collect_annotations(Market1501(root, 'test'))
        more = collect_annotations(Market1501Plus500k(root, 'test'))
        number = len(plain.pids)
        assert more.img_paths[:number] == plain.img_paths
        added = sorted(str(path) for path in (root / 'images').iterdir())
        assert more.img_paths[number:] == added != []
        assert set(more.pids[number:]) == {0}
        assert set(more.roles[number:]) == {'gallery'}

    def test_training_needs_no_distractors(self, copy):
        root = copy('market1501_500k')
        shutil.rmtree(root / 'images')
        train, plain = (
            collect_annotations(reader(root, 'train'))
            for reader in (Market1501Plus500k, Market1501))
        assert train == plain
        with pytest.raises(
                FileNotFoundError, match='distractor images are missing'):
            Market1501Plus500k(root, 'test')

    def test_any_name_will_do(self, tmp_path):
        write_market(tmp_path)
        for name in ('00000017.jpg', '-1_c1s1_000000_00.jpg',
                     '0002_c3s1_000000_00.jpg'):
            write_image(tmp_path / 'images' / name)
        gallery = collect_annotations(Market1501Plus500k(tmp_path, 'gallery'))
        # Junk is left out, nobody is person 2, and a camera may be unknown.
        assert gallery.pids[-2:] == [0, 0]
        assert gallery.camids[-2:] == [None, 2]
        assert len(gallery.pids) == 8 + 2

    def test_a_part_of_them(self, tmp_path):
        write_market(tmp_path)
        for number in range(5):
            write_image(tmp_path / 'images' / f'{number}.jpg')
        part = Market1501Plus500k(tmp_path, 'gallery', num_distractors=3)
        names = [
            Path(path).name for path in collect_annotations(part).img_paths
        ]
        assert names[-3:] == ['0.jpg', '1.jpg', '2.jpg']
        with pytest.raises(ValueError, match='not be negative: got -1'):
            Market1501Plus500k(tmp_path, 'gallery', num_distractors=-1)

    @pytest.mark.parametrize('number, expected', [(None, 515913),
                                                  (100_000, 115913)])
    def test_counts(self, tmp_path, number, expected):
        write_market(tmp_path)
        write_image(tmp_path / 'images' / '0.jpg')
        with pytest.raises(ValueError, match=f'instead of {expected} of 751'):
            Market1501Plus500k(
                tmp_path,
                'gallery',
                num_distractors=number,
                strict_counts=True)

    def test_training_on_market_is_of_the_same_people(self, dataset):
        root = dataset('market1501_500k')
        assert count_the_same_people(
            Market1501(root, 'train'), Market1501Plus500k(root, 'test'))


class TestVeRi776:

    def test_views_are_those_of_the_lists(self, dataset):
        root = dataset('veri776')
        for split, name in (('train', 'keypoint_train.txt'),
                            ('test', 'keypoint_test.txt')):
            lines = (root / name).read_text().splitlines()
            expected = {
                line.split()[0]: int(line.split()[-1])
                for line in lines
            }
            found = collect_annotations(VeRi776(root, split))
            assert expected == {
                str(Path(path).relative_to(root).as_posix()): view
                for path, view in zip(found.img_paths, found.viewids)
            }

    def test_without_the_lists_there_are_no_views(self, copy, caplog):
        MMLogger.get_instance('veri').addHandler(caplog.handler)
        root = copy('veri776')
        (root / 'keypoint_train.txt').unlink()
        train = VeRi776(root, 'train')
        assert set(collect_annotations(train).viewids) == {None}
        assert 'viewid' not in train.get_data_info(0)
        assert 'keypoint_train.txt the images have no views' in caplog.text

    def test_an_image_that_is_not_listed_stays(self, copy):
        root = copy('veri776')
        first, *lines = (root / 'keypoint_train.txt').read_text().splitlines()
        # As written on Windows
        lines = [line.replace('/', '\\') for line in lines]
        (root / 'keypoint_train.txt').write_text('\n\n'.join(lines))
        views = collect_annotations(VeRi776(root, 'train')).viewids
        assert len(views) == len(lines) + 1
        assert views.count(None) == 1

    @pytest.mark.parametrize('line', ['image.jpg', 'a.jpg 3 8', 'a.jpg 3 x'])
    def test_a_bad_line(self, copy, line):
        root = copy('veri776')
        with open(root / 'keypoint_test.txt', 'a') as file:
            file.write(line)
        number = len((root / 'keypoint_test.txt').read_text().splitlines())
        with pytest.raises(
                ValueError,
                match=f'keypoint_test.txt, line {number}: .*from 0 to 7'):
            VeRi776(root, 'test')

    def test_a_bad_name(self, copy):
        root = copy('veri776')
        write_image(root / 'image_query' / '0002_c000_1_0.jpg')
        with pytest.raises(ValueError, match='0002_c002_00030600_0.jpg'):
            VeRi776(root, 'query')


class TestVehicleID:

    def test_one_gallery_image_of_each(self, dataset):
        test = collect_annotations(
            VehicleID(dataset('vehicleid'), 'test', test_size=4))
        gallery = [
            pid for pid, role in zip(test.pids, test.roles)
            if role == 'gallery'
        ]
        assert sorted(gallery) == sorted(set(test.pids))
        assert test.roles.count('query') == 4 * 6 - 4
        assert set(test.camids) == {None}

    def test_trials_draw_other_galleries_of_the_same_images(self, dataset):
        root = dataset('vehicleid')
        galleries = [
            collect_annotations(
                VehicleID(root, 'gallery', test_size=4, trial=trial)).img_paths
            for trial in (0, 0, 1)
        ]
        assert galleries[0] == galleries[1] != galleries[2]
        assert {
            *collect_annotations(VehicleID(root, 'test',
                                           test_size=4)).img_paths
        } == {
            *collect_annotations(
                VehicleID(root, 'test', test_size=4, trial=1)).img_paths
        }

    def test_the_gallery_is_that_of_the_function(self, dataset):
        root = dataset('vehicleid')
        lines = (root /
                 'train_test_split/test_list_4.txt').read_text().splitlines()
        drawn = draw_gallery([int(line.split()[1]) for line in lines], 3)
        names = [f'{lines[index].split()[0]}.jpg' for index in drawn]
        found = VehicleID(root, 'gallery', test_size=4, trial=3)
        assert [
            Path(path).name for path in collect_annotations(found).img_paths
        ] == names

    def test_a_list_that_is_not_there(self, dataset):
        with pytest.raises(FileNotFoundError, match='test_list_800.txt'):
            VehicleID(dataset('vehicleid'), 'test')
        with pytest.raises(ValueError, match='trial must not be negative'):
            VehicleID(dataset('vehicleid'), 'test', test_size=4, trial=-1)

    def test_a_bad_line(self, copy):
        root = copy('vehicleid')
        path = root / 'train_test_split' / 'train_list.txt'
        path.write_text('0000001\n')
        with pytest.raises(ValueError, match='train_list.txt, line 1'):
            VehicleID(root, 'train')

    @pytest.mark.parametrize('size, queries', [(800, 5693), (1600, 11777),
                                               (2400, 17377)])
    def test_counts_are_of_the_size(self, copy, size, queries):
        root = copy('vehicleid')
        (root / 'dataset_info.json').unlink()
        folder = root / 'train_test_split'
        (folder / 'test_list_4.txt').rename(folder / f'test_list_{size}.txt')
        with pytest.raises(ValueError) as error:
            VehicleID(root, 'test', test_size=size, strict_counts=True)
        message = str(error.value)
        assert f'instead of {queries} of {size}' in message
        assert f'gallery: 4 images of 4 people instead of {size}' in message


@pytest.mark.parametrize('reader, layout, options', [
    (OccludedDuke, 'occluded_duke', dict()),
    (CUHK03NP, 'cuhk03_np', dict(variant='detected')),
    (Market1501Plus500k, 'market1501_500k', dict()),
    (VeRi776, 'veri776', dict()),
    (VehicleID, 'vehicleid', dict(test_size=4)),
])
def test_counts_that_differ_are_refused(copy, reader, layout, options):
    root = copy(layout)
    info = json.loads((root / 'dataset_info.json').read_text())
    info['counts']['gallery']['images'] += 1
    (root / 'dataset_info.json').write_text(json.dumps(info))
    with pytest.raises(ValueError, match='gallery: .* images of .* instead'):
        reader(root, 'test', strict_counts=True, **options)


@pytest.mark.parametrize(
    'reader', [OccludedDuke, CUHK03NP, Market1501Plus500k, VeRi776, VehicleID])
def test_nothing_there(tmp_path, reader):
    with pytest.raises(FileNotFoundError, match='was not found') as error:
        reader(tmp_path, 'train')
    assert str(tmp_path / reader.FOLDER_NAMES[0]) in str(error.value)
