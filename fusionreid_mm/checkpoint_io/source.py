"""Where a checkpoint is: a path, a URL, or a name that stands for one."""
import os
from pathlib import Path
from typing import Callable, Dict, Mapping, Optional
from urllib.error import URLError
from urllib.parse import urlparse

from mmengine.dist import all_gather_object
from mmengine.runner.checkpoint import (_get_mmengine_home,
                                        get_deprecated_model_names,
                                        get_external_models, get_mmcls_models,
                                        get_torchvision_models)
from torch.hub import download_url_to_file, get_dir

#: Names that stand for a URL, by the scheme under which MMEngine knows them.
_CATALOGUES: Dict[str, Callable[[], Mapping[str, str]]] = {
    'torchvision': get_torchvision_models,
    'modelzoo': get_torchvision_models,
    'mmcls': get_mmcls_models,
    'openmmlab': get_external_models,
    'open-mmlab': get_external_models,
}


def find_file(checkpoint: str) -> Path:
    """The file on this machine, downloaded if need be.

    Args:
        checkpoint (str): A path, a URL, or a name such as
            ``'torchvision://resnet50'``.

    Raises:
        FileNotFoundError: If there is no such file, or it cannot be
            downloaded.
        ValueError: If the name is not known.
    """
    url = _resolve(checkpoint)
    if urlparse(url).scheme in ('http', 'https'):
        return _download(url)
    path = Path(url).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'{checkpoint!r}: there is no such file')
    return path


def _resolve(checkpoint: str) -> str:
    scheme, separator, name = checkpoint.partition('://')
    if not separator or scheme in ('http', 'https'):
        return checkpoint
    if scheme not in _CATALOGUES:
        raise ValueError(
            f'{checkpoint!r}: {scheme}:// is not known, only '
            f'{", ".join(f"{known}://" for known in _CATALOGUES)}, http:// '
            'and https://. A backbone of timm takes its weights with '
            'pretrained=True in place of init_cfg.')
    catalogue = _CATALOGUES[scheme]()
    if scheme.endswith('mmlab'):
        name = get_deprecated_model_names().get(name, name)
    if name not in catalogue:
        raise ValueError(f'{checkpoint!r}: {scheme} has no weights of the '
                         f'name {name!r}')
    url = catalogue[name]
    # MMEngine's own catalogue may be extended by files beside it.
    return url if '://' in url else os.path.join(_get_mmengine_home(), url)


def _download(url: str) -> Path:
    """Into PyTorch's cache, once on each machine."""
    path = Path(get_dir(), 'checkpoints', Path(urlparse(url).path).name)
    failure = None
    # Launchers count the processes of a machine; without a launcher there is
    # one.
    if os.environ.get('LOCAL_RANK', '0') == '0':
        failure = _download_if_missing(url, path)
    # All of them wait here, and none of them for ever if one has failed.
    for text in all_gather_object(failure):
        if text is not None:
            raise FileNotFoundError(text)
    return path


def _download_if_missing(url: str, path: Path) -> Optional[str]:
    """Returns what went wrong, or None."""
    if path.exists():
        return None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        download_url_to_file(url, str(path), progress=False)
    except (URLError, OSError) as error:
        return (f'cannot download {url} ({error}). Download it elsewhere and '
                f'put it at {path}, or give its path')
    return None
