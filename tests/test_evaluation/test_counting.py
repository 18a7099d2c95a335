"""The three ways to count agree with counting by hand."""
import numpy as np
import pytest
import torch

from fusionreid_mm.evaluation.functional import counting
from fusionreid_mm.evaluation.functional.counting import Intervals
from fusionreid_mm.evaluation.functional.optional import compiled_loops


def by_compiled_loops(tile, intervals, places):
    return counting.Near(
        *compiled_loops().count_places(tile.numpy(), intervals, places))


def by_rows(tile, intervals, places):
    return counting._count_by_rows(tile.numpy(), intervals, places)


WAYS = [by_compiled_loops, by_rows, counting._count_dense]


def problem(dtype):
    """Five queries with 0 to 12 matches, and many equal similarities."""
    rng = np.random.default_rng(0)
    counts = np.array([3, 0, 12, 1, 5])
    rows = np.repeat(np.arange(5), counts)
    values = rng.integers(-8, 9, len(rows)) / 8
    tile = rng.integers(-10, 11, (5, 300)) / 8 + rng.choice([0, .004, .1],
                                                            (5, 300))
    tile[rng.random(tile.shape) < .1] = -np.inf
    tolerance = np.linspace(.001, .02, 5)
    intervals = Intervals(rows, values, tolerance, dtype)
    return rows, values, tolerance, tile.astype(dtype), intervals


@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('dtype', [np.float32, np.float64])
def test_counts_are_right(way, dtype, monkeypatch):
    if way is by_compiled_loops:
        pytest.importorskip('numba')
    # So that the last part of a tile is a small one.
    monkeypatch.setattr(counting, '_DENSE_CHUNK', 5 * 77)
    rows, values, tolerance, tile, intervals = problem(dtype)
    places = np.zeros(len(intervals), dtype=np.int64)
    near = way(torch.from_numpy(tile), intervals, places)
    closer = intervals.closer(places)
    found = set(zip(near.query_rows.tolist(), near.gallery_rows.tolist()))
    assert found and (closer > 0).any()
    for row, value, count in zip(rows, values, closer):
        inside = np.abs(tile[row] - value) <= tolerance[row]
        assert {(row, column) for column in np.flatnonzero(inside)} <= found
        above = set(np.flatnonzero(tile[row] > value + tolerance[row]))
        elsewhere = {column for query, column in found if query == row}
        # Those near another match of the query are compared one by one.
        assert count == len(above - elsewhere)
    for query, column in found:
        own = rows == query
        assert (np.abs(tile[query, column] - values[own])
                <= tolerance[query] * (1 + 1e-6)).any()


def test_more_near_images_than_there_is_room_for():
    loops = pytest.importorskip(
        'fusionreid_mm.evaluation.functional.compiled_loops')
    intervals = Intervals(
        np.array([0]), np.array([.5]), np.array([.1]), np.float32)
    tile = np.full((1, 10_000), .5, dtype=np.float32)
    places = np.zeros(len(intervals), dtype=np.int64)
    query_rows, gallery_rows = loops.count_places(tile, intervals, places)
    assert len(query_rows) == 10_000 and not places.any()
    np.testing.assert_array_equal(gallery_rows, np.arange(10_000))
