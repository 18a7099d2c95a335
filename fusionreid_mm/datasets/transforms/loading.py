from typing import Optional

from mmcv.transforms import LoadImageFromFile

from fusionreid_mm.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadReIDImage(LoadImageFromFile):
    """mmcv's loader, whose errors name the file.

    Pillow decodes by default: it refuses a truncated file, of which OpenCV
    would return a half grey image.

    Args:
        imdecode_backend (str): As upstream. Defaults to ``'pillow'``.
        **kwargs: Other arguments of
            :class:`mmcv.transforms.LoadImageFromFile`.
    """

    def __init__(self, imdecode_backend: str = 'pillow', **kwargs) -> None:
        super().__init__(imdecode_backend=imdecode_backend, **kwargs)

    def transform(self, results: dict) -> Optional[dict]:
        try:
            return super().transform(results)
        except Exception as error:
            raise OSError(
                f'cannot read the image {results["img_path"]}: {error}'
            ) from error
