"""Small datasets that several tests read."""
from pathlib import Path
from typing import Callable, Dict

import pytest

from fusionreid_mm.datasets.synthetic import LAYOUTS, make_synthetic_reid

SMALL = dict(
    num_train_pids=3, num_test_pids=4, num_cameras=3, images_per_camera=2)


@pytest.fixture(scope='session')
def dataset(tmp_path_factory) -> Callable[[str], Path]:
    """Draws a small dataset of a layout, once for all tests."""
    roots: Dict[str, Path] = {}

    def draw(layout: str) -> Path:
        if layout not in roots:
            roots[layout] = tmp_path_factory.mktemp(layout)
            cameras = min(SMALL['num_cameras'], LAYOUTS[layout].max_cameras)
            make_synthetic_reid(
                roots[layout],
                layout,
                num_workers=1,
                **dict(SMALL, num_cameras=cameras))
        return roots[layout]

    return draw
