"""The config that a checkpoint carries, taken for the word of a stranger."""
from typing import Any, Iterator, Mapping

from mmengine.config import Config
from mmengine.registry import Registry

from fusionreid_mm.checkpoint_io import read_config_text
from fusionreid_mm.engine.pipelines import pipeline_of_tests
from fusionreid_mm.registry import (MODELS, SCOPE, TRANSFORMS,
                                    WEIGHT_INITIALIZERS)

_SCOPES = ('fusionreid_mm', 'mmcv', 'mmengine', 'mmpretrain')

SUFFIXES = ('.pth', '.pt', '.safetensors')

# Where MMEngine finds nothing under a name, it looks among all functions of
# all packages, so that a config could call any of them.
_REGISTRIES = (MODELS, TRANSFORMS, WEIGHT_INITIALIZERS)


def is_checkpoint(name: Any) -> bool:
    """Whether something is a checkpoint, by its name."""
    return isinstance(name, str) and name.lower().endswith(SUFFIXES)


def config_of(checkpoint: Any, name: str) -> Config:
    """The config with which a checkpoint was trained, read from itself.

    Nothing of it is run, and it names only what is registered.

    Args:
        checkpoint (dict): What is in the file.
        name (str): Of the file, for error messages.

    Raises:
        ValueError: If there is no config, or it is not plain data.
    """
    text = _text_of(checkpoint)
    if text is None:
        raise ValueError(
            f'{name} does not carry the config that it was trained with: give '
            f"both, as ReIDInferencer('CONFIG', '{name}')")
    try:
        cfg = Config(read_config_text(text))
        _check_names(cfg)
    except ValueError as error:
        raise ValueError(
            f'the config in {name} is refused: {error}. If you trust it, give '
            f"it as a file: ReIDInferencer('CONFIG', '{name}')") from error
    return cfg


def _text_of(checkpoint: Any) -> Any:
    if not isinstance(checkpoint, Mapping):
        return None
    text = (checkpoint.get('meta') or {}).get('cfg')
    return text if isinstance(text, str) else None


def _check_names(cfg: Config) -> None:
    if 'model' not in cfg:
        raise ValueError('it has no model')
    for name in _types([cfg.model, pipeline_of_tests(cfg)]):
        if not any(_is_registered(name, registry) for registry in _REGISTRIES):
            raise ValueError(f'nothing is registered as type={name!r}; what '
                             'registers it must be imported first')


def _types(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        if node.get('type') is not None:
            yield node['type']
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for part in node:
            yield from _types(part)


def _is_registered(name: Any, registry: Registry) -> bool:
    """Whether it is in a registry or one above it, or in that of the package
    whose name it starts with."""
    if not isinstance(name, str):
        return False
    scope, key = Registry.split_scope_key(name)
    if scope not in (None, *_SCOPES):
        return False
    with registry.switch_scope_and_registry(scope or SCOPE) as found:
        while found is not None:
            found.import_from_location()
            if key in found.module_dict:
                return True
            found = found.parent
    return False
