from typing import Optional, Tuple, Union

from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner.checkpoint import _load_checkpoint

from fusionreid_mm.models import FusionReID
from fusionreid_mm.registry import MODELS, SCOPE
from .checkpoint_config import config_of, is_checkpoint
from .inferencer import ReIDInferencer
from .metafile import find_model


def get_model(model: Union[str, Config],
              pretrained: Union[str, bool] = False,
              device: str = 'cpu',
              **kwargs) -> FusionReID:
    """Build a model.

    Args:
        model (str | Config): A name that :func:`list_models` knows, a config
            file, a config, or a checkpoint that carries its config, which is
            then loaded.
        pretrained (str | bool): A checkpoint, or True for the weights that the
            metafile names. Defaults to False: random values, unless ``model``
            is a checkpoint.
        device (str): Where to put it. Defaults to ``'cpu'``.
        **kwargs: Changes to ``model`` of the config.

    Returns:
        FusionReID: In the mode of evaluation.

    Raises:
        ValueError: If there is no such model, none of its weights have been
            published, or a checkpoint does not fit.

    ::

        >>> from fusionreid_mm.apis import get_model
        >>> model = get_model('fusionreid_tiny_synthetic',
        ...                   head=dict(num_classes=8))
        >>> model.head.num_classes
        8
    """
    cfg, published = _config_of(model)
    pretrained = pretrained or is_checkpoint(model)
    cfg.merge_from_dict(dict(model=kwargs))
    if pretrained is True:
        if published is None:
            raise ValueError(
                f'no weights of {model!r} have been published: '
                'pretrained=... takes the path of a checkpoint of your own')
        pretrained = published
    if pretrained:
        return ReIDInferencer(cfg, pretrained, device).model
    with DefaultScope.overwrite_default_scope(SCOPE):
        return MODELS.build(cfg.model).to(device).eval()


def _config_of(model: Union[str, Config]) -> Tuple[Config, Optional[str]]:
    """And where its weights are, if it has a name in the metafile."""
    if isinstance(model, Config):
        return Config(model.to_dict()), None
    if model.endswith('.py'):
        return Config.fromfile(model), None
    if is_checkpoint(model):
        return config_of(_load_checkpoint(model, 'cpu'), model), model
    return find_model(model)
