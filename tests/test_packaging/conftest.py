from pathlib import Path

import pytest
from helpers.environments import build_wheel, copy_sources, write_data


@pytest.fixture(scope='session')
def sources(tmp_path_factory) -> Path:
    """A checkout to build from."""
    return copy_sources(tmp_path_factory.mktemp('sources') / 'checkout')


@pytest.fixture(scope='session')
def wheel(sources, tmp_path_factory) -> Path:
    return build_wheel(sources, tmp_path_factory.mktemp('wheel'))


@pytest.fixture(scope='session')
def data_root(tmp_path_factory) -> Path:
    return write_data(tmp_path_factory.mktemp('data'))
