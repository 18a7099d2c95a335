import numpy as np
import pytest
from helpers.read_page import Page
from matplotlib.figure import Figure

from fusionreid_mm.visualization import HtmlPage, Tile, check_page_path

HOSTILE = '<script>alert("1")</script> \' & "'


def plain(colour=(10, 200, 30), height=64, width=32) -> np.ndarray:
    return np.full((height, width, 3), colour, np.uint8)


def written(page, tmp_path) -> Page:
    page.write(tmp_path / 'new' / 'page.html')
    found = Page(tmp_path / 'new' / 'page.html')
    found.check_alone()
    return found


def full_page(text: str) -> HtmlPage:
    """All that a page may have, with the same text everywhere."""
    page = HtmlPage(text, text)
    page.heading(text)
    page.paragraph(text)
    page.caption(text)
    page.table([text, text], [[text, text]])
    page.picture(plain(), text)
    figure = Figure()
    figure.add_subplot().set_title(text.replace('$', ''))
    page.picture(figure, text)
    page.tiles([Tile(plain(), [text, text], 'query')])
    with page.folded(text):
        page.paragraph(text)
    return page


def test_text_is_shown_as_it_is(tmp_path):
    page = written(full_page(HOSTILE), tmp_path)
    assert page.headings == [HOSTILE, HOSTILE]
    assert page.tables == [[[HOSTILE, HOSTILE], [HOSTILE, HOSTILE]]]
    # The title, and all that stands on the page.
    assert page.words.count(HOSTILE) == 1 + 2 + 3 + 4 + 2 + 2 + 2
    alts = [a['alt'] for tag, a in page.elements if tag == 'img']
    assert alts == [HOSTILE, HOSTILE, f'query, {HOSTILE}, {HOSTILE}']


def test_the_style_is_not_escaped(tmp_path):
    """Browsers take what is in <style> as it is, and drop what they cannot
    read."""
    HtmlPage('a').write(tmp_path / 'page.html')
    source = Page(tmp_path / 'page.html').source
    style = source[source.index('<style>'):source.index('</style>')]
    assert '"Segoe UI", Roboto, sans-serif;' in style and '&' not in style


def test_names_that_are_no_text(tmp_path):
    """Linux has files whose names are not UTF-8; Python keeps their bytes."""
    name = b'\xff.jpg'.decode('utf-8', 'surrogateescape')
    page = HtmlPage(name)
    page.tiles([Tile(plain(), [name])])
    page.write(tmp_path / 'page.html')
    assert Page(tmp_path / 'page.html').headings == [r'\udcff.jpg']


def test_the_same_page_is_the_same_file(tmp_path):
    assert full_page('a').html() == full_page('a').html()


def test_photographs_are_what_they_were(tmp_path):
    page = HtmlPage('a')
    page.tiles([
        Tile(plain()),
        Tile(plain((200, 0, 0)), ['3: 0.812'], 'right'),
        Tile(plain((0, 0, 200), 4000, 100), [], 'wrong')
    ])
    page.picture(plain(height=300, width=8000))
    page = written(page, tmp_path)
    first, second, third, picture = page.photographs()
    assert first.size == (32, 64)
    np.testing.assert_allclose(np.asarray(first), plain(), atol=3)
    np.testing.assert_allclose(np.asarray(second), plain((200, 0, 0)), atol=3)
    # None is larger than it can be shown, nor of another shape.
    assert third.size == (10, 384)
    assert picture.size == (1600, 60)


def test_right_and_wrong_are_told_by_more_than_colour(tmp_path):
    page = HtmlPage('a')
    page.tiles([
        Tile(plain(), ['1: 0.9'], frame)
        for frame in ('query', 'right', 'wrong', None)
    ])
    page = written(page, tmp_path)
    assert [a['class'] for a in page.of_class('tile')
            ] == ['tile query', 'tile right', 'tile wrong', 'tile']
    assert [sign for sign in '?✓✗' if sign in page.words] == ['?', '✓', '✗']
    assert [a['alt'] for tag, a in page.elements if tag == 'img'
            ] == ['query, 1: 0.9', 'right, 1: 0.9', 'wrong, 1: 0.9', '1: 0.9']


def test_columns_of_numbers_are_flush_right(tmp_path):
    page = HtmlPage('a')
    page.table(['of', 'mAP', 'interval', 'word', 'number'],
               [['cnn', '81.3', '81.3 [80.1, 82.0]', '3', 7],
                ['fused', '–', '9.0 [8.1, 9.9]', 'three', -8]])
    page = written(page, tmp_path)
    assert page.tables == [[['of', 'mAP', 'interval', 'word', 'number'],
                            ['cnn', '81.3', '81.3 [80.1, 82.0]', '3', '7'],
                            ['fused', '–', '9.0 [8.1, 9.9]', 'three', '-8']]]
    assert len(page.of_class('number')) == 3 * 3
    scopes = [a['scope'] for tag, a in page.elements if tag == 'th']
    assert scopes == ['col'] * 5 + ['row'] * 2
    with pytest.raises(ValueError, match=r"2 columns.*a row has \['1'\]"):
        HtmlPage('a').table(['a', 'b'], [[1]])


def test_folded_parts(tmp_path):
    page = HtmlPage('a')
    with page.folded('more'):
        page.paragraph('inside')
    page.paragraph('outside')
    html = page.html()
    assert html.index('<details>') < html.index('<p>inside') < html.index(
        '</details>') < html.index('<p>outside')
    with pytest.raises(KeyError):
        with page.folded('never'):
            page.paragraph('lost')
            raise KeyError
    page.paragraph('still')
    assert 'lost' not in page.html() and 'still' in page.html()


@pytest.mark.parametrize('image', [
    np.zeros((4, 4), np.uint8),
    np.zeros((4, 4, 4), np.uint8),
    np.zeros((4, 4, 3)),
    np.zeros((0, 4, 3), np.uint8), 'photo.jpg'
])
def test_images_that_are_none(image):
    with pytest.raises(ValueError, match='array .*RGB and uint8: got'):
        HtmlPage('a').tiles([Tile(image)])
    with pytest.raises(ValueError, match='RGB and uint8'):
        HtmlPage('a').picture(image)


def test_a_frame_that_is_none():
    with pytest.raises(ValueError, match="'wrong'.*or None: got 'red'"):
        HtmlPage('a').tiles([Tile(plain(), frame='red')])


def test_files_that_cannot_be_written(tmp_path):
    with pytest.raises(ValueError, match=r'page.pdf: .* end with \.html'):
        HtmlPage('a').write(tmp_path / 'page.pdf')
    with pytest.raises(ValueError, match=r'end with \.html'):
        check_page_path(tmp_path / 'page')
    (tmp_path / 'folder.html').mkdir()
    with pytest.raises(IsADirectoryError, match='name a file in it'):
        check_page_path(tmp_path / 'folder.html')
    (tmp_path / 'file').touch()
    with pytest.raises(NotADirectoryError, match='file is a file, not a'):
        check_page_path(tmp_path / 'file' / 'new' / 'page.html')
    assert sorted(p.name
                  for p in tmp_path.iterdir()) == ['file', 'folder.html']
    # What may never be written leaves no empty folder.
    check_page_path(tmp_path / 'new' / 'page.HTML')
    assert not (tmp_path / 'new').exists()
