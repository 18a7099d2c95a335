"""The examples in docstrings are true."""
import doctest
import importlib
import pkgutil

import pytest

import fusionreid_mm

MODULES = [
    info.name
    for info in pkgutil.walk_packages(fusionreid_mm.__path__, 'fusionreid_mm.')
]


@pytest.mark.parametrize('name', MODULES)
def test_examples(name):
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert failed == 0


def test_there_are_examples():
    tried = [
        doctest.testmod(importlib.import_module(name)).attempted
        for name in MODULES
    ]
    assert sum(tried) > 0
