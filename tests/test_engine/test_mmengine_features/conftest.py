from pathlib import Path

import pytest
from helpers.tiny_training import tiny_config, write_people
from mmengine.config import Config


@pytest.fixture(scope='session')
def data_root(tmp_path_factory) -> Path:
    return write_people(tmp_path_factory.mktemp('people'))


@pytest.fixture
def config(data_root, tmp_path) -> Config:
    return tiny_config(data_root, tmp_path / 'work_dir')


@pytest.fixture(autouse=True)
def leave_configs_unformatted(monkeypatch):
    """MMEngine lays out the config with yapf for each log and checkpoint,
    which takes longer than these trainings."""
    monkeypatch.setattr('mmengine.config.config.FormatCode',
                        lambda text, **kwargs: (text, True))
