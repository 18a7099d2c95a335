from collections import Counter

import numpy as np
import pytest

from fusionreid_mm.datasets import RandomIdentitySampler
from fusionreid_mm.datasets.samplers import random_identity_sampler


class People:
    """A dataset of which only the pids matter."""

    def __init__(self, *counts: int) -> None:
        self.pids = np.repeat(np.arange(len(counts)) * 3 + 1, counts)

    def __len__(self) -> int:
        return len(self.pids)

    def get_data_info(self, index: int) -> dict:
        return dict(pid=self.pids[index], split='train', img_path='')


MARKET_LIKE = tuple(np.random.default_rng(0).integers(2, 73, 120))


def steps(sampler, num_identities, num_instances):
    indices = np.array(list(sampler))
    return indices.reshape(-1, num_identities, num_instances)


@pytest.mark.parametrize('counts', [(4, ) * 6,
                                    (1, 2, 3, 9, 20, 5), MARKET_LIKE])
@pytest.mark.parametrize('p, k', [(2, 4), (3, 2), (6, 5)])
def test_each_batch_is_p_people_with_k_images(counts, p, k):
    dataset = People(*counts)
    sampler = RandomIdentitySampler(dataset, p, k, seed=0)
    for epoch in range(3):
        sampler.set_epoch(epoch)
        batches = steps(sampler, p, k)
        assert batches.size == len(sampler) > 0
        pids = dataset.pids[batches]
        assert (pids == pids[:, :, :1]).all()
        assert all(len(set(batch)) == p for batch in pids[:, :, 0])


def test_as_long_as_the_chunks_allow():
    # 3 + 1 + 1 + 1 chunks, two people a step: the first is in three steps.
    sampler = RandomIdentitySampler(People(12, 4, 4, 4), 2, 4, seed=0)
    assert len(sampler) == 3 * 8
    # 9 chunks of one person fill no more steps than the others do.
    sampler = RandomIdentitySampler(People(36, 4, 4), 2, 4, seed=0)
    assert len(sampler) == 2 * 8


def test_no_image_twice_but_of_people_with_too_few():
    dataset = People(8, 9, 3, 16)
    for epoch in range(20):
        sampler = RandomIdentitySampler(dataset, 2, 4, seed=0)
        sampler.set_epoch(epoch)
        drawn = Counter(sampler)
        few = dataset.pids == dataset.pids[17]
        assert few.sum() == 3
        assert all(count == 1 for index, count in drawn.items()
                   if not few[index])
        assert sum(count for index, count in drawn.items()
                   if few[index]) in (0, 4)


def test_every_image_is_drawn_in_time():
    dataset = People(*MARKET_LIKE)
    sampler = RandomIdentitySampler(dataset, 8, 4, seed=0)
    seen = set()
    for epoch in range(12):
        sampler.set_epoch(epoch)
        seen.update(sampler)
    assert len(seen) > 0.99 * len(dataset)


def test_own_generator():
    dataset = People(*MARKET_LIKE)
    state = np.random.get_state()[1].copy()

    def draw(seed, epoch):
        sampler = RandomIdentitySampler(dataset, 8, 4, seed=seed)
        sampler.set_epoch(epoch)
        return list(sampler)

    assert draw(0, 0) == draw(0, 0)
    assert draw(0, 0) != draw(0, 1)
    assert draw(0, 0) != draw(1, 0)
    # Seed 0 in epoch 1 is not seed 1 in epoch 0.
    assert draw(0, 1) != draw(1, 0)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


@pytest.mark.parametrize('world_size', [2, 3])
def test_processes_share_steps_but_no_people(monkeypatch, world_size):
    dataset = People(*MARKET_LIKE)
    p, k = 4, 3
    by_rank = []
    for rank in range(world_size):
        monkeypatch.setattr(random_identity_sampler, 'get_dist_info', lambda:
                            (rank, world_size))
        by_rank.append(
            steps(RandomIdentitySampler(dataset, p, k, seed=0), p, k))
    for together in zip(*by_rank):
        step = np.concatenate(together)
        assert len(set(dataset.pids[step[:, 0]])) == world_size * p

    # One process with all the people takes the very same steps.
    monkeypatch.setattr(random_identity_sampler, 'get_dist_info', lambda:
                        (0, 1))
    alone = steps(
        RandomIdentitySampler(dataset, world_size * p, k, seed=0),
        world_size * p, k)
    np.testing.assert_array_equal(np.concatenate(by_rank, axis=1), alone)


def test_people_are_drawn_at_random():
    """Over many epochs everybody is as often among the first."""
    dataset = People(*(4, ) * 20)
    first = Counter()
    for epoch in range(400):
        sampler = RandomIdentitySampler(dataset, 4, 4, seed=0)
        sampler.set_epoch(epoch)
        first.update(dataset.pids[steps(sampler, 4, 4)[0, :, 0]].tolist())
    # Expected 80 of each, with a standard deviation of 8.
    assert min(first.values()) > 45 and max(first.values()) < 115


@pytest.mark.parametrize('p, k, message', [
    (5, 2, 'only 4: lower num_identities'),
    (0, 2, 'at least 1'),
    (2, 0, 'at least 1'),
])
def test_bad_arguments(p, k, message):
    with pytest.raises(ValueError, match=message):
        RandomIdentitySampler(People(4, 4, 4, 4), p, k, seed=0)
