import json
import math

import numpy as np
import pytest

from fusionreid_mm.evaluation import (QueryResults, evaluate_verification,
                                      load_results, load_thresholds,
                                      match_queries, save_results,
                                      save_thresholds)


def results(**changes) -> QueryResults:
    """Two queries, three gallery images, of which each query has two."""
    columns = dict(
        metric='cosine',
        query_paths=np.array(['/a/query/1.jpg', '/a/query/ü.jpg']),
        query_pids=np.array([1, 2]),
        query_camids=np.array([0, 1]),
        gallery_paths=np.array(['/a/b/0.jpg', '/a/b/c/1.jpg', '/a/b/2.jpg']),
        gallery_pids=np.array([0, 1, 1]),
        gallery_camids=np.array([0, 1, 2]),
        ap=np.array([.5, np.nan]),
        inp=np.array([.25, np.nan]),
        first_match_rank=np.array([2, -1]),
        nearest=np.array([[1, 2], [0, -1]]),
        nearest_scores=np.array([[.9, .8], [.7, np.nan]]))
    return QueryResults(**{**columns, **changes})


FEATURES = dict(
    query_features=np.ones((2, 4), np.float32),
    gallery_features=np.zeros((3, 4), np.float32))


@pytest.mark.parametrize('features', [{}, FEATURES])
def test_what_is_written_is_read(tmp_path, features):
    path = tmp_path / 'new' / 'folder' / 'results.npz'
    written = results(**features)
    save_results(path, written)
    read = load_results(path)
    for name, column in written._asdict().items():
        if column is None or name == 'metric':
            assert getattr(read, name) == column
        else:
            np.testing.assert_array_equal(getattr(read, name), column)
            assert getattr(read, name).dtype == column.dtype
    with np.load(path, allow_pickle=False) as file:
        assert set(file) == {'version', *written._asdict()} - (
            set() if features else set(FEATURES))


@pytest.mark.parametrize('changes, message', [
    (dict(metric='l2'), "metric must be one of.*got l2"),
    (dict(ap=np.array([.5])), r'ap must be \(Q\).*Q = 2.*\(1,\)'),
    (dict(ap=np.array([1, 0])), "ap must be.*kind 'f'.*int64"),
    (dict(query_pids=np.array([1., 2.])), "query_pids must be.*kind 'i'"),
    (dict(query_paths=np.array(['a', None])), "query_paths must be.*kind 'U'"),
    (dict(nearest=np.array([1, 2])), r'nearest must be \(Q, k\)'),
    (dict(nearest_scores=np.zeros((2, 3))), r'nearest_scores must.*k = 2'),
    (dict(FEATURES, gallery_features=np.zeros(
        (3, 5))), r'gallery_features must be \(G, D\).*D = 4.*\(3, 5\)'),
    (dict(gallery_camids=np.zeros((3, 1), int)),
     r'gallery_camids must.*\(G\)'),
    (dict(ap=None), r"there is no \['ap'\]"),
])
def test_arrays_that_do_not_fit(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        save_results(tmp_path / 'a.npz', results(**changes))
    assert not list(tmp_path.iterdir())


def test_a_name_that_numpy_would_change(tmp_path):
    with pytest.raises(ValueError, match='must end with .npz'):
        save_results(tmp_path / 'a.pkl', results())


def test_files_of_something_else(tmp_path):
    path = tmp_path / 'a.npz'
    with pytest.raises(FileNotFoundError, match='a.npz'):
        load_results(path)
    for content in (b'', b'text', b'PK\x03\x04 broken'):
        path.write_bytes(content)
        with pytest.raises(ValueError, match='a.npz is no .npz file'):
            load_results(path)
    np.savez(path, ap=np.ones(3))
    with pytest.raises(ValueError, match=r"its version is None.*\['ap'\]"):
        load_results(path)
    np.savez(path, version=2, ap=np.ones(3))
    with pytest.raises(ValueError, match='of version 1: its version is 2'):
        load_results(path)
    np.savez(path, version=1, metric='cosine', ap=np.ones(3))
    with pytest.raises(ValueError, match="there is no.*'gallery_camids'"):
        load_results(path)
    columns = results()._asdict()
    with_more = {**columns, **FEATURES, 'extra': np.ones(1)}
    np.savez(path, version=1, **with_more)
    with pytest.raises(ValueError, match=r"nobody knows \['extra'\]"):
        load_results(path)


def test_nothing_is_unpickled(tmp_path):
    path = tmp_path / 'a.npz'
    columns = {**results()._asdict(), **FEATURES}
    columns['ap'] = np.array([print, None], dtype=object)
    np.savez(path, version=1, **columns)
    with pytest.raises(ValueError, match='allow_pickle=False'):
        load_results(path)


def test_a_truncated_file(tmp_path):
    path = tmp_path / 'a.npz'
    save_results(path, results())
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ValueError, match='a.npz is no .npz file'):
        load_results(path)


