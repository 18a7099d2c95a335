"""How hard it is to tell the people of a dataset apart."""
from dataclasses import dataclass, fields

import numpy as np

__all__ = ['DEFAULT_LEVEL', 'Difficulty']

DEFAULT_LEVEL = 0.3


@dataclass(frozen=True)
class Difficulty:
    """Everything that the level of difficulty sets.

    Args:
        alikeness (float): Probability that a piece of clothing is that of an
            outfit which many people share, 0 to 1.
        num_outfits (float): How many such outfits there are.
        details (float): Probability of each small thing that tells people
            apart, e.g. a logo or a bag, as a factor on its usual value.
        camera_shift (float): How much the cameras differ in colour, exposure
            and contrast; 1 is a lot.
        moment_shift (float): How much pictures of one camera differ in that.
        blur (float): Largest blur, in pixels of a picture 128 high.
        noise (float): Largest standard deviation of noise, in grey levels.
        occlusion_rate (float): Share of the pictures with an occluder.
        occlusion_size (float): Largest share of the picture that it hides.
        box_looseness (float): Shift and stretch of the boxes, as a share of
            their size.
        view_spread (float): How far people turn away from the side that the
            camera mostly sees, and that side from the front, in degrees.
        scene_distinctness (float): How much the places differ between the
            cameras, 0 to 1.
        crowd (float): Share of the pictures with others in the background.
    """
    alikeness: float
    num_outfits: float
    details: float
    camera_shift: float
    moment_shift: float
    blur: float
    noise: float
    occlusion_rate: float
    occlusion_size: float
    box_looseness: float
    view_spread: float
    scene_distinctness: float
    crowd: float

    @classmethod
    def from_level(cls, level: float) -> 'Difficulty':
        """Return the difficulty at a level.

        Args:
            level (float): From 0 (easy) to 1 (hard).

        Raises:
            ValueError: If the level is not within 0 to 1.
        """
        if not 0 <= level <= 1:
            raise ValueError(
                f'difficulty must be a number from 0.0 to 1.0, got {level!r}')
        return cls(
            **{
                field.name: float(
                    np.interp(level, _LEVELS, _BY_LEVEL[field.name]))
                for field in fields(cls)
            })


# Levels, and what each field is there; in between, it is interpolated.
_LEVELS = (0.0, DEFAULT_LEVEL, 1.0)
_BY_LEVEL = {
    'alikeness': (0.0, 0.15, 0.75),
    'num_outfits': (12, 10, 3),
    'details': (1.0, 1.0, 1.2),
    'camera_shift': (0.1, 0.25, 0.45),
    'moment_shift': (0.1, 0.25, 0.35),
    'blur': (0.2, 0.4, 0.5),
    'noise': (2, 4, 6),
    'occlusion_rate': (0.0, 0.1, 0.3),
    'occlusion_size': (0.1, 0.25, 0.35),
    'box_looseness': (0.01, 0.04, 0.06),
    'view_spread': (40, 110, 180),
    'scene_distinctness': (0.15, 0.35, 0.6),
    'crowd': (0.0, 0.1, 0.3),
}
