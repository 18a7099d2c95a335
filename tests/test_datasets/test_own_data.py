"""People's own data: a CSV file, or folders."""
import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.drawn_data import write_image
from mmengine.logging import MMLogger

from fusionreid_mm.datasets import (CSVReIDDataset, FolderReIDDataset,
                                    collect_annotations)
from fusionreid_mm.datasets.protocol import (ProtocolError, check_disjoint,
                                             check_queries,
                                             count_the_same_people,
                                             queries_without_match)
from fusionreid_mm.evaluation import ReIDMetric

HEADER = 'path,pid,role,camid'


@pytest.fixture
def write(tmp_path):
    """Write a table, and the images that it names; return its folder."""

    def write_table(*lines, name='images.csv', encoding='utf-8'):
        (tmp_path / name).write_text('\n'.join(lines), encoding=encoding)
        for line in lines[1:]:
            write_image(tmp_path / line.split(',')[0].strip(' "'))
        return tmp_path

    return write_table


class TestNames:

    def test_anything_is_numbered_in_order(self, write):
        root = write(HEADER, 'a.jpg,10,train,north gate',
                     'b.jpg,9,train,south', 'c.jpg,Zoé,train,south',
                     'd.jpg,123456789012345678901,query,7',
                     'e.jpg,123456789012345678901,gallery,south')
        train = CSVReIDDataset(root, 'train')
        found = collect_annotations(train)
        assert found.pids == [2, 1, 3]
        assert found.labels == [1, 0, 2]
        assert found.camids == [2, 1, 1]
        # The numbers of a table are the same in each split.
        test = CSVReIDDataset(root, 'test')
        assert collect_annotations(test).pids == [4, 4]
        assert collect_annotations(test).camids == [0, 1]
        assert train.person_ids == test.person_ids
        assert test.camera_ids == {'7': 0, 'south': 1, 'north gate': 2}

    def test_the_order_of_lines_does_not_matter(self, write):
        lines = ['a.jpg,x,train,2', 'b.jpg,y,train,10', 'c.jpg,z,train,1']
        one = collect_annotations(
            CSVReIDDataset(write(HEADER, *lines), 'train'))
        other = collect_annotations(
            CSVReIDDataset(write(HEADER, *lines[::-1]), 'train'))
        assert one.labels == other.labels[::-1] == [0, 1, 2]
        assert one.camids == other.camids[::-1] == [1, 2, 0]

    def test_views(self, write):
        root = write('path,pid,role,viewid', 'a.jpg,x,train,rear',
                     'b.jpg,x,train,front', 'c.jpg,x,train,')
        dataset = CSVReIDDataset(root, 'train')
        assert collect_annotations(dataset).viewids == [0, 1, None]
        assert dataset.view_ids == {'rear': 0, 'front': 1}

    def test_columns_in_any_order_with_others_between(self, write, caplog):
        MMLogger.get_instance('columns').addHandler(caplog.handler)
        root = write('path, weather, role, pid', 'a.jpg, rain, train, x')
        assert collect_annotations(CSVReIDDataset(root, 'train')).pids == [1]
        assert "not read: ['weather']" in caplog.text

    def test_a_table_from_a_spreadsheet(self, write):
        root = write(HEADER, '"a.jpg",x,train,1\r', encoding='utf-8-sig')
        assert len(CSVReIDDataset(root, 'train')) == 1

    def test_a_table_and_images_elsewhere(self, write, tmp_path):
        root = write(HEADER, 'a.jpg,x,train,1', name='mine.csv')
        images = tmp_path / 'images'
        write_image(images / 'a.jpg')
        dataset = CSVReIDDataset(
            images, 'train', ann_file=str(root / 'mine.csv'))
        assert dataset.get_data_info(0)['img_path'] == str(images / 'a.jpg')
        absolute = write(HEADER, f'{images / "a.jpg"},x,train,1')
        assert len(CSVReIDDataset(absolute, 'train')) == 1


