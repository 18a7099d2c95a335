import numpy as np
import pytest

from fusionreid_mm.evaluation.functional import (cross_identity_agreement,
                                                 frechet_distance, linear_cka,
                                                 maximum_mean_discrepancy,
                                                 mean_gap, neighbor_agreement,
                                                 sliced_wasserstein)

ONE_SPACE = (maximum_mean_discrepancy, frechet_distance, sliced_wasserstein,
             mean_gap)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def rotation(rng, width):
    return np.linalg.qr(rng.standard_normal((width, width)))[0]


class TestMaximumMeanDiscrepancy:

    def test_by_hand(self):
        x, y = np.array([[0.], [1.]]), np.array([[0.], [3.]])
        near, far, middle = np.exp(-.5), np.exp(-4.5), np.exp(-2)
        expected = near + far - 2 * (1 + far + near + middle) / 4
        assert maximum_mean_discrepancy(
            x, y, bandwidth=1) == pytest.approx(expected)
        # The distances are 1, 3 and 0, 3, 1, 2: the median is 1.5.
        assert maximum_mean_discrepancy(x, y) == pytest.approx(
            maximum_mean_discrepancy(x, y, bandwidth=1.5))

    def test_as_a_naive_loop(self, rng):
        x, y = rng.random((5, 3)), rng.random((7, 3)) + .2

        def kernel(a, b):
            return np.exp(-((a - b)**2).sum() / (2 * .7**2))

        within = [
            np.mean([
                kernel(s[i], s[j]) for i in range(len(s))
                for j in range(len(s)) if i != j
            ]) for s in (x, y)
        ]
        across = np.mean([kernel(a, b) for a in x for b in y])
        assert maximum_mean_discrepancy(
            x, y, bandwidth=.7) == pytest.approx(sum(within) - 2 * across)

    def test_unbiased(self, rng):
        found = [
            maximum_mean_discrepancy(
                rng.standard_normal((20, 3)), rng.standard_normal((30, 3)))
            for _ in range(200)
        ]
        assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(200)
        assert min(found) < 0

    def test_all_alike(self):
        assert maximum_mean_discrepancy(np.ones((3, 2)), np.ones(
            (4, 2))) == pytest.approx(0)


class TestFrechetDistance:

    def test_by_hand(self):
        # Variances 2 and 8: (3 - 1)^2 + 2 + 8 - 2 sqrt(16).
        x, y = np.array([[0.], [2.]]), np.array([[1.], [5.]])
        assert frechet_distance(x, y) == pytest.approx(4 + 2)

    @pytest.mark.parametrize('n, m', [(50, 40), (4, 5), (50, 3)])
    def test_as_by_eigenvalues(self, rng, n, m):
        x, y = rng.random((n, 6)), 2 * rng.random((m, 6)) @ rotation(rng, 6)
        product = np.cov(x.T) @ np.cov(y.T)
        roots = np.sqrt(np.linalg.eigvals(product).astype(complex)).real
        gap = ((x.mean(0) - y.mean(0))**2).sum()
        variances = np.trace(np.cov(x.T)) + np.trace(np.cov(y.T))
        expected = gap + variances - 2 * roots.sum()
        assert frechet_distance(x, y) == pytest.approx(expected, abs=1e-5)

    def test_of_a_set_and_itself(self, rng):
        x = rng.random((20, 4))
        assert frechet_distance(x, x[::-1]) == pytest.approx(0, abs=1e-10)


class TestSlicedWasserstein:

    def test_in_one_dimension(self):
        # Every direction is the one or the other.
        x, y = np.array([[3.], [0.]]), np.array([[1.], [5.]])
        assert sliced_wasserstein(x, y) == pytest.approx(np.sqrt((1 + 4) / 2))
        # Sets of 2 and 3: quantiles at 1/3, 1/2, 2/3.
        z = np.array([[0.], [3.], [6.]])
        expected = (0 / 3 + 9 / 6 + 0 / 6 + 9 / 3)
        assert sliced_wasserstein(x, z) == pytest.approx(np.sqrt(expected))

    def test_repeated_vectors_change_nothing(self, rng):
        x, y = rng.random((4, 3)), rng.random((6, 3))
        assert sliced_wasserstein(x.repeat(3, 0), y) == pytest.approx(
            sliced_wasserstein(x, y))

    def test_of_a_shift(self, rng):
        x = rng.random((10, 4))
        shift = np.array([2., 0, 0, 0])
        # The mean square of a direction's first number is 1/4.
        assert sliced_wasserstein(
            x, x + shift, num_projections=20000) == pytest.approx(
                np.sqrt(4 / 4), rel=.03)
        assert sliced_wasserstein(x, x + shift) == sliced_wasserstein(
            x, x + shift)
        assert sliced_wasserstein(x, x + shift) != sliced_wasserstein(
            x, x + shift, seed=1)


