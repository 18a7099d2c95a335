"""Whether the installed libraries work together."""
import platform
from importlib import metadata
from importlib.util import find_spec
from typing import Iterator, Optional

import numpy as np
import torch
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from fusionreid_mm.compat import (MODULES, installed_providers,
                                  versions_outside_window)
from .finding import Finding, ok, problem, warning

_SUBJECT = 'environment'


def check_environment() -> Iterator[Finding]:
    """Versions, distributions in each other's way, torch with NumPy and
    torchvision, and what mim needs."""
    providers = [
        f'{name} {version}' for module in MODULES
        for name, version in installed_providers(module).items()
    ]
    yield ok(
        _SUBJECT, f'Python {platform.python_version()}, torch '
        f'{torch.__version__}, numpy {np.__version__}, {", ".join(providers)}')
    python = _required_python()
    if platform.python_version() not in python:
        yield warning(_SUBJECT,
                      f'fusionreid_mm was tried with Python {python}',
                      'Install one of these if something fails.')
    for message in versions_outside_window():
        yield warning(_SUBJECT, message,
                      'Install a version of that window if something fails.')
    yield from _check_providers()
    yield from _check_torch()
    is_mim_there = _version_of('openmim') is not None
    if is_mim_there and find_spec('pkg_resources') is None:
        yield warning(
            _SUBJECT, 'mim needs pkg_resources, which setuptools '
            f'{_version_of("setuptools")} does not have',
            'pip install "setuptools<82"')


def _check_providers() -> Iterator[Finding]:
    for module in MODULES:
        found = list(installed_providers(module))
        if len(found) > 1:
            yield problem(
                _SUBJECT, f'{" and ".join(found)} are installed over each '
                'other: they write the same files',
                f'pip uninstall -y {" ".join(found)}, then install one')
        # It may also lie on PYTHONPATH.
        elif not found and find_spec(module) is None:
            yield problem(_SUBJECT, f'nothing provides {module}',
                          'pip install "fusionreid_mm[mminstall]"')


def _check_torch() -> Iterator[Finding]:
    try:
        torch.from_numpy(np.zeros(1))
    except RuntimeError as error:
        yield problem(
            _SUBJECT, f'torch {torch.__version__} does not work with numpy '
            f'{np.__version__}: {error}', 'pip install "numpy<2"')
    for line in metadata.requires('torchvision') or []:
        requirement = Requirement(line)
        version = Version(torch.__version__)
        if requirement.name == 'torch' and not requirement.specifier.contains(
                version.base_version, prereleases=True):
            yield problem(
                _SUBJECT, f'torchvision {_version_of("torchvision")} needs '
                f'{requirement}, but torch is {version}',
                'Install both from the same place, in one command.')


def _required_python() -> SpecifierSet:
    """Any, if the package is used from a checkout."""
    try:
        return SpecifierSet(
            metadata.metadata('fusionreid_mm')['Requires-Python'])
    except (metadata.PackageNotFoundError, KeyError):
        return SpecifierSet()


def _version_of(distribution: str) -> Optional[str]:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
