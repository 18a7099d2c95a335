import json
import logging
from pathlib import Path

import pytest
from helpers.drawn_data import (write_duke, write_image, write_market,
                                write_msmt17)
from mmengine.dataset import ConcatDataset, RepeatDataset
from mmengine.logging import MMLogger

from fusionreid_mm.datasets import (MSMT17, Counts, DukeMTMCreID, Market1501,
                                    collect_annotations)
from fusionreid_mm.datasets.base_reid_dataset import readers_of


class TestMarket1501:

    def test_train(self, tmp_path):
        dataset = Market1501(write_market(tmp_path), split='train')
        annotations = collect_annotations(dataset)
        assert annotations.pids == [2] * 5 + [7] * 4 + [11]
        assert annotations.camids == [0] * 3 + [1] * 2 + [0] * 4 + [2]
        labels = [dataset.get_data_info(i)['label'] for i in range(10)]
        assert labels == [0] * 5 + [1] * 4 + [2]
        assert annotations.labels == labels
        assert not dataset.test_mode

    def test_test_is_query_and_gallery_without_junk(self, tmp_path):
        dataset = Market1501(write_market(tmp_path), split='test')
        annotations = collect_annotations(dataset)
        assert annotations.roles == ['query'] * 3 + ['gallery'] * 8
        assert annotations.pids[:3] == [1, 1, 3]
        # Distractors stay, junk does not.
        assert annotations.pids[3:] == [0] * 3 + [1] * 3 + [3] * 2
        assert 'label' not in dataset.get_data_info(0)
        assert dataset.test_mode

    @pytest.mark.parametrize('split, number', [('query', 3), ('gallery', 8)])
    def test_one_role(self, tmp_path, split, number):
        dataset = Market1501(write_market(tmp_path), split=split)
        assert len(dataset) == number

    def test_other_files_are_passed_over(self, tmp_path):
        write_market(tmp_path)
        for name in ('Thumbs.db', '._0002_c1s1_000000_00.jpg', '.DS_Store'):
            (tmp_path / 'bounding_box_train' / name).write_bytes(b'x')
        assert len(Market1501(tmp_path, split='train')) == 10

    @pytest.mark.parametrize('name', Market1501.FOLDER_NAMES)
    def test_folder_of_the_release(self, tmp_path, name):
        write_market(tmp_path / name)
        assert len(Market1501(tmp_path, split='train')) == 10

    def test_a_folder_of_that_name_beside_it(self, tmp_path):
        write_market(tmp_path / 'market1501')
        (tmp_path / 'query').mkdir()
        assert len(Market1501(tmp_path, split='train')) == 10

    def test_nothing_there(self, tmp_path):
        with pytest.raises(FileNotFoundError) as error:
            Market1501(tmp_path / 'data', split='train')
        message = str(error.value)
        assert 'Market1501 was not found' in message
        assert str(tmp_path / 'data' / 'Market-1501-v15.09.15') in message
        assert 'data_root' in message

    def test_one_folder_missing(self, tmp_path):
        write_market(tmp_path)
        for file in (tmp_path / 'query').iterdir():
            file.unlink()
        with pytest.raises(FileNotFoundError, match='no query images'):
            Market1501(tmp_path, split='test')
        (tmp_path / 'query').rmdir()
        with pytest.raises(FileNotFoundError, match='query images.*missing'):
            Market1501(tmp_path, split='test')

    @pytest.mark.parametrize('name', ['person.jpg', '0002_c0s1_1.jpg'])
    def test_a_name_that_does_not_parse(self, tmp_path, name):
        write_market(tmp_path)
        write_image(tmp_path / 'bounding_box_train' / name)
        with pytest.raises(ValueError, match=f'{name}.*0002_c1s1'):
            Market1501(tmp_path, split='train')

    def test_unknown_split(self, tmp_path):
        with pytest.raises(ValueError, match="'gallery'.*got 'val'"):
            Market1501(tmp_path, split='val')


class TestCounts:

    def test_the_published_ones(self):
        assert Market1501.COUNTS['gallery'] == Counts(751, 15913)
        assert DukeMTMCreID.COUNTS['train'] == Counts(702, 16522)
        assert MSMT17.COUNTS['train'] == Counts(1041, 32621)

    def test_others_are_a_warning_or_an_error(self, tmp_path, caplog):
        write_market(tmp_path)
        logger = MMLogger.get_instance('counts')
        logger.addHandler(caplog.handler)
        Market1501(tmp_path, split='train')
        assert 'train: 10 images of 3 people instead of 12936 of 751' in \
            caplog.text
        assert caplog.records[0].levelno == logging.WARNING
        with pytest.raises(
                ValueError, match='12936 of 751.*\n.*strict_counts'):
            Market1501(tmp_path, split='train', strict_counts=True)

    def test_a_dataset_may_state_its_own(self, tmp_path):
        write_market(tmp_path)
        info = tmp_path / 'dataset_info.json'
        counts = dict(train=dict(pids=3, images=10))
        info.write_text(json.dumps(dict(counts=counts)))
        Market1501(tmp_path, split='train', strict_counts=True)
        counts['train']['images'] = 11
        info.write_text(json.dumps(dict(counts=counts)))
        with pytest.raises(ValueError, match='dataset_info.json.*\n.*of 3'):
            Market1501(tmp_path, split='train', strict_counts=True)

    @pytest.mark.parametrize('text', [
        '{', '[]', '{"counts": {"train": 3}}',
        '{"counts": {"trayn": {"pids": 3, "images": 10}}}'
    ])
    def test_a_broken_statement(self, tmp_path, text):
        write_market(tmp_path)
        (tmp_path / 'dataset_info.json').write_text(text)
        with pytest.raises(ValueError, match='not in the expected form'):
            Market1501(tmp_path, split='train')


