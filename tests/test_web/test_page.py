"""What the page answers, without a browser."""
import re
import shutil
from html import unescape
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from helpers.drawn_data import write_image
from helpers.small_gallery import HOSTILE

from fusionreid_mm import web
from fusionreid_mm.apis import Gallery
from fusionreid_mm.web import Searcher
from fusionreid_mm.web.answers import Answers
from fusionreid_mm.web.controls import read_controls
from fusionreid_mm.web.page import build_page
from fusionreid_mm.web.query import MAX_UPLOAD
from fusionreid_mm.web.query_image import dropped_file

UNKNOWN = -1


@pytest.fixture
def answers(searcher):
    return Answers(searcher)


def found_in(html: str) -> list:
    """Names and scores, in the order of the page."""
    names = map(unescape, re.findall(r'data-rank="\d+" title="([^"]*)"', html))
    scores = re.findall(r'class="reid-score">([^<]*)<', html)
    return list(zip(names, map(float, scores), strict=True))


def test_upload(answers, small, searcher):
    path = small.images[3].name
    found, html, detail = answers.upload((path, 'me.png'), 0, 5)
    expected, = searcher.gallery.search(small.images[3], topk=5)
    assert found_in(html) == [(match.name, round(match.score, 3))
                              for match in expected]
    assert found.query.name == 'me.png' and found.query.camid == 0
    assert list(found.matches) == expected
    assert '5 pictures, the most similar first.' in html
    assert not detail


def test_the_same_picture_by_another_camera(answers, small, searcher):
    path = small.images[3].name
    first, html, _ = answers.upload((path, 'me.png'), UNKNOWN, 5)
    assert first.query.camid is None
    second, other_html, _ = answers.describe_again(first, 0, 5)
    expected, = searcher.gallery.search(small.images[3], topk=5)
    assert list(second.matches) == expected
    assert other_html != html


def test_filters_are_searched_again_only_if_they_change(answers, small):
    path = small.images[3].name
    controls = 20, [], [], '', ''
    found, html, _ = answers.upload((path, 'me.png'), 0, *controls)
    assert len(found_in(html)) == 13
    assert answers.search_again(found, *controls) == gr.skip()
    assert answers.search_again(None, *controls) == gr.skip()
    found, html, _ = answers.search_again(found, 20, [0], [], '0:03:00', '')
    assert {match.camid for match in found.matches} == {0}
    assert len(found_in(html)) == 3
    found, html, _ = answers.search_again(found, 20, [0], [], '5:00:00', '')
    assert 'Nothing was found' in html
    # What was dropped is not forgotten over a mistake.
    found, html, _ = answers.search_again(found, 20, [0], [0], '', '')
    assert 'role="alert"' in html and 'are left out, too' in html
    found, html, _ = answers.search_again(found, *controls)
    assert len(found_in(html)) == 13


@pytest.mark.parametrize('controls, message', [
    ((20, [], [], 'noon', ''), "'noon' is no time"),
    ((20, [], [], '0:02:00', '0:01:00'), 'ends, at 0:01:00, before it'),
    ((20, [1, 2], [0, 1, 2], '', ''), 'all cameras that are searched'),
    ((0, [], [], '', ''), 'from 1 to 100 pictures'),
    ((101, [], [], '', ''), 'from 1 to 100 pictures'),
])
def test_controls_that_find_nothing(controls, message):
    with pytest.raises(ValueError, match=message):
        read_controls(*controls)


def test_what_is_no_picture(answers, tmp_path):
    (tmp_path / 'a.jpg').write_text('hello')
    found, html, _ = answers.upload((str(tmp_path / 'a.jpg'), '<i>.jpg'), 0, 5)
    assert found is None
    assert 'role="alert"' in html
    assert '&lt;i&gt;.jpg cannot be used: this is no image of a known' in html
    assert str(tmp_path) not in html
    (tmp_path / 'a.jpg').write_bytes(b'0' * (MAX_UPLOAD + 1))
    _, html, _ = answers.upload((str(tmp_path / 'a.jpg'), 'a.jpg'), 0, 5)
    assert 'the file has more than 20 MB' in html


def test_what_fails_inside_is_logged_and_not_shown(answers, small, caplog,
                                                   monkeypatch):

    def fail(*args):
        raise RuntimeError('secret')

    monkeypatch.setattr(answers.searcher.gallery, 'search_descriptors', fail)
    _, html, _ = answers.upload((small.images[3].name, 'me.png'), 0, 5)
    assert 'its log says why' in html and 'secret' not in html
    assert 'RuntimeError: secret' in caplog.text


def test_a_wide_picture(answers, tmp_path):
    write_image(tmp_path / 'a.png', size=(65, 64))
    _, html, _ = answers.upload((str(tmp_path / 'a.png'), 'a.png'), 0, 5)
    assert 'wider than tall' in html
    write_image(tmp_path / 'a.png', size=(64, 64))
    _, html, _ = answers.upload((str(tmp_path / 'a.png'), 'a.png'), 0, 5)
    assert 'wider than tall' not in html


def test_examples(answers, searcher):
    name = searcher.summary().examples[1]
    found, html, _ = answers.example(2, UNKNOWN, 20)
    assert found.query.source == name
    assert len(found_in(html)) == 12
    assert name not in dict(found_in(html))
    assert answers.example(7, UNKNOWN, 20)[0] is None


def test_names_are_text(answers, small):
    found, html, _ = answers.upload((small.images[-1].name, HOSTILE), 0, 20)
    assert '<img src=x' not in html
    assert '&lt;img src=x onerror=alert(1)&gt;' in html
    rank = 1 + [match.name
                for match in found.matches].index(small.images[-1].name)
    detail = answers.select(found, rank)
    assert '<img src=x' not in detail
    assert 'camera ?' in detail


