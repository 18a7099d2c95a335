from functools import partial
from typing import Any, Callable, List, Optional, Sequence

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import DistSamplerSeedHook
from mmengine.runner import IterBasedTrainLoop, Runner, set_random_seed
from torch.utils.data import DataLoader, Dataset, get_worker_info

from fusionreid_mm.registry import HOOKS


@HOOKS.register_module()
class EpochSeedHook(DistSamplerSeedHook):
    """Derives all that is random in an epoch from the seed of the run, the
    process and the epoch.

    Then nothing that a generator has been through before must be kept in a
    checkpoint: an epoch that starts in a new process draws what it would have
    drawn in the old one. There are three who draw.

    - The sampler has a generator of its own. It is told the epoch, as upstream
      does, and keeps its seed over a resume.
    - The main process (dropout, random erasing; all of the augmentation
      without workers) is seeded anew before each epoch.
    - The workers outlive an epoch. They look at a number in shared memory, and
      seed themselves anew when it has changed.
    """

    # After all that other hooks draw.
    priority = 'LOWEST'

    def __init__(self) -> None:
        # What the workers of this process look at.
        self._seed = torch.zeros((), dtype=torch.int64).share_memory_()

    def before_train(self, runner: Runner) -> None:
        loader = runner.train_loop.dataloader
        hub = runner.message_hub
        sampler = _sampler_of(loader)
        if hasattr(sampler, 'seed'):
            sampler.seed = hub.get_info('sampler_seed', sampler.seed)
            hub.update_info('sampler_seed', sampler.seed)
        if isinstance(runner.train_loop, IterBasedTrainLoop):
            # It goes through the data again and again in a single epoch.
            return
        # Otherwise new workers take a random number from the main process.
        loader.generator = torch.Generator()
        loader.worker_init_fn = partial(
            _follow_epochs, seed=self._seed, before=loader.worker_init_fn)

    def before_train_epoch(self, runner: Runner) -> None:
        super().before_train_epoch(runner)
        # runner.seed differs between processes if the config wants it.
        _seed_all(runner.seed, runner.epoch)
        self._seed.fill_(_mix(runner.seed, runner.epoch, 1 + get_rank()))


class _SeededBatches:
    """What a worker asks for the samples of a batch, in place of its dataset.

    Args:
        dataset (Dataset): Of the worker.
        seed (torch.Tensor): The number to look at.
        worker_id (int): Which worker it is.
    """

    def __init__(self, dataset: Dataset, seed: torch.Tensor,
                 worker_id: int) -> None:
        self.dataset = dataset
        self.seed = seed
        self.worker_id = worker_id
        self.current: Optional[int] = None

    def __call__(self, indices: Sequence[int]) -> List[Any]:
        seed = int(self.seed)
        if seed != self.current:
            self.current = seed
            _seed_all(seed, self.worker_id)
        return [self.dataset[index] for index in indices]


def _follow_epochs(worker_id: int, seed: torch.Tensor,
                   before: Optional[Callable[[int], None]]) -> None:
    """The start of a worker, which goes on with what it was to do
    ``before``."""
    if before is not None:
        before(worker_id)
    worker = get_worker_info()
    assert worker is not None
    # Where there is such a method, PyTorch asks it for a whole batch.
    setattr(worker.dataset, '__getitems__',
            _SeededBatches(worker.dataset, seed, worker_id))


def _sampler_of(loader: DataLoader) -> Any:
    if hasattr(loader.sampler, 'set_epoch'):
        return loader.sampler
    return getattr(loader.batch_sampler, 'sampler', loader.sampler)


def _mix(*numbers: int) -> int:
    """A seed that depends on each of them."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def _seed_all(*numbers: int) -> None:
    """Python, NumPy, and PyTorch on all devices."""
    set_random_seed(_mix(*numbers))