def test_duke(tmp_path):
    root = write_duke(tmp_path / 'DukeMTMC-reID').parent
    train = collect_annotations(DukeMTMCreID(root, split='train'))
    assert train.pids == [5, 5, 6, 6]
    assert train.camids == [0, 0, 7, 7]
    test = collect_annotations(DukeMTMCreID(root, split='test'))
    assert test.pids == [7, 7, 9, 9]


class TestMSMT17:

    @pytest.mark.parametrize('version', ['V1', 'V2'])
    def test_both_versions(self, tmp_path, version, caplog):
        MMLogger.get_instance('msmt17').addHandler(caplog.handler)
        write_msmt17(tmp_path / f'MSMT17_{version}', version)
        dataset = MSMT17(tmp_path, split='train')
        assert f'MSMT17 {version}' in caplog.text
        annotations = collect_annotations(dataset)
        # train and val together
        assert annotations.pids == [0, 0, 1, 0, 1]
        assert annotations.camids == [0, 0, 14, 1, 2]
        assert all(Path(path).is_file() for path in annotations.img_paths)
        test = collect_annotations(MSMT17(tmp_path, split='test'))
        assert test.roles == ['query'] + ['gallery'] * 3

    def test_missing_list(self, tmp_path):
        write_msmt17(tmp_path)
        (tmp_path / 'list_val.txt').unlink()
        with pytest.raises(FileNotFoundError, match='list_val.txt is missing'):
            MSMT17(tmp_path, split='train')

    def test_missing_images(self, tmp_path):
        write_msmt17(tmp_path)
        (tmp_path / 'train').rename(tmp_path / 'elsewhere')
        with pytest.raises(FileNotFoundError) as error:
            MSMT17(tmp_path, split='train')
        assert str(tmp_path / 'train') in str(error.value)

    def test_no_version_or_two(self, tmp_path):
        write_msmt17(tmp_path)
        (tmp_path / 'mask_train_v2').mkdir()
        with pytest.raises(FileNotFoundError, match='those of V1 and V2'):
            MSMT17(tmp_path, split='test')
        for folder in ('train', 'test', 'mask_train_v2'):
            (tmp_path / folder).rename(tmp_path / f'{folder}_elsewhere')
        with pytest.raises(FileNotFoundError) as error:
            MSMT17(tmp_path, split='train')
        message = str(error.value)
        assert str(tmp_path) in message and 'mask_train_v2' in message
        assert 'those of none' in message

    def test_lists_from_windows(self, tmp_path):
        write_msmt17(tmp_path)
        expected = collect_annotations(MSMT17(tmp_path, split='test'))
        for path in tmp_path.glob('list_*.txt'):
            text = path.read_text().replace('\n', '\r\n')
            path.write_bytes(text.encode('utf-8-sig'))
        found = collect_annotations(MSMT17(tmp_path, split='test'))
        assert found == expected
        path.write_bytes(text.encode('utf-16'))
        with pytest.raises(ValueError, match=f'{path.name} is no text in UTF'):
            MSMT17(tmp_path, split='test'), MSMT17(tmp_path, split='train')

    @pytest.mark.parametrize(
        'line', ['0000/0000_000_01_x.jpg', 'a.jpg one', 'a.jpg ²'])
    def test_bad_line(self, tmp_path, line):
        write_msmt17(tmp_path)
        with open(tmp_path / 'list_train.txt', 'a') as file:
            file.write(f'{line}\n')
        with pytest.raises(ValueError, match='list_train.txt, line 4'):
            MSMT17(tmp_path, split='train')

    def test_bad_camera(self, tmp_path):
        write_msmt17(tmp_path)
        with open(tmp_path / 'list_train.txt', 'a') as file:
            file.write('0000/0000_000_xx_0303morning_0008_0.jpg 0\n')
        with pytest.raises(ValueError, match='third field.*camera'):
            MSMT17(tmp_path, split='train')


def test_wrapped_datasets_are_read_too(tmp_path):
    write_market(tmp_path)
    dataset = Market1501(tmp_path, split='train')
    assert len(collect_annotations(RepeatDataset(dataset, 2)).pids) == 20
    parts = [Market1501(tmp_path, split=role) for role in ('query', 'gallery')]
    both = ConcatDataset(parts)
    assert collect_annotations(both) == collect_annotations(
        Market1501(tmp_path, split='test'))
    assert readers_of(both) == parts
    assert readers_of(RepeatDataset(dataset, 2)) == [dataset]


def test_indices_take_a_part(tmp_path):
    dataset = Market1501(write_market(tmp_path), split='train', indices=4)
    assert len(dataset) == 4
    part = Market1501(tmp_path, split='train', indices=[9])
    # The class of a person does not change by that.
    assert collect_annotations(part).labels == [2]
