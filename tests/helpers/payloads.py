"""Pickles that would do what no checkpoint has to do."""
import builtins
import os
import pickle
import shutil
from pathlib import Path
from typing import Any, Dict

import numpy as np
import torch


class Call:
    """Pickled as the call of a function."""

    def __init__(self, function, *args) -> None:
        self.call = function, args

    def __reduce__(self):
        return self.call


def payloads(marker: Path) -> Dict[str, Any]:
    """By name; the first ones make a file ``marker`` when they are run, the
    others would reach for what can."""
    touch = f'open({str(marker)!r}, "w").close()'
    return dict(
        os_system=Call(os.system, f'touch {marker}'),
        eval=Call(eval, touch),
        exec=Call(exec, touch),
        import_=Call(builtins.__import__, 'os'),
        getattr=Call(getattr, Call(builtins.__import__, 'os'), 'system'),
        getattr_of_a_class=Call(getattr, dict, 'get'),
        copy=Call(shutil.copy, __file__, str(marker)),
        loads=Call(pickle.loads, pickle.dumps(Call(exec, touch))),
        array_of_objects=np.array([Call(exec, touch)], dtype=object),
        array_of_records=np.zeros(1, dtype=[('a', 'O')]),
        array_of_addresses=Call(np.ndarray, (1, ), np.dtype('O'), b'x' * 8),
        array_over_a_buffer=Call(np.ndarray, (1, ), np.dtype('f8'), b'x' * 8),
        module=torch.nn.Linear(1, 1),
    )
