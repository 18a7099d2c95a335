from collections import Counter
from typing import Any, Dict, Iterator, Optional, Set

from mmengine.dist import all_gather_object
from mmengine.hooks import Hook
from mmengine.runner import Runner

from fusionreid_mm.registry import HOOKS
from fusionreid_mm.structures import ReIDDataSample

_WHAT_WAS_DONE = {
    'train': 'other images took their place',
    'val': 'the metrics leave them out',
    'test': 'the metrics leave them out',
}


@HOOKS.register_module()
class BadImageHook(Hook):
    """Tells after each epoch which images could not be read, in all workers
    and processes.

    There are some only if a dataset has ``on_bad_image='skip'``. A file is
    named once, and counted in each epoch.
    """

    def __init__(self) -> None:
        self._found: Dict[str, Counter] = {
            mode: Counter()
            for mode in _WHAT_WAS_DONE
        }
        self._named: Set[str] = set()

    def _after_iter(self,
                    runner: Runner,
                    batch_idx: int,
                    data_batch: Optional[dict] = None,
                    outputs: Any = None,
                    mode: str = 'train') -> None:
        self._found[mode].update(
            sample.in_place_of for sample in samples_of(data_batch)
            if 'in_place_of' in sample)

    def _after_epoch(self, runner: Runner, mode: str = 'train') -> None:
        found: Counter = Counter()
        for own in all_gather_object(self._found[mode]):
            found.update(own)
        self._found[mode].clear()
        if not found:
            return
        message = (f'{len(found)} images could not be read ({mode}, '
                   f'{sum(found.values())} times): {_WHAT_WAS_DONE[mode]}')
        new = sorted(set(found) - self._named)
        self._named.update(new)
        runner.logger.warning('\n  '.join([message, *new]))


def samples_of(data_batch: Optional[dict]) -> Iterator[ReIDDataSample]:
    """All samples of a batch, the versions of test-time augmentation
    included."""
    return _flatten((data_batch or {}).get('data_samples', []))


def _flatten(items: Any) -> Iterator[ReIDDataSample]:
    if isinstance(items, (list, tuple)):
        for item in items:
            yield from _flatten(item)
    else:
        yield items