class TestMatch:

    def test_other_order_and_folder(self):
        first = results()
        other = results(
            query_paths=np.array(['D:\\x\\ü.jpg', 'D:\\x\\1.jpg']),
            query_pids=first.query_pids[::-1],
            query_camids=first.query_camids[::-1],
            gallery_paths=np.array(['2.jpg', '0.jpg', 'c/1.jpg']),
            gallery_pids=np.array([1, 0, 1]),
            gallery_camids=np.array([2, 0, 1]))
        assert match_queries(first, other).tolist() == [1, 0]
        assert match_queries(first, first).tolist() == [0, 1]

    def test_images_that_are_listed_twice(self):
        twice = results(
            query_paths=np.array(['1.jpg', '1.jpg']),
            query_camids=np.array([0, 0]),
            query_pids=np.array([1, 1]))
        assert match_queries(twice, twice).tolist() == [0, 1]
        with pytest.raises(ValueError, match='1 only in the second'):
            match_queries(twice, results())

    @pytest.mark.parametrize('changes, message', [
        (dict(query_paths=np.array(['1.jpg', '3.jpg'])),
         'same query images: of 2 and 2, 1 are only in the first and 1 only '
         'in the second, as ü.jpg'),
        (dict(query_pids=np.array([1, 3])),
         '1 query images have another pid or camid in the second.*ü.jpg'),
        (dict(query_camids=np.array([1, 0])), '2 query images have another'),
        (dict(
            gallery_paths=np.array(['0.jpg', 'c/1.jpg']),
            gallery_pids=np.array([0, 1]),
            gallery_camids=np.array([0, 1])),
         'same gallery images: of 3 and 2, 1 are only in the first.*2.jpg'),
        (dict(gallery_camids=np.array([0, 1, 1])),
         '1 gallery images have another pid.*2.jpg'),
        (dict(gallery_paths=np.array(['0.jpg', 'c/1.jpg', '0.jpg'])),
         'only in the first and 0 only in the second'),
    ])
    def test_other_images(self, changes, message):
        with pytest.raises(ValueError, match=message):
            match_queries(results(), results(**changes))


class TestThresholds:

    @pytest.fixture
    def verified(self):
        return evaluate_verification([[1., 0.]],
                                     [[1., .1], [.9, .4], [.5, .5]], [1],
                                     [2, 1, 2], [0], [1, 1, 1],
                                     fars=[0, 0.5])

    def test_what_is_written_is_read(self, verified, tmp_path):
        path = tmp_path / 'new' / 'thresholds.json'
        save_thresholds(path, verified, 'cosine')
        read, metric = load_thresholds(path)
        assert metric == 'cosine'
        assert math.isnan(verified.tar_at_far[0].threshold)
        assert repr(read) == repr(verified).replace('{0:', '{0.0:')

    def test_a_threshold_tells_people_apart(self, verified, tmp_path):
        """As a program of one's own would use it."""
        path = tmp_path / 'thresholds.json'
        save_thresholds(path, verified, 'cosine')
        content = json.loads(path.read_text())
        assert content['same_person_if'] == 'similarity >= threshold'
        entry = content['tar_at_far'][1]
        assert entry['allowed_far'] == 0.5
        similarities = np.array([1, .9, .5]) / np.hypot([1, .9, .5],
                                                        [.1, .4, .5])
        assert (similarities
                >= entry['threshold']).tolist() == [True, True, False]
        save_thresholds(path, verified, 'euclidean')
        content = json.loads(path.read_text())
        assert content['same_person_if'] == 'distance <= threshold'

    @pytest.mark.parametrize('content', [
        '', '[]', '{}', '{"metric": "l2"}',
        '{"metric": "cosine", "same_person_if": "distance <= threshold"}'
    ])
    def test_files_of_something_else(self, tmp_path, content):
        path = tmp_path / 'thresholds.json'
        with pytest.raises(FileNotFoundError, match='thresholds.json'):
            load_thresholds(path)
        path.write_text(content)
        with pytest.raises(ValueError, match='is no file of thresholds'):
            load_thresholds(path)
