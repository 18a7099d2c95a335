import pytest
import torch

from fusionreid_mm.evaluation.functional import matrix_product
from fusionreid_mm.evaluation.functional.matrix_product import (Product,
                                                                by_torch,
                                                                libraries_for)

LIBRARIES = libraries_for(torch.zeros(1))


@pytest.fixture(autouse=True)
def nothing_is_known(monkeypatch):
    monkeypatch.setattr(
        Product, '_seconds',
        type(Product._seconds)(Product._seconds.default_factory))


@pytest.mark.parametrize('library', LIBRARIES)
def test_products_are_right(library, monkeypatch):
    # So that oneDNN takes the columns in parts.
    monkeypatch.setattr(matrix_product, '_COPIED', 50 * 19)
    rows = torch.randn(37, 19)
    for num_columns in (120, 3):
        columns = torch.randn(num_columns, 19)
        out = torch.empty(37, num_columns)
        library(rows, columns, out)
        torch.testing.assert_close(out, rows @ columns.T)


@pytest.mark.parametrize('library', LIBRARIES)
def test_columns_of_wider_features(library):
    """Embeddings are slices of the descriptor."""
    rows, columns = torch.randn(5, 40)[:, 8:24], torch.randn(7, 40)[:, 8:24]
    out = torch.empty(5, 7)
    library(rows, columns, out)
    torch.testing.assert_close(out, rows @ columns.T)


def test_blocks_of_all_sizes():
    rows = torch.randn(37, 19)
    product = Product(rows)
    for num_columns in (120, 121, 3):  # the buffer grows, and is too large
        columns = torch.randn(num_columns, 19)
        torch.testing.assert_close(product(columns), rows @ columns.T)


def test_all_are_tried_and_the_fastest_is_taken(monkeypatch):
    monkeypatch.setattr(matrix_product, '_COMPARABLE', 20 * 30)
    now = [0.]
    monkeypatch.setattr(matrix_product.time, 'perf_counter', lambda: now[0])
    calls = []

    def library_that_takes(seconds):

        def multiply(rows, columns, out):
            now[0] += seconds
            calls.append(seconds)
            by_torch(rows, columns, out)

        return multiply

    libraries = tuple(map(library_that_takes, (3, 1, 2)))
    monkeypatch.setattr(matrix_product, 'libraries_for', lambda _: libraries)
    columns = torch.randn(30, 3)
    for _ in range(2):  # what is known stays known
        rows = torch.randn(20, 3)
        product = Product(rows)
        for _ in range(6):
            torch.testing.assert_close(product(columns), rows @ columns.T)
    assert calls == [3, 3, 1, 1, 2, 2] + 6 * [1]
    calls.clear()
    # Of other widths nothing is known, and small products teach nothing.
    Product(torch.randn(20, 5))(torch.randn(30, 5))
    Product(torch.randn(20, 5))(torch.randn(29, 5))
    assert calls == [3]
    Product(torch.randn(20, 3))(torch.randn(29, 3))
    assert calls == [3, 1]
    calls.clear()
    # A large one tries them all, a part by each, and is right as a whole.
    rows, columns = torch.randn(20, 7), torch.randn(200, 7)
    torch.testing.assert_close(Product(rows)(columns), rows @ columns.T)
    assert calls == [3, 3, 1, 1, 2, 2, 1]


def test_doubles_take_pytorchs_own():
    assert libraries_for(torch.zeros(1, dtype=torch.float64)) == (by_torch, )