def test_threshold(searcher, small):
    path = small.images[3].name
    scores = [
        match.score
        for match in searcher.gallery.search(small.images[3], topk=20)[0]
    ]
    answers = Answers(
        Searcher(searcher.gallery, searcher.inferencer, scores[3]))
    _, html, _ = answers.upload((path, 'me.png'), 0, 20)
    assert html.count('class="reid-tile alike"') == 4
    assert html.count('above the threshold') == 4
    assert f'4 have a score of at least {scores[3]:.4g} (✓)' in html
    answers = Answers(Searcher(searcher.gallery, searcher.inferencer, 2.))
    _, html, _ = answers.upload((path, 'me.png'), 0, 20)
    assert 'None has a score of at least 2.' in html


def test_select(answers, small):
    found, _, _ = answers.upload((small.images[3].name, 'me.png'), 0, 20)
    html = answers.select(found, 2)
    assert 'Why number 2?' in html
    assert found.matches[1].name in html
    assert html.count('<figure>') == 10
    pictures = re.findall(r'src="(data:image/jpeg;base64,[^"]+)"', html)
    assert len(pictures) == 10 and len(set(pictures)) == 10
    for rank in (0, 21):
        assert 'This result is gone' in answers.select(found, rank)
    assert 'This result is gone' in answers.select(None, 1)


def test_pictures_that_are_gone(answers, searcher, small, tmp_path):
    gone, there = tmp_path / 'gone.png', small.images[3]
    extra = there._replace(name=str(gone))
    searcher.gallery.add_descriptors([extra],
                                     searcher.gallery.descriptors([there.name
                                                                   ]))
    try:
        found, html, _ = answers.upload((there.name, 'me.png'), 0, 2)
        assert html.count('the picture cannot be read') == 1
        rank = 1 + [match.name for match in found.matches].index(str(gone))
        detail = answers.select(found, rank)
        assert 'Without an explanation: cannot read the image' in detail
        # What was given is shown nevertheless.
        assert detail.count('<figure>') == 1
    finally:
        searcher.gallery.delete(str(gone))


def test_a_picture_that_has_changed(answers, small, tmp_path):
    path = Path(small.images[0].name)
    before = path.read_bytes()

    def shown() -> str:
        found, html, _ = answers.upload((small.images[3].name, 'a'), 0, 20)
        rank = [match.name for match in found.matches].index(str(path))
        return re.findall(r'<img src="(data:[^"]*)"', html)[rank]

    first = shown()
    assert shown() == first
    try:
        write_image(path, seed=99)
        assert shown() != first
    finally:
        path.write_bytes(before)


def test_an_empty_gallery(searcher, small, tmp_path):
    with Gallery(str(tmp_path / 'a.db'), searcher.inferencer) as gallery:
        answers = Answers(Searcher(gallery, searcher.inferencer))
        assert 'The gallery is empty' in answers.clear()[1]
        _, html, _ = answers.upload((small.images[0].name, 'me.png'), 0, 5)
        assert 'The gallery is empty' in html
        build_page(answers.searcher)


def test_too_many_pictures(searcher):
    with pytest.raises(ValueError, match='from 1 to 100 pictures'):
        build_page(searcher, 101)


def test_all_functions_of_the_page_are_its_own(searcher):
    page = build_page(searcher)
    assert not page.get_api_info()['named_endpoints']
    assert not page.get_api_info()['unnamed_endpoints']


def test_a_file_that_was_dropped(monkeypatch, tmp_path):
    monkeypatch.setenv('GRADIO_TEMP_DIR', str(tmp_path / 'uploads'))
    path = str(tmp_path / 'uploads' / '0' / 'a.png')
    assert dropped_file(dict(path=path, orig_name='b.png')) == (path, 'b.png')
    assert dropped_file(dict(path=path)) == (path, 'the picture')
    assert dropped_file(None) is None


@pytest.mark.parametrize('path', [
    'a.png', 'uploads/../a.png', 'uploads2/a.png', 'uploads/link.png',
    'http://example.com/a.png', 'file:///etc/passwd', None
])
def test_other_files_are_not_read(answers, monkeypatch, tmp_path, path):
    monkeypatch.setenv('GRADIO_TEMP_DIR', str(tmp_path / 'uploads'))
    write_image(tmp_path / 'a.png')
    (tmp_path / 'uploads').mkdir()
    (tmp_path / 'uploads' / 'link.png').symlink_to(tmp_path / 'a.png')
    monkeypatch.chdir(tmp_path)
    shown, found, html, _ = answers.on_upload(dict(path=path), UNKNOWN, 20)
    assert shown is found is None
    assert 'only pictures that are dropped here are taken' in html
    shutil.copy(tmp_path / 'a.png', tmp_path / 'uploads' / 'a.png')
    payload = dict(path=str(tmp_path / 'uploads' / 'a.png'))
    assert len(answers.on_upload(payload, UNKNOWN, 20)[1].matches) == 13


def test_gradio_leaves_nothing_beside_the_program():
    assert not list(Path(web.__file__).parent.glob('*.pyi'))


def test_an_example_is_shown_as_dropped(answers):
    image, found, _, _ = answers.on_example(UNKNOWN, 20, [], [], '', '',
                                            gr.EventData(None, dict(rank=1)))
    assert isinstance(image, np.ndarray) and image.shape == (64, 32, 3)
    assert found.query.source == answers.searcher.summary().examples[0]
