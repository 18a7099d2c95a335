import pytest
from helpers.drawn_data import write_image

from fusionreid_mm.datasets.base_reid_dataset import Annotations
from fusionreid_mm.datasets.protocol import (ProtocolError, check_disjoint,
                                             check_images, check_queries,
                                             check_roles,
                                             queries_without_match)


def annotations(*rows) -> Annotations:
    """From ``(pid, camid, role)``."""
    return Annotations(*map(list, zip(*rows)),
                       [f'{i}.jpg' for i in range(len(rows))],
                       [None] * len(rows), [None] * len(rows))


GALLERY = [(1, 1, 'gallery'), (2, 0, 'gallery'), (0, 1, 'gallery')]


def test_matched_queries_pass():
    check_queries(annotations((1, 0, 'query'), (2, 1, 'query'), *GALLERY))


def test_unmatched_queries_are_counted_by_cause():
    test = annotations((1, 0, 'query'), (2, 0, 'query'), (9, 0, 'query'),
                       *GALLERY)
    assert queries_without_match(test) == [1, 2]
    with pytest.raises(ProtocolError) as error:
        check_queries(test)
    message = str(error.value)
    assert message.startswith('2 of 3 queries')
    assert '1 are of people who are not in the gallery' in message
    assert '1 of people seen by their own camera only' in message
    assert '1.jpg, 2.jpg' in message
    assert "unmatched_queries='warn'" in message


@pytest.mark.parametrize('query, gallery, is_matched', [
    (0, 0, False),
    (0, 1, True),
    (None, None, True),
    (None, 0, True),
    (0, None, True),
])
def test_unknown_cameras_are_different_ones(query, gallery, is_matched):
    """As ReIDMetric has it."""
    test = annotations((1, query, 'query'), (1, gallery, 'gallery'))
    assert queries_without_match(test) == ([] if is_matched else [0])


@pytest.mark.parametrize('role, absent', [('gallery', 'query'),
                                          ('query', 'gallery'),
                                          ('train', 'query')])
def test_both_roles_are_needed(role, absent):
    with pytest.raises(ProtocolError, match=f"no {absent} .*split='test'"):
        check_roles(annotations((1, 0, role), (1, 1, role)))


def test_disjoint():
    train = annotations((3, 0, 'train'), (0, 0, 'train'))
    check_disjoint(train, annotations((1, 0, 'query'), *GALLERY))
    with pytest.raises(ProtocolError, match='1 people.*pid 1'):
        check_disjoint(
            annotations((1, 0, 'train'), (3, 0, 'train')),
            annotations((1, 0, 'query'), *GALLERY))


class TestImages:

    def test_good_ones(self, tmp_path):
        write_image(tmp_path / 'a.jpg')
        write_image(tmp_path / 'b.png')
        with open(tmp_path / 'a.jpg', 'ab') as file:
            file.write(b'behind the end')
        check_images([str(tmp_path / 'a.jpg'), str(tmp_path / 'b.png')])

    @pytest.mark.parametrize('suffix', ['.jpg', '.png'])
    @pytest.mark.parametrize('spoil', [
        lambda data: b'',
        lambda data: data[:len(data) // 2],
        lambda data: b'not an image',
    ])
    def test_bad_ones_are_named(self, tmp_path, spoil, suffix):
        good, bad = tmp_path / f'good{suffix}', tmp_path / f'bad{suffix}'
        write_image(good)
        write_image(bad, size=(128, 256))
        bad.write_bytes(spoil(bad.read_bytes()))
        with pytest.raises(ProtocolError) as error:
            check_images([str(good), str(bad), str(tmp_path / 'absent.jpg')])
        message = str(error.value)
        assert message.startswith('2 images cannot be read')
        assert f'bad{suffix}' in message and 'absent.jpg' in message
        assert 'good' not in message
