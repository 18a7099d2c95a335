"""Where people walk, and what stands in the way."""
from .occluder import OCCLUDERS, paint_occluder
from .scene import Scene, build_scene

__all__ = ['OCCLUDERS', 'Scene', 'build_scene', 'paint_occluder']
