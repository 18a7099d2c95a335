from typing import List

from mmcv.transforms import Resize
from mmengine.registry import DefaultScope

from fusionreid_mm.datasets.transforms import LoadReIDImage, PackReIDInputs
from fusionreid_mm.registry import SCOPE, TRANSFORMS
from ..manifest import check_preprocessing
from ..preprocessing import Preprocessing

_STEPS = (LoadReIDImage, Resize, PackReIDInputs)


def preprocessing_of(pipeline: List[dict]) -> Preprocessing:
    """What a test does to an image before the model sees it.

    Args:
        pipeline (List[dict]): The transforms of the test.

    Raises:
        ValueError: If it does what an exported model would not.
    """
    with DefaultScope.overwrite_default_scope(SCOPE):
        steps = [TRANSFORMS.build(step) for step in pipeline]
    if [type(step) for step in steps] != list(_STEPS):
        raise ValueError(
            'only a test that loads, resizes and packs can be exported, '
            f'{[step.__name__ for step in _STEPS]}, since nothing else is done'
            ' to the images of an exported model: the pipeline has '
            f'{[type(step).__name__ for step in steps]}')
    load, resize, _ = steps
    if load.imdecode_backend != 'pillow' or load.color_type != 'color' \
            or load.to_float32:
        raise ValueError(
            'an exported model reads images as LoadReIDImage does it by '
            "itself, with imdecode_backend='pillow', color_type='color' and "
            'to_float32=False: leave its options out')
    if resize.scale is None or resize.keep_ratio:
        raise ValueError('an exported model takes images of one size: Resize '
                         'needs a scale, and no keep_ratio')
    width, height = resize.scale
    return check_preprocessing(
        Preprocessing(height, width, resize.interpolation, resize.backend))
