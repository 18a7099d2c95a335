"""Rows and columns of a position embedding, which its number of places does
not tell: 196 are 14 x 14, or 28 x 7."""
import math
from typing import Any, Dict, Mapping, Sequence, Tuple

#: The name under which it is kept beside the entries of a state dict.
PATCH_GRID = 'patch_grid'

#: Stands for the grid of a file that does not say it: all that are trained on
#: ImageNet are square.
SQUARE = 'square'


def write_patch_grid(transformer: Any, state_dict: dict, prefix: str,
                     metadata: Dict[str, Any]) -> None:
    """A hook of ``state_dict()``: checkpoints say the grid of a Transformer
    that has a ``patch_resolution``."""
    metadata[PATCH_GRID] = tuple(map(int, transformer.patch_resolution))


def read_patch_grid(num_places: int, ours: Sequence[int],
                    metadata: Mapping[str, Any]) -> Tuple[int, ...]:
    """The grid of a position embedding in a state dict.

    Args:
        num_places (int): The number of its places, without extra tokens.
        ours (Sequence[int]): The grid of the Transformer.
        metadata (Mapping[str, Any]): Of the Transformer in the state dict.

    Raises:
        ValueError: If it cannot be known, or is not what was stated.
    """
    stated = metadata.get(PATCH_GRID)
    if isinstance(stated, (tuple, list)):
        if math.prod(stated) != num_places:
            raise ValueError(
                f'patch_grid={tuple(stated)} of init_cfg, or of the '
                f'checkpoint, are not the {num_places} places that its '
                'position embedding has')
        return tuple(stated)
    side = math.isqrt(num_places)
    is_square, is_ours = side**2 == num_places, num_places == math.prod(ours)
    if is_ours and not (is_square and stated == SQUARE):
        return tuple(ours)
    if is_square:
        return side, side
    raise ValueError(
        f'the position embedding of the checkpoint has {num_places} places, '
        'which are neither the grid of this Transformer '
        f'({ours[0]}x{ours[1]}) nor a square: state their rows and columns, '
        'patch_grid=(rows, columns) of init_cfg, to have them resized')
