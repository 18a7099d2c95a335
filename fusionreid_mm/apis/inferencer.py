import logging
import os
from functools import cached_property
from itertools import islice
from typing import (Any, Callable, Iterable, Iterator, List, Optional,
                    Sequence, Tuple, Union)

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.infer import BaseInferencer
from mmengine.infer.infer import ModelType
from mmengine.logging import print_log
from mmengine.registry import MODELS as ROOT_MODELS
from mmengine.registry import DefaultScope
from mmengine.runner.amp import autocast
from mmengine.runner.checkpoint import _load_checkpoint
from torch import nn

from fusionreid_mm.deployment import ExportedInferencer, is_bundle
from fusionreid_mm.engine.checkpoint import fit_for_testing
from fusionreid_mm.engine.fingerprint import (fingerprint, is_half,
                                              weights_digest)
from fusionreid_mm.engine.pipelines import pipeline_of_tests
from fusionreid_mm.registry import INFERENCERS, SCOPE
from fusionreid_mm.sources import UnreadableImageError, is_crop, read_image
from fusionreid_mm.sources.image_items import (Camids, Described, Images, Item,
                                               check_array, check_options,
                                               descriptors_of, items_of)
from fusionreid_mm.sources.progress import progress_bar
from .checkpoint_config import config_of, is_checkpoint
from .metafile import find_model


