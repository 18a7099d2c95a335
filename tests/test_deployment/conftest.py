from pathlib import Path

import pytest
from helpers.exports import SmallRun, needs_export, write_small_run

from fusionreid_mm.apis import ReIDInferencer, export_model
from fusionreid_mm.deployment import Threshold


@pytest.fixture(scope='session')
def run(tmp_path_factory) -> SmallRun:
    return write_small_run(tmp_path_factory.mktemp('run'))


@pytest.fixture(scope='session')
def inferencer(run) -> ReIDInferencer:
    return ReIDInferencer(str(run.config), str(run.checkpoint), device='cpu')


@pytest.fixture(scope='session')
def export(inferencer, run, tmp_path_factory):
    """Of the model, with cameras and a threshold."""
    if needs_export.args[0]:
        pytest.skip(needs_export.kwargs['reason'])
    return export_model(
        inferencer,
        tmp_path_factory.mktemp('bundle') / 'person.fusionreid',
        images=run.images,
        threshold=Threshold('cosine', 0.9, 1e-3, 0.001, 0.7))


@pytest.fixture(scope='session')
def bundle(export) -> Path:
    return export.path
