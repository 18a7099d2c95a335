"""Packaging of fusionreid_mm.

Beside the package itself, ``configs``, ``tools`` and the metafiles are put
under ``fusionreid_mm/.mim``, where mim and MMEngine look for them: as links
for an editable install, as copies for a wheel.
"""
import os
import shutil
import sys
from pathlib import Path
from setuptools import find_namespace_packages, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.editable_wheel import editable_wheel

ROOT = Path(__file__).resolve().parent
PACKAGE = ROOT / 'fusionreid_mm'
MIM_ENTRIES = ('configs', 'tools', 'model-index.yml')

LINK_COMMANDS = {'develop', 'editable_wheel'}
COPY_COMMANDS = {'sdist', 'bdist_wheel', 'build', 'build_py', 'install'}


def read_version() -> str:
    scope: dict = {}
    exec((PACKAGE / 'version.py').read_text(encoding='utf-8'), scope)
    return scope['__version__']


def read_requirements(name: str) -> list:
    """The supported window stands in these files, and nowhere else."""
    lines = (ROOT / 'requirements' / name).read_text(encoding='utf-8')
    return [
        line for line in map(str.strip, lines.splitlines())
        if line and not line.startswith('#')
    ]


def extras() -> dict:
    """What ``fusionreid_mm[...]`` may name: the files by their names,
    ``all`` that people use, and ``tests`` with all that they look at."""
    names = ('mminstall', 'onedl', 'gallery', 'web', 'deploy', 'optional',
             'docs', 'tests')
    found = {name: read_requirements(f'{name}.txt') for name in names}
    found['all'] = sum(
        (found[name] for name in ('gallery', 'web', 'deploy', 'optional')), [])
    found['tests'] += found['all'] + found['docs']
    return found


def fill_mim_folder() -> None:
    """Link or copy what mim needs, according to the command being run."""
    commands = set(sys.argv[1:])
    if not commands & (LINK_COMMANDS | COPY_COMMANDS):
        return
    target_dir = PACKAGE / '.mim'
    target_dir.mkdir(exist_ok=True)
    for entry in MIM_ENTRIES:
        source, target = ROOT / entry, target_dir / entry
        # An sdist holds the entries only under .mim: then they are in place.
        if not source.exists():
            continue
        if target.is_symlink() or target.is_file():
            target.unlink()
        elif target.is_dir():
            shutil.rmtree(target)
        if commands & LINK_COMMANDS:
            target.symlink_to(os.path.relpath(source, target_dir))
        elif source.is_dir():
            shutil.copytree(
                source, target, ignore=shutil.ignore_patterns('__pycache__'))
        else:
            shutil.copyfile(source, target)


class Wheel(bdist_wheel):
    """Tells onedl-mim where an installed wheel lives.

    It takes the folder of the first file that pip lists for the package. The
    list is in alphabetical order, and the first would be the command,
    ``../../../bin/fusionreid``.
    """

    FIRST_FOLDER = f'+{PACKAGE.name}'

    def write_wheelfile(self, wheelfile_base: str, *args, **kwargs) -> None:
        super().write_wheelfile(wheelfile_base, *args, **kwargs)
        if not LINK_COMMANDS & set(sys.argv):
            shutil.copytree(
                PACKAGE / '.mim',
                Path(wheelfile_base).parent / self.FIRST_FOLDER / '.mim')


class EditableWheel(editable_wheel):
    """Tells mim and MMEngine where an editable install lives.

    Both join the distribution's location (site-packages) with the first line
    of ``top_level.txt``. An absolute path there survives the join.
    """

    def _ensure_dist_info(self) -> None:
        super()._ensure_dist_info()
        top_level = Path(self.dist_info_dir) / 'top_level.txt'
        top_level.write_text(f'{PACKAGE}\n', encoding='utf-8')


if __name__ == '__main__':
    fill_mim_folder()
    setup(
        name='fusionreid_mm',
        version=read_version(),
        description='FusionReID for MMEngine: convolutional and Transformer '
        'features, fused for person re-identification',
        long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
        long_description_content_type='text/markdown',
        keywords='person re-identification, computer vision, OpenMMLab',
        license='Apache-2.0',
        packages=find_namespace_packages(
            include=('fusionreid_mm', 'fusionreid_mm.*')),
        include_package_data=True,
        python_requires=','.join(read_requirements('python.txt')),
        install_requires=read_requirements('runtime.txt'),
        extras_require=extras(),
        entry_points={
            'console_scripts': ['fusionreid = fusionreid_mm.cli:main']
        },
        cmdclass={
            'bdist_wheel': Wheel,
            'editable_wheel': EditableWheel
        },
        zip_safe=False)
