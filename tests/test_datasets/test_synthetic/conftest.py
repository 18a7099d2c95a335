"""Small datasets that several tests read."""
from pathlib import Path
from typing import Callable, Dict

import pytest

from fusionreid_mm.datasets.synthetic import make_synthetic_reid

SMALL = dict(
    num_train_pids=3, num_test_pids=4, num_cameras=3, images_per_camera=2)


@pytest.fixture(scope='session')
def dataset(tmp_path_factory) -> Callable[[str], Path]:
    """Draws a small dataset of a layout, once for all tests."""
    roots: Dict[str, Path] = {}

    def draw(layout: str) -> Path:
        if layout not in roots:
            roots[layout] = tmp_path_factory.mktemp(layout)
            make_synthetic_reid(roots[layout], layout, num_workers=1, **SMALL)
        return roots[layout]

    return draw
