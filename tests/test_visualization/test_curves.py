import io

import numpy as np
import pytest
from matplotlib.figure import Figure

from fusionreid_mm.evaluation.functional import ScoreHistogram
from fusionreid_mm.visualization import (RocCurve, plot_cmc, plot_matrix,
                                         plot_precision_recall, plot_roc,
                                         plot_scores)


@pytest.fixture
def axes():
    return Figure().add_subplot()


def points(axes):
    return {
        line.get_label(): line.get_xydata().tolist()
        for line in axes.get_lines()
    }


def test_cmc(axes):
    plot_cmc(axes, dict(one=np.array([.5, 1]), two=np.array([.25, .5, .75])))
    assert points(axes) == dict(
        one=[[1, 50], [2, 100]], two=[[1, 25], [2, 50], [3, 75]])
    assert axes.get_xlim() == (.5, 3.5)
    assert [text.get_text()
            for text in axes.get_legend().get_texts()] == ['one', 'two']


def test_precision_stands_at_its_recall(axes):
    plot_precision_recall(axes, {'only': np.array([1, .5, .25, .125])})
    assert points(axes) == dict(
        only=[[12.5, 100], [37.5, 50], [62.5, 25], [87.5, 12.5]])
    assert axes.get_legend() is None


def test_roc(axes):
    plot_roc(axes, dict(one=RocCurve(np.array([.001, .1]), np.array([.5, 1]))))
    np.testing.assert_allclose(points(axes)['one'], [[.1, 50], [10, 100]])
    assert axes.get_xscale() == 'log'


@pytest.mark.parametrize('metric, label', [('cosine', 'cosine similarity'),
                                           ('euclidean', 'distance')])
def test_scores_are_shares_of_their_own(axes, metric, label):
    scores = ScoreHistogram(
        np.array([.5, .75, 1]), np.array([1, 3]), np.array([0, 50]))
    plot_scores(axes, scores, metric)
    steps = {
        patch.get_label(): patch.get_data()
        for patch in axes.patches if patch.get_label()
    }
    assert {
        name: step.values.tolist()
        for name, step in steps.items()
    } == {
        'one person': [25, 75],
        'two people': [0, 100]
    }
    assert steps['one person'].edges.tolist() == [.5, .75, 1]
    assert axes.get_xlabel() == label


def test_curves_are_told_apart_without_colours(axes):
    plot_cmc(axes, {str(i): np.ones(3) for i in range(7)})
    lines = axes.get_lines()
    assert len({line.get_color() for line in lines}) == 7
    # How a dash pattern is kept is known to Matplotlib alone.
    patterns = {str(line._unscaled_dash_pattern) for line in lines}
    assert len(patterns) == 7


def test_names_are_text(axes):
    # Matplotlib reads dollars as mathematics, which this is not, and leaves
    # out what begins with an underscore.
    names = ['_old', 'a$x_^$']
    plot_cmc(axes, dict.fromkeys(names, np.ones(3)))
    assert [text.get_text() for text in axes.get_legend().get_texts()] == names
    axes.figure.savefig(io.BytesIO())


def test_matrix(axes):
    plot_matrix(axes, np.array([[.5, np.nan], [.125, 1]]), ['a', 'b'],
                ['x', 'y'])
    assert [text.get_text()
            for text in axes.texts] == ['50.0', '–', '12.5', '100.0']
    assert [t.get_text() for t in axes.get_xticklabels()] == ['x', 'y']
    assert [t.get_text() for t in axes.get_yticklabels()] == ['a', 'b']
    plot_matrix(Figure().add_subplot(), np.array([[.5]]), ['a'], ['x'])
