"""Drawn pedestrians in the layout of a real dataset."""
from .difficulty import DEFAULT_LEVEL, Difficulty

__all__ = ['DEFAULT_LEVEL', 'Difficulty']
