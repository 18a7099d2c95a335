from typing import Optional

import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmengine import fileio

from fusionreid_mm.registry import TRANSFORMS
from fusionreid_mm.sources import UnreadableImageError, decode_image


@TRANSFORMS.register_module()
class LoadReIDImage(LoadImageFromFile):
    """mmcv's loader, which reads each kind of image rightly, and whose errors
    name the file.

    Pillow decodes by default (:func:`.decode_image`): it refuses a truncated
    file, of which OpenCV would return a half grey image. An image that is
    there already is taken as it is.

    Args:
        imdecode_backend (str): As upstream. Defaults to ``'pillow'``.
        **kwargs: Other arguments of
            :class:`mmcv.transforms.LoadImageFromFile`.
    """

    def __init__(self, imdecode_backend: str = 'pillow', **kwargs) -> None:
        super().__init__(imdecode_backend=imdecode_backend, **kwargs)

    def transform(self, results: dict) -> Optional[dict]:
        if 'img' in results:
            return _with_shape(results)
        try:
            if (self.imdecode_backend, self.color_type) == ('pillow', 'color'):
                return _with_shape(dict(results, img=self._read(results)))
            return super().transform(results)
        except Exception as error:
            if self.ignore_empty:
                return None
            raise UnreadableImageError(
                f'cannot read the image {results["img_path"]}: {error}'
            ) from error

    def _read(self, results: dict) -> np.ndarray:
        """The image, BGR as upstream."""
        content = fileio.get(
            results['img_path'], backend_args=self.backend_args)
        image = decode_image(content)[..., ::-1]
        return image.astype(np.float32) if self.to_float32 else image


def _with_shape(results: dict) -> dict:
    shape = results['img'].shape[:2]
    return dict(results, img_shape=shape, ori_shape=shape)
