"""Who walks there: looks, poses, and the painting of both."""
from .appearance import Person
from .figure import paint_figure
from .pose import Pose, Viewpoint
from .surface import Light
from .walk import choose_pose, passing_pose
from .wardrobe import Wardrobe

__all__ = [
    'Light', 'Person', 'Pose', 'Viewpoint', 'Wardrobe', 'choose_pose',
    'paint_figure', 'passing_pose'
]
