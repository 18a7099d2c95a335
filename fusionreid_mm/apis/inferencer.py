import os
from typing import Any, Callable, Iterator, List, Optional, Sequence, Union

import numpy as np
from mmengine.dataset import Compose
from mmengine.infer import BaseInferencer
from mmengine.infer.infer import ModelType
from mmengine.registry import DefaultScope

from fusionreid_mm.engine.checkpoint import fit_for_testing
from fusionreid_mm.registry import INFERENCERS, SCOPE
from .metafile import find_model

Image = Union[str, 'os.PathLike[str]', np.ndarray]


@INFERENCERS.register_module()
class ReIDInferencer(BaseInferencer):
    """Descriptors of images of people.

    Args:
        model (str | Config | dict): A config: its file, its name in the
            metafile, or itself.
        weights (str, optional): A checkpoint of it. None leaves the model at
            random, with a warning.
        device (str, optional): Where to run. None takes what there is.
        show_progress (bool): Whether to draw a progress bar. Defaults to
            False.

    Raises:
        ValueError: If the checkpoint does not fit the model.

    ::

        inferencer = ReIDInferencer(config, checkpoint)
        descriptors = inferencer(['a.jpg', 'b.jpg'], camids=[0, 3])
        descriptors /= np.linalg.norm(descriptors, axis=1, keepdims=True)
        similarity = descriptors @ descriptors.T  # from -1 to 1
    """

    preprocess_kwargs = {'camids'}

    def __init__(self,
                 model: Union[ModelType, str],
                 weights: Optional[str] = None,
                 device: Optional[str] = None,
                 show_progress: bool = False) -> None:
        with DefaultScope.overwrite_default_scope(SCOPE):
            super().__init__(model, weights, device, SCOPE, show_progress)

    def __call__(  # type: ignore[override]
            self,
            images: Union[Image, Sequence[Image]],
            camids: Union[int, Sequence[Optional[int]], None] = None,
            batch_size: int = 32) -> np.ndarray:
        """Describe people.

        Args:
            images: Image files, or arrays (H, W, 3) in OpenCV's order of
                colours; one, a list, or a folder.
            camids: The camera of each, counted from 0, or one for all. None
                means that nobody knows. Defaults to None.
            batch_size (int): Images at a time. Defaults to 32.

        Returns:
            np.ndarray: (N, D), as ``tools/test.py --out`` writes them: not
            normalised.

        Raises:
            ValueError: If there are no images, as many camids as images are
                not there, or an array is not of 8 bits and three channels.
        """
        if batch_size < 1:
            raise ValueError(
                f'batch_size must be at least 1: got {batch_size}')
        return super().__call__(images, batch_size=batch_size, camids=camids)

    def preprocess(self,
                   inputs: List[Image],
                   batch_size: int = 1,
                   camids: Any = None) -> Iterator:
        if camids is None or isinstance(camids, (int, np.integer)):
            camids = [camids] * len(inputs)
        if len(camids) != len(inputs):
            raise ValueError(f'{len(inputs)} images, but {len(camids)} camids')
        items = [
            dict(image=image, camid=None if camid is None else int(camid))
            for image, camid in zip(inputs, camids)
        ]
        yield from super().preprocess(items, batch_size)

    def _inputs_to_list(self, inputs: Any) -> list:
        if isinstance(inputs, os.PathLike):
            inputs = os.fspath(inputs)
        images = super()._inputs_to_list(inputs)
        if not len(images):
            raise ValueError(f'there are no images in {inputs!r}')
        # The files of a folder in an order that is always the same.
        return sorted(images) if isinstance(inputs, str) else images

    def _init_visualizer(self, cfg: Any) -> None:
        """None is needed."""

    def visualize(self, inputs: list, preds: Any, **kwargs) -> list:
        """Descriptors are not drawn."""
        return []

    def postprocess(self, preds: list, *args) -> np.ndarray:
        """The samples' features as one array."""
        return np.stack([sample.feature.float().cpu() for sample in preds])

    def _init_pipeline(self, cfg: Any) -> Callable:
        with DefaultScope.overwrite_default_scope(SCOPE):
            load, *others = cfg.test_dataloader.dataset.pipeline
            from_file, from_array = Compose([load, *others]), Compose(others)

        def pipeline(item: dict) -> dict:
            image, camid = item['image'], item['camid']
            if isinstance(image, np.ndarray):
                _check_array(image)
                return from_array(dict(img=image, camid=camid))
            return from_file(dict(img_path=str(image), camid=camid))

        return pipeline

    def _load_weights_to_model(self, model, checkpoint, cfg) -> None:
        if checkpoint is not None:
            fit_for_testing(
                checkpoint.get('state_dict', checkpoint), model.state_dict())
        super()._load_weights_to_model(model, checkpoint, cfg)

    def _load_model_from_metafile(self, model: str) -> tuple:
        return find_model(model)


def _check_array(image: np.ndarray) -> None:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[-1] != 3:
        raise ValueError(
            'an image must be (H, W, 3) of uint8, in the order blue, green, '
            f'red: got {image.shape} of {image.dtype}')
