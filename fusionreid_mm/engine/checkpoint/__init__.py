from .misfits import describe_misfits
from .official_state_dict import (convert_official_state_dict,
                                  map_official_names)

__all__ = [
    'convert_official_state_dict', 'describe_misfits', 'map_official_names'
]
