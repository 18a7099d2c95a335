from fnmatch import fnmatch
from typing import Iterable, Iterator, List, Optional, Tuple

from mmengine.config import Config
from mmengine.infer import BaseInferencer

from fusionreid_mm.registry import SCOPE


def list_models(pattern: str = '*',
                exclude_patterns: Iterable[str] = ()) -> List[str]:
    """Names of the metafile, one for each config.

    Args:
        pattern (str): What a name must look like, as a file name in a shell;
            anything may follow. Defaults to ``'*'``.
        exclude_patterns (Iterable[str]): What it must not look like.

    Returns:
        List[str]: In alphabetical order.

    ::

        >>> from fusionreid_mm.apis import list_models
        >>> list_models('fusionreid_duke', exclude_patterns=['*384x128'])
        ['fusionreid_duke', 'fusionreid_duke_stride-16']
    """
    names = (entry['Name'] for entry in _entries(_folder()))
    return sorted(
        name for name in names if fnmatch(name, f'{pattern}*') and not any(
            fnmatch(name, f'{exclude}*') for exclude in exclude_patterns))


def find_model(name: str) -> Tuple[Config, Optional[str]]:
    """The config of a name of the metafile, and where its weights are.

    Raises:
        ValueError: If there is no such name.
    """
    folder = _folder()
    names = []
    for entry in _entries(folder):
        if entry['Name'] == name.lower():
            return (Config.fromfile(f"{folder}/{entry['Config']}"),
                    entry.get('Weights'))
        names.append(entry['Name'])
    raise ValueError(f'{name!r} is neither a config file nor a model of '
                     f'fusionreid_mm: those are {names}')


def _folder() -> str:
    """Of the configs: a checkout, or ``.mim`` of an installed package."""
    return BaseInferencer._get_repo_or_mim_dir(SCOPE)


def _entries(folder: str) -> Iterator[dict]:
    return BaseInferencer._get_models_from_metafile(folder)
