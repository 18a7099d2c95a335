from .fit import fit_for_finetuning, fit_for_resuming, fit_for_testing
from .misfits import Misfit, find_misfits
from .official_state_dict import (convert_official_state_dict,
                                  map_official_names)
from .publish import published_weights, write_published
from .resume import find_latest_whole, resume_latest

__all__ = [
    'Misfit', 'convert_official_state_dict', 'find_latest_whole',
    'find_misfits', 'fit_for_finetuning', 'fit_for_resuming',
    'fit_for_testing', 'map_official_names', 'published_weights',
    'resume_latest', 'write_published'
]
