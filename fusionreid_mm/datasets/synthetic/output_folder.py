"""The folder of a dataset: what may be written there, and what is there.

``dataset_info.json`` is written last. Until then ``dataset_incomplete.json``
holds the settings, so that an interrupted run is recognised, and its files
can be told from those of others: the settings name every file.
"""
import json
from dataclasses import fields
from pathlib import Path
from typing import Any, Dict, List, Optional, Set

from .plan import Plan, plan_dataset
from .settings import DatasetSettings

__all__ = ['INFO_NAME', 'OutputFolder', 'OutputFolderError']

GENERATOR = 'fusionreid_mm synthetic'
FORMAT_VERSION = 1
INFO_NAME = 'dataset_info.json'
INCOMPLETE_NAME = 'dataset_incomplete.json'


class OutputFolderError(RuntimeError):
    """A folder cannot take a dataset without touching what is in it."""


class OutputFolder:
    """Where a dataset is written.

    Args:
        root (Path): The folder; it need not exist.
        settings (DatasetSettings): Settings of the dataset to be there.
        plan (Plan): Its plan.
    """

    def __init__(self, root: Path, settings: DatasetSettings,
                 plan: Plan) -> None:
        self.root = Path(root)
        self.settings = settings
        self.plan = plan

    def finished_info(self) -> Optional[Dict[str, Any]]:
        """Return the info if exactly this dataset is there, else None."""
        info = self._read(INFO_NAME)
        if info != self._info():
            return None
        complete = all(
            (self.root / path).is_file() for path in self.plan.paths)
        return info if complete else None

    def claim(self, overwrite: bool) -> None:
        """Empty the folder of an earlier dataset, and mark it incomplete.

        An interrupted dataset of the same settings makes room by itself.

        Args:
            overwrite (bool): Whether a dataset of other settings may be
                deleted.

        Raises:
            OutputFolderError: If the folder holds a dataset of other settings
                and ``overwrite`` is not set, or anything else. Nothing is
                changed then.
        """
        if self.root.exists() and not self.root.is_dir():
            raise OutputFolderError(
                f'{self.root} is a file: name a folder for the dataset')
        previous = self._previous_settings()
        if previous and previous != self.settings and not overwrite:
            raise OutputFolderError(
                f'{self.root} holds a synthetic dataset of other settings '
                f'({_differences(previous, self.settings)}): name another '
                'folder, or replace it with --overwrite (overwrite=True)')
        old_paths = plan_dataset(previous).paths if previous else []
        self._check_foreign_files(old_paths)
        if previous:
            self._write(INCOMPLETE_NAME, _header(previous))
            (self.root / INFO_NAME).unlink(missing_ok=True)
            self._delete(old_paths)
        self.root.mkdir(parents=True, exist_ok=True)
        self._write(INCOMPLETE_NAME, _header(self.settings))
        for parent in {(self.root / path).parent for path in self.plan.paths}:
            parent.mkdir(parents=True, exist_ok=True)

    def finish(self) -> Dict[str, Any]:
        """Write the lists and the info: the dataset is complete."""
        for path, text in self.plan.lists.items():
            (self.root / path).write_text(text, encoding='utf-8')
        info = self._info()
        self._write(INFO_NAME, info)
        (self.root / INCOMPLETE_NAME).unlink()
        return info

    def _info(self) -> Dict[str, Any]:
        return {**_header(self.settings), 'counts': self.plan.counts()}

    def _read(self, name: str) -> Optional[Dict[str, Any]]:
        """Return a record of this generator, or None if there is none."""
        path = self.root / name
        if not path.is_file():
            return None
        try:
            record = json.loads(path.read_text(encoding='utf-8'))
            known = (record['generator'], record['format_version'])
        except (ValueError, TypeError, KeyError):
            known = None
        if known != (GENERATOR, FORMAT_VERSION):
            raise OutputFolderError(
                f'{path} was not written by this version of the generator '
                f'({GENERATOR!r}, format_version {FORMAT_VERSION}), so its '
                'files are unknown: name another folder')
        return record

    def _previous_settings(self) -> Optional[DatasetSettings]:
        """Return the settings of what is in the folder, finished or not."""
        record = self._read(INCOMPLETE_NAME) or self._read(INFO_NAME)
        if record is None:
            return None
        names = [field.name for field in fields(DatasetSettings)]
        return DatasetSettings(**{name: record[name] for name in names})

    def _check_foreign_files(self, own: List[str]) -> None:
        """Refuse a folder with files that this generator did not write.

        Beside a dataset, e.g. a note on it does no harm; inside its folders
        a file would become a part of it.
        """
        if not self.root.exists():
            return
        found = {
            path.relative_to(self.root).as_posix()
            for path in self.root.rglob('*') if not path.is_dir()
        }
        known = {*own, INFO_NAME, INCOMPLETE_NAME}
        if own:
            inside = {path.split('/')[0] for path in own + self.plan.paths}
            found = {path for path in found if path.split('/')[0] in inside}
        foreign = sorted(found - known)
        if foreign:
            more = f' and {len(foreign) - 1} more' if foreign[1:] else ''
            raise OutputFolderError(
                f'{self.root} holds files that are not of a synthetic '
                f'dataset ({foreign[0]}{more}): name another folder, or move '
                'them away; nothing was changed')

    def _delete(self, paths: List[str]) -> None:
        """Delete files, and the folders that they leave empty."""
        folders: Set[Path] = set()
        for path in paths:
            (self.root / path).unlink(missing_ok=True)
            folders.update(Path(path).parents)
        for folder in sorted(folders - {Path('.')}, reverse=True):
            target = self.root / folder
            if target.is_dir() and not any(target.iterdir()):
                target.rmdir()

    def _write(self, name: str, record: Dict[str, Any]) -> None:
        """Write a record in one step: it is there as a whole or not at all."""
        part = self.root / f'{name}.part'
        part.write_text(json.dumps(record, indent=2) + '\n', encoding='utf-8')
        part.replace(self.root / name)


def _header(settings: DatasetSettings) -> Dict[str, Any]:
    return {
        'generator': GENERATOR,
        'format_version': FORMAT_VERSION,
        **settings.as_dict()
    }


def _differences(there: DatasetSettings, wanted: DatasetSettings) -> str:
    wanted_values = wanted.as_dict()
    return ', '.join(f'{name} {value!r} there, {wanted_values[name]!r} wanted'
                     for name, value in there.as_dict().items()
                     if value != wanted_values[name])