def test_mean_gap():
    assert mean_gap([[0., 0], [2, 0]], [[4., 3], [4, 5]]) == 5


class TestLinearCKA:

    def test_rotations_and_scales_do_not_matter(self, rng):
        x = rng.standard_normal((30, 5))
        assert linear_cka(x, 3 * x @ rotation(rng, 5) + 7) == pytest.approx(1)
        wider = x @ rotation(rng, 8)[:5]
        assert linear_cka(x, wider) == pytest.approx(1)

    def test_as_a_naive_formulation(self, rng):
        x, y = rng.random((9, 3)), rng.random((9, 4))

        def hsic(k, l):  # noqa: E741
            n, ones = 9, np.ones(9)
            k, l = k - np.diag(np.diag(k)), l - np.diag(  # noqa: E741
                np.diag(l))
            return (np.trace(k @ l) + (ones @ k @ ones) * (ones @ l @ ones) /
                    ((n - 1) *
                     (n - 2)) - 2 / (n - 2) * (ones @ k @ l @ ones)) / (
                         n * (n - 3))

        k, l = x @ x.T, y @ y.T  # noqa: E741
        assert linear_cka(x, y) == pytest.approx(
            hsic(k, l) / np.sqrt(hsic(k, k) * hsic(l, l)))

    def test_of_what_has_nothing_to_do_with_each_other(self, rng):
        """The plain estimate would be about 0.9 for such wide vectors."""
        found = [
            linear_cka(
                rng.standard_normal((30, 300)), rng.standard_normal((30, 300)))
            for _ in range(30)
        ]
        assert abs(np.mean(found)) < .05

    def test_all_alike(self):
        assert linear_cka(np.ones((5, 2)), np.eye(5)) == 0


def test_neighbor_agreement():
    # By angle: 0 and 1 are neighbours, 2 and 3; then 1 and 2, so 0's is 1
    # still, and 3's is 2.
    def at(degrees):
        return np.stack([np.cos(np.radians(degrees)),
                         np.sin(np.radians(degrees))], axis=1)  # yapf: disable

    x, y = at([0, 10, 50, 60]), at([0, 40, 50, 80])
    assert neighbor_agreement(x, y) == .5
    assert neighbor_agreement(x, np.hstack((x, x))) == 1
    # Lengths do not matter.
    assert neighbor_agreement(x, x * [[1], [9], [2], [4]]) == 1


def test_cross_identity_agreement():
    one, other = [1., 0], [0., 1]
    x = np.array([one, one, other, other, one])
    pids = np.array([1, 1, 2, 2, 3])
    # Image 4 is alone, and does not count; it is nobody's nearest either,
    # since 0 and 1 come first.
    assert cross_identity_agreement(x, x, pids) == 1
    assert cross_identity_agreement(x, x[:, ::-1], pids) == 0
    # In the other set, person 2 looks like 1: two of four find theirs, and
    # the other way round those of 1 again.
    y = np.array([one, one, one, one, other])
    assert cross_identity_agreement(x, y, pids) == pytest.approx(
        (0.5 + 0.5) / 2)
    with pytest.raises(ValueError, match='no person is on two'):
        cross_identity_agreement(x, x, np.arange(5))
    with pytest.raises(ValueError, match='5 vectors, but 4 pids'):
        cross_identity_agreement(x, x, pids[:4])


def test_many_neighbours_are_found_in_blocks(rng):
    x = rng.standard_normal((2500, 4))
    order = rng.permutation(2500)
    assert neighbor_agreement(x, x @ rotation(rng, 4)) == 1
    assert neighbor_agreement(x, x[order]) < .02


@pytest.mark.parametrize('measure', [*ONE_SPACE, linear_cka])
def test_sets_that_cannot_be_compared(measure):
    least = 4 if measure is linear_cka else 2
    with pytest.raises(ValueError, match=f'{least} vectors or more.*1, 3'):
        measure(np.ones((1, 3)), np.ones((1, 3)))
    with pytest.raises(ValueError, match='not finite'):
        measure(np.full((5, 3), np.nan), np.ones((5, 3)))
    if measure is linear_cka:
        with pytest.raises(ValueError, match='as many vectors: got 5 and 6'):
            measure(np.ones((5, 3)), np.ones((6, 3)))
    else:
        with pytest.raises(ValueError, match='3 and of 4 numbers.*linear_cka'):
            measure(np.ones((5, 3)), np.ones((5, 4)))


@pytest.mark.parametrize('measure', ONE_SPACE)
def test_distances_are_symmetric_and_see_a_shift(measure, rng):
    x, y = rng.random((12, 3)), rng.random((9, 3))
    assert measure(x, y) == pytest.approx(measure(y, x))
    assert measure(x, y + 3) > measure(x, y) + .1
