import math
import os
from typing import Optional, Union

from fusionreid_mm.evaluation import load_thresholds
from ..manifest import Threshold


def threshold_of(path: Union[str, 'os.PathLike[str]'],
                 allowed_far: Optional[float] = None) -> Threshold:
    """One of the thresholds that a test wrote
    (:func:`.evaluation.save_thresholds`).

    Args:
        path (str | PathLike): The file.
        allowed_far (float, optional): The false accept rate that is allowed,
            one of those of the test. None takes the threshold of the equal
            error rate.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is something else, has no such rate, or nothing may
            be accepted at that rate.
    """
    result, metric = load_thresholds(path)
    if allowed_far is None:
        point = result.eer_point
    elif allowed_far in result.tar_at_far:
        point = result.tar_at_far[allowed_far]
    else:
        known = ', '.join(f'{far:g}' for far in result.tar_at_far)
        raise ValueError(f'{path} has no threshold for a false accept rate of '
                         f'{allowed_far:g}, only for {known}')
    if math.isnan(point.threshold):
        raise ValueError(
            f'{path}: no threshold keeps to a false accept rate of '
            f'{allowed_far if allowed_far is not None else result.eer:g}: '
            'take another one')
    return Threshold(metric, point.threshold, allowed_far, point.far,
                     point.tar)