class TestUnknownCameras:
    PAIR = ('q.jpg,x,query,', 'g.jpg,x,gallery,')

    def test_all_other_images_of_the_person_count(self, write):
        test = collect_annotations(
            CSVReIDDataset(write(HEADER, *self.PAIR), 'test'))
        assert all(camid < 0 for camid in test.camids)
        assert len(set(test.camids)) == 2
        assert queries_without_match(test) == []

    def test_an_image_is_not_its_own_match(self, write):
        root = write(HEADER, 'a.jpg,x,query,', 'a.jpg,x,gallery,',
                     'b.jpg,x,query,', 'c.jpg,y,test,', 'd.jpg,y,test,',
                     'e.jpg,z,test,')
        test = collect_annotations(CSVReIDDataset(root, 'test'))
        names = [Path(path).stem for path in test.img_paths]
        # b finds a; c and d find each other; a and e would find themselves.
        assert [names[i] for i in queries_without_match(test)] == ['a', 'e']
        metric = ReIDMetric(ranks=[1])
        metric.process(None, [
            dict(feature=_feature(name), pid=pid, camid=camid, split=role)
            for name, pid, camid, role in zip(names, test.pids, test.camids,
                                              test.roles)
        ])
        metric.evaluate(len(names))
        first = dict(zip(names, metric.rankings[''].first_match_rank))
        # -1 is a query without a match. Itself apart, d is c's nearest image.
        assert first == dict(a=-1, b=1, c=1, d=1, e=-1)

    def test_known_cameras_are_not_mixed_up_with_unknown_ones(self, write):
        root = write(HEADER, 'a.jpg,x,query,1', 'b.jpg,x,gallery,1',
                     'c.jpg,x,gallery,')
        test = collect_annotations(CSVReIDDataset(root, 'test'))
        assert test.camids == [0, 0, -1]
        assert queries_without_match(test) == []

    @pytest.mark.parametrize('header, line', [
        (HEADER, 'q.jpg,x,query,'),
        ('path,pid,role', 'q.jpg,x,query'),
    ])
    def test_they_may_be_refused(self, write, header, line):
        root = write(header, line)
        with pytest.raises(ValueError, match='images.csv, line 2: .*no camid'):
            CSVReIDDataset(root, 'query', unknown_cameras='error')

    @pytest.mark.parametrize('lines, level', [
        (PAIR, logging.INFO),
        ((*PAIR, 'h.jpg,x,gallery,1'), logging.WARNING),
    ])
    def test_they_are_told(self, write, caplog, lines, level):
        logger = MMLogger.get_instance('cameras')
        logger.addHandler(caplog.handler)
        CSVReIDDataset(write(HEADER, *lines), 'test')
        told, = [r for r in caplog.records if 'no camera' in r.getMessage()]
        assert f'2 of {len(lines)} images' in told.getMessage()
        assert told.levelno == level

    def test_other_words(self, write):
        with pytest.raises(ValueError, match="or 'error': got 'same'"):
            CSVReIDDataset(write(HEADER), 'test', unknown_cameras='same')


def _feature(name):
    """A vector near those of neighbours in the alphabet, and nearest to that
    of the letter before."""
    angle = (ord(name) - ord('a'))**1.1 / 20
    return torch.tensor([np.cos(angle), np.sin(angle)])


