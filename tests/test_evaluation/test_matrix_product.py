import pytest
import torch

from fusionreid_mm.evaluation.functional import matrix_product
from fusionreid_mm.evaluation.functional.matrix_product import (
    NumpyProduct, OneDNNProduct, Product, fastest_product, products_on)


@pytest.mark.parametrize('kind', [Product, NumpyProduct, OneDNNProduct])
def test_products_are_right(kind, monkeypatch):
    if kind not in products_on(torch.device('cpu'), torch.float32):
        pytest.skip('this PyTorch was built without oneDNN')
    # So that oneDNN takes the columns in three parts.
    monkeypatch.setattr(matrix_product, '_COPIED', 0)
    monkeypatch.setattr(matrix_product, '_TRIAL', (8, 50))
    rows = torch.randn(37, 19)
    product = kind(rows)
    for num_columns in (120, 121, 3):  # the buffer grows, and is too large
        columns = torch.randn(num_columns, 19)
        torch.testing.assert_close(product(columns), rows @ columns.T)


@pytest.mark.parametrize('kind', [Product, NumpyProduct, OneDNNProduct])
def test_columns_of_wider_features(kind):
    """Embeddings are slices of the descriptor."""
    if kind not in products_on(torch.device('cpu'), torch.float32):
        pytest.skip('this PyTorch was built without oneDNN')
    rows, columns = torch.randn(5, 40)[:, 8:24], torch.randn(7, 40)[:, 8:24]
    torch.testing.assert_close(kind(rows)(columns), rows @ columns.T)


def test_the_fastest_is_taken(monkeypatch):
    """Where there is enough to multiply for a trial to pay."""
    monkeypatch.setattr(matrix_product, '_TRIAL', (4, 4))
    monkeypatch.setattr(matrix_product, '_WORTH_TRIALS', 10)
    matrix_product._fastest.cache_clear()
    clock = iter(range(10**6))

    class Slow(Product):

        def __call__(self, columns):
            for _ in range(5):
                next(clock)
            return super().__call__(columns)

    monkeypatch.setattr(matrix_product.time, 'perf_counter',
                        lambda: next(clock))
    for kinds in ((Slow, Product), (Product, Slow)):
        monkeypatch.setattr(matrix_product, 'products_on', lambda *_: kinds)
        product = fastest_product(torch.zeros(20, 3), 20)
        assert type(product) is Product
    matrix_product._fastest.cache_clear()


def test_small_products_are_not_tried(monkeypatch):
    monkeypatch.setattr(matrix_product, '_fastest', lambda *_: 1 / 0)
    assert type(fastest_product(torch.zeros(100, 3), 100)) is Product
    with pytest.raises(ZeroDivisionError):
        fastest_product(torch.zeros(1, 3).expand(10_000, 3), 100_000)


def test_doubles_take_pytorchs_own():
    assert products_on(torch.device('cpu'), torch.float64) == (Product, )
