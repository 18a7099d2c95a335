"""Somebody to dress, and a way to look at them."""
from typing import Any, Callable

import numpy as np
import pytest

from fusionreid_mm.datasets.synthetic.palette import FABRICS, HAIR, SKIN
from fusionreid_mm.datasets.synthetic.people import (Light, Person, Pose,
                                                     Viewpoint, paint_figure)
from fusionreid_mm.datasets.synthetic.people.appearance import (Body, Hair,
                                                                Lower, Pattern,
                                                                Shoes, Upper)


@pytest.fixture
def body() -> Body:
    """The build of an average adult."""
    return Body(1.0, 1.0, 1.0, 1.0, 1.0, SKIN['light'])


@pytest.fixture
def person(body) -> Person:
    """Somebody in plain clothes, with nothing in their hands."""
    plain = Pattern('plain', FABRICS['white'], 6)
    grey = FABRICS['grey']
    return Person(body,
                  Hair('cropped', HAIR['brown'], beard=False, glasses=False),
                  Upper('sweater', grey, plain, None, FABRICS['white'], None),
                  Lower('trousers', FABRICS['navy'], plain, None),
                  Shoes('loafers', FABRICS['black'], FABRICS['black'], grey))


@pytest.fixture(scope='session')
def portrait() -> Callable[..., np.ndarray]:
    """Paints a person on white, 200 pixels high on a canvas of 240x160."""

    def paint(person: Person, yaw: float = 0.0, **pose: Any) -> np.ndarray:
        canvas = np.full((240, 160, 3), 255, np.float32)
        view = Viewpoint(pitch=0.0, scale=200.0, foot=(80.0, 225.0))
        paint_figure(canvas, person, Pose(yaw, **pose), view, Light())
        return canvas

    return paint