class TestMistakes:

    @pytest.mark.parametrize('line, message', [
        ('a.jpg,x,valid,1', r"line 3: role must be one of .*got 'valid'"),
        ('a.jpg,x,,1', r"line 3: role must be .*got ''"),
        ('a.jpg,,train,1', 'line 3: there is no pid'),
        (',x,train,1', 'line 3: there is no path'),
        ('a.jpg,x,train', 'line 3: expected 4 fields, path,pid,role,camid'),
        ('a.jpg,x,train,1,2', 'line 3: expected 4 fields'),
        ('first.jpg,x,train,1', 'line 3: .*train image already: .*line 2'),
        ('first.jpg,y,query,1', "line 3: .*pid 'y' .*here.*'x'.*there: .*2"),
        ('first.jpg,x,query,2', "line 3: .*camera '2' here.*'1' there"),
    ])
    def test_they_are_told_with_the_line(self, write, line, message):
        root = write(HEADER, 'first.jpg,x,train,1')
        with open(root / 'images.csv', 'a') as file:
            file.write(f'\n{line}\n')
        write_image(root / 'a.jpg')
        with pytest.raises(ValueError, match=message):
            CSVReIDDataset(root, 'train')

    @pytest.mark.parametrize('header, message', [
        ('path,person,role', r'line 1: .*pid is not among .*person'),
        ('path;pid;role', r'separated by commas.*path, pid, role is not'),
        ('path,pid,role,pid', 'line 1: a column is there twice'),
        ('path,pid', r'role is not among.*draw_reid_roles.py'),
        ('', r'path, pid, role is not among \[\]'),
    ])
    def test_the_header(self, write, header, message):
        with pytest.raises(ValueError, match=message):
            CSVReIDDataset(write(header), 'train')

    def test_missing_files(self, write, tmp_path):
        with pytest.raises(FileNotFoundError, match='images.csv is missing'):
            CSVReIDDataset(tmp_path, 'train')
        root = write(HEADER, 'a.jpg,x,train,1', 'b.jpg,x,train,1')
        (root / 'b.jpg').unlink()
        with pytest.raises(
                FileNotFoundError,
                match='images.csv, line 3: .*no file.*b.jpg'):
            CSVReIDDataset(root, 'train')

    def test_no_images_of_a_role(self, write):
        root = write(HEADER, 'a.jpg,x,train,1')
        with pytest.raises(FileNotFoundError, match='no query images'):
            CSVReIDDataset(root, 'test')

    def test_another_encoding(self, write):
        root = write(HEADER, 'a.jpg,Zoé,train,1', encoding='latin-1')
        with pytest.raises(ValueError, match='no text in UTF-8'):
            CSVReIDDataset(root, 'train')


class TestPeopleInBoth:

    def test_of_one_table(self, write):
        root = write(HEADER, 'a.jpg,x,train,1', 'b.jpg,x,query,1',
                     'c.jpg,x,gallery,2')
        train, test = (
            CSVReIDDataset(root, split) for split in ('train', 'test'))
        assert count_the_same_people(train, test)
        with pytest.raises(ProtocolError, match='1 people.*pid 1'):
            check_disjoint(
                collect_annotations(train), collect_annotations(test))

    def test_two_tables_have_numbers_of_their_own(self, write):
        write(HEADER, 'a.jpg,x,train,1', name='train.csv')
        root = write(HEADER, 'b.jpg,y,test,1', name='test.csv')
        train, test = (
            CSVReIDDataset(root, split, ann_file=f'{split}.csv')
            for split in ('train', 'test'))
        assert collect_annotations(train).pids == [1]
        assert not count_the_same_people(train, test)


class TestFolders:

    def test_roles_and_people(self, tmp_path):
        for name in ('train/berta/1.jpg', 'train/anna/deep/in/2.png',
                     'query/carl/3.jpg', 'gallery/carl/4.jpg',
                     'train/anna/._2.png'):
            write_image(tmp_path / name)
        (tmp_path / 'train' / 'anna' / 'notes.txt').write_text('tall')
        train = FolderReIDDataset(tmp_path, 'train')
        found = collect_annotations(train)
        assert [Path(path).name
                for path in found.img_paths] == ['2.png', '1.jpg']
        assert found.labels == [0, 1]
        assert train.person_ids == dict(anna=1, carl=2, berta=3)
        check_queries(collect_annotations(FolderReIDDataset(tmp_path, 'test')))

    def test_all_against_all(self, tmp_path):
        for name in 'ab':
            write_image(tmp_path / 'test' / 'anna' / f'{name}.jpg')
        test = collect_annotations(FolderReIDDataset(tmp_path, 'test'))
        assert test.roles == ['query'] * 2 + ['gallery'] * 2
        assert test.camids[:2] == test.camids[2:]
        assert queries_without_match(test) == []

    def test_an_image_of_nobody(self, tmp_path):
        write_image(tmp_path / 'train' / 'a.jpg')
        with pytest.raises(ValueError, match='no person.*train/<person>/a'):
            FolderReIDDataset(tmp_path, 'train')

    def test_no_roles(self, tmp_path):
        write_image(tmp_path / 'anna' / 'a.jpg')
        with pytest.raises(FileNotFoundError, match='draw_reid_roles.py'):
            FolderReIDDataset(tmp_path, 'train')
