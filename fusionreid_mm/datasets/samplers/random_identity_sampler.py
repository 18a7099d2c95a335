from collections import defaultdict
from typing import Dict, Iterator, List, Optional, Sized

import numpy as np
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from fusionreid_mm.registry import DATA_SAMPLERS
from ..base_reid_dataset import collect_annotations


@DATA_SAMPLERS.register_module()
class RandomIdentitySampler(Sampler):
    """P people with K images each, in every batch of every process.

    The images of a person are shuffled and cut into chunks of K; what is left
    over waits for another epoch. A person with fewer than K images is one
    chunk, drawn with replacement, as in the released code. Each step then
    takes chunks of P people per process, different ones on all processes, so
    no image is seen twice in a step.

    The epoch is as long as the chunks allow, and always equally long: people
    are drawn at random, but those whose chunks would not fit into the steps
    that remain go first. (The released sampler stops earlier, after a number
    of steps that is not known before.) Two processes of P people give the
    steps of one process of 2 P.

    Args:
        dataset (Sized): A ReID dataset.
        num_identities (int): People in a batch of one process, P.
        num_instances (int): Images of each, K.
        seed (int, optional): Seed, the same on all processes. None draws one.
            With the epoch it makes the sampler's own generator.

    Raises:
        ValueError: If P or K is less than 1, or if the dataset has fewer
            people than one step takes.
    """

    def __init__(self,
                 dataset: Sized,
                 num_identities: int,
                 num_instances: int,
                 seed: Optional[int] = None) -> None:
        if num_identities < 1 or num_instances < 1:
            raise ValueError(
                'num_identities (P) and num_instances (K) must be at least '
                f'1: got {num_identities} and {num_instances}')
        self.rank, self.world_size = get_dist_info()
        self.num_identities = num_identities
        self.num_instances = num_instances
        self.seed = sync_random_seed() if seed is None else seed
        self.epoch = 0

        indices: Dict[int, List[int]] = defaultdict(list)
        for index, pid in enumerate(collect_annotations(dataset).pids):
            indices[pid].append(index)
        self._indices = [np.array(indices[pid]) for pid in sorted(indices)]
        self._num_chunks = np.array(
            [max(len(images) // num_instances, 1) for images in self._indices])
        if self._identities_per_step > len(self._indices):
            raise ValueError(
                f'one step takes {num_identities} people on each of '
                f'{self.world_size} processes, but the dataset has only '
                f'{len(self._indices)}: lower num_identities (and the batch '
                'size with it)')
        self._num_steps = self._count_steps()

    @property
    def _identities_per_step(self) -> int:
        return self.num_identities * self.world_size

    def __len__(self) -> int:
        """The number of images of one process and epoch, exactly."""
        return self._num_steps * self.num_identities * self.num_instances

    def __iter__(self) -> Iterator[int]:
        rng = np.random.default_rng((self.seed, self.epoch))
        chunks = [self._cut(images, rng) for images in self._indices]
        first = self.rank * self.num_identities
        for identities in self._draw_steps(rng):
            step = [chunks[identity].pop() for identity in identities]
            for chunk in step[first:first + self.num_identities]:
                yield from chunk

    def set_epoch(self, epoch: int) -> None:
        """Called by MMEngine before each epoch."""
        self.epoch = epoch

    def _count_steps(self) -> int:
        """The largest number of steps that can all be filled: a person is in
        each step at most once."""
        steps = int(self._num_chunks.sum()) // self._identities_per_step
        while (np.minimum(self._num_chunks, steps).sum()
               < steps * self._identities_per_step):
            steps -= 1
        return steps

    def _cut(self, images: np.ndarray,
             rng: np.random.Generator) -> List[List[int]]:
        """The chunks of one person."""
        size = self.num_instances
        if len(images) < size:
            return [rng.choice(images, size, replace=True).tolist()]
        shuffled = rng.permutation(images)
        return [
            shuffled[start:start + size].tolist()
            for start in range(0,
                               len(shuffled) - size + 1, size)
        ]

    def _draw_steps(self, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """The people of each step, over all processes."""
        remaining = np.minimum(self._num_chunks, self._num_steps)
        surplus = remaining.sum() - self._num_steps * self._identities_per_step
        dropped = rng.permutation(
            np.repeat(np.arange(len(remaining)), remaining))[:surplus]
        np.subtract.at(remaining, dropped, 1)

        for steps_left in range(self._num_steps, 0, -1):
            due = np.flatnonzero(remaining == steps_left)
            others = np.flatnonzero((remaining > 0) & (remaining < steps_left))
            free = self._identities_per_step - len(due)
            chosen = rng.permutation(
                np.concatenate([due,
                                rng.choice(others, free, replace=False)]))
            remaining[chosen] -= 1
            yield chosen