@INFERENCERS.register_module()
class ReIDInferencer(BaseInferencer):
    """Descriptors of images of people.

    Args:
        model (str | Config | dict): A config: its file, its name among
            :func:`.list_models`, or itself; or a checkpoint that carries the
            config with which it was trained, as those of the Runner and of
            ``tools/model_converters/publish_model.py`` do; or a bundle of
            ``tools/deployment/export.py``, for which this makes an
            :class:`.ExportedInferencer`.
        weights (str, optional): A checkpoint of the config. None leaves the
            model at random, with a warning.
        device (str, optional): Where to run. None takes what there is.
        show_progress (bool): Whether to draw a progress bar, where there is a
            terminal. Defaults to False.

    Attributes:
        model (FusionReID): In the mode of evaluation.
        cfg (Config): Its config.
        pipeline (Callable): What makes an input of the model of an
            :class:`.Item`.

    Raises:
        FileNotFoundError: If there is no such checkpoint.
        ValueError: If there is no such model, or the checkpoint does not fit
            it, or there is no such device.

    ::

        inferencer = ReIDInferencer('work_dirs/market/epoch_180.pth')
        descriptors = inferencer(['a.jpg', 'b.jpg'], camids=[0, 3])
        descriptors /= np.linalg.norm(descriptors, axis=1, keepdims=True)
        similarity = descriptors @ descriptors.T  # from -1 to 1
    """

    def __new__(cls, model: Any = None, *args, **kwargs) -> Any:
        if is_bundle(model):
            return ExportedInferencer(model, *args, **kwargs)
        return super().__new__(cls)

    def __init__(self,
                 model: Union[ModelType, str],
                 weights: Optional[str] = None,
                 device: Optional[str] = None,
                 show_progress: bool = False) -> None:
        model = os.fspath(model) if isinstance(model, os.PathLike) else model
        weights = None if weights is None else os.fspath(weights)
        _check_device(device)
        with DefaultScope.overwrite_default_scope(SCOPE):
            content: Any = weights
            if model is None:
                # As upstream calls it.
                model, weights = weights, None
            if is_checkpoint(model):
                content, model = _read_checkpoint_alone(str(model), weights)
            super().__init__(model, content, device, SCOPE, show_progress)

    def __call__(  # type: ignore[override]
            self,
            images: Images,
            camids: Camids = None,
            batch_size: int = 32) -> np.ndarray:
        """Describe people.

        Args:
            images: One or several of what :func:`.list_images` takes: image
                files, folders, globs, tables, videos, or
                :class:`.PersonImage`; or arrays (H, W, 3) in OpenCV's order of
                colours (BGR), or one (N, H, W, 3). A list, or any iterable.
            camids: The camera of each, counted from 0, or one for all. None
                takes what the images say, which may be that nobody knows.
                Defaults to None.
            batch_size (int): Images at a time. Defaults to 32.

        Returns:
            np.ndarray: (N, D), as ``tools/test.py --out`` writes them: not
            normalised.

        Raises:
            FileNotFoundError: If there is no such file.
            UnreadableImageError: If one of them is no image.
            ValueError: If there are no images, not as many as camids, or an
                array is not of 8 bits and three channels.
        """
        check_options(batch_size)
        items = items_of(images, camids)
        total = len(items) if isinstance(items, Sequence) else None
        with progress_bar(total, self.show_progress) as advance:
            return descriptors_of(self._batches(items, batch_size), advance)

    def stream(
        self,
        images: Images,
        camids: Camids = None,
        batch_size: int = 32,
        on_bad_image: str = 'raise'
    ) -> Iterator[Tuple[List[Described], np.ndarray]]:
        """Describe people batch after batch, without keeping anything.

        Args:
            images: As of :meth:`__call__`; also what never ends, as the
                pictures of a camera.
            camids: As of :meth:`__call__`; also an iterable.
            batch_size (int): Images at a time. Defaults to 32.
            on_bad_image (str): What to do with a file that is no image:
                ``'raise'`` an error, or ``'skip'`` it with a warning, so that
                it is in no batch. Defaults to ``'raise'``.

        Returns:
            Iterator: The images of each batch, as :class:`.PersonImage` or
            arrays, and their descriptors (B, D).

        Raises:
            As :meth:`__call__`.
        """
        check_options(batch_size, on_bad_image)
        items = items_of(images, camids)
        return self._batches(items, batch_size, on_bad_image == 'skip')

    @property
    def fingerprint(self) -> str:
        """The same for all that makes the same descriptors: weights,
        preprocessing, and the embeddings that are used."""
        return fingerprint(self.model, self.cfg, self._weights_digest)

    @property
    def descriptor_size(self) -> int:
        """D: the length of a descriptor."""
        return max(end
                   for _, end in self.model.head.embedding_columns.values())

    @torch.no_grad()
    def forward(self, inputs: Union[dict, tuple], **kwargs) -> Any:
        """As MMEngine's loop of the test."""
        with autocast(enabled=is_half(self.cfg)):
            return self.model.test_step(inputs)

    def postprocess(self, preds: list, *args) -> np.ndarray:
        """The samples' features as one array."""
        features = torch.stack([sample.feature for sample in preds])
        return features.float().cpu().numpy()

    def visualize(self, inputs: list, preds: Any, **kwargs) -> list:
        """Descriptors are not drawn."""
        return []

    @cached_property
    def _weights_digest(self) -> str:
        return weights_digest(self.model.state_dict())

    def _batches(self,
                 items: Iterable[Item],
                 batch_size: int,
                 skip: bool = False
                 ) -> Iterator[Tuple[List[Described], np.ndarray]]:
        loaded = self._load(items, skip)
        while batch := list(islice(loaded, batch_size)):
            images, inputs = zip(*batch)
            samples = self.forward(self.collate_fn(list(inputs)))
            yield list(images), self.postprocess(samples)

    def _load(self, items: Iterable[Item],
              skip: bool) -> Iterator[Tuple[Described, dict]]:
        num_skipped = 0
        for number, item in enumerate(items, start=1):
            try:
                inputs = self.pipeline(item)
            except UnreadableImageError as error:
                if not skip:
                    raise
                num_skipped += 1
                print_log(
                    f'{error}. It is left out, as {num_skipped} of the first '
                    f'{number} images', 'current', logging.WARNING)
                continue
            yield item.image, inputs

    def _init_pipeline(self, cfg: Any) -> Callable:
        with DefaultScope.overwrite_default_scope(SCOPE):
            first, *others = pipeline_of_tests(cfg)
            load, prepare = Compose([first]), Compose(others)

        def pipeline(item: Item) -> dict:
            loaded = _load_array(item.image) if isinstance(
                item.image, np.ndarray) else _load_name(item.image.name, load)
            return prepare(dict(loaded, camid=item.camid))

        return pipeline

    def _init_collate(self, cfg: Any) -> Callable:
        """Whatever the test's loader does, the model stacks images itself."""
        return pseudo_collate

    def _init_visualizer(self, cfg: Any) -> None:
        """None is needed."""

    def _init_model(self,
                    cfg: Any,
                    weights: Any,
                    device: str = 'cpu') -> nn.Module:
        """As upstream, with weights that may have been read already, and with
        what the Runner adds to the config of the model."""
        if isinstance(weights, str):
            weights = _load_checkpoint(weights, map_location='cpu')
        if cfg.get('data_preprocessor') is not None:
            cfg.model.setdefault('data_preprocessor', cfg.data_preprocessor)
        model = ROOT_MODELS.build(cfg.model)
        model.cfg = cfg
        self._load_weights_to_model(model, weights, cfg)
        return model.to(device).eval()

    def _load_weights_to_model(self, model, checkpoint, cfg) -> None:
        if checkpoint is not None:
            fit_for_testing(
                checkpoint.get('state_dict', checkpoint), model.state_dict())
        super()._load_weights_to_model(model, checkpoint, cfg)

    def _load_model_from_metafile(self, model: str) -> tuple:
        return find_model(model)


def _check_device(device: Optional[str]) -> None:
    try:
        torch.empty(0, device=device)
    # An AssertionError if PyTorch was built without it.
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition('\n')[0]
        raise ValueError(f'device {device!r} cannot be used: {reason}') \
            from error


def _read_checkpoint_alone(name: str,
                           weights: Optional[str]) -> Tuple[dict, Config]:
    if weights is not None:
        raise ValueError(f'{name!r} is a checkpoint already, and carries its '
                         f'config: there cannot be weights={weights!r} too')
    content = _load_checkpoint(name, map_location='cpu')
    return content, config_of(content, name)


def _load_name(name: str, load: Callable) -> dict:
    if is_crop(name):
        return _load_array(read_image(name))
    try:
        loaded = load(dict(img_path=name))
    except UnreadableImageError:
        raise
    except Exception as error:
        raise UnreadableImageError(
            f'cannot read the image {name}: {error}') from error
    if loaded is None:  # ignore_empty of mmcv's loaders
        raise UnreadableImageError(f'cannot read the image {name}')
    return loaded


def _load_array(image: np.ndarray) -> dict:
    check_array(image)
    shape = image.shape[:2]
    return dict(img=image, img_shape=shape, ori_shape=shape)
