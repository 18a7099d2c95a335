"""``fusionreid web`` from end to end, as a visitor sees it."""
import base64
import io
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from helpers.browser import open_browser, open_page
from helpers.small_gallery import HOSTILE
from helpers.web_process import WebProcess
from PIL import Image

from fusionreid_mm.apis import Gallery, ReIDInferencer
from fusionreid_mm.sources import PersonImage

QUERY = 4
PHONE = dict(viewport=dict(width=390, height=844), has_touch=True)


def results_of(matches) -> list:
    return [(match.name, f'{match.score:.3f}') for match in matches]


@pytest.fixture(scope='module')
def expected(small):
    """What the gallery finds, before the page has it."""
    query = small.images[QUERY].name
    gone = Path(small.images[1].name)
    with Gallery.open(small.uri, ReIDInferencer(*small.source)) as gallery:

        def search(image=PersonImage(query), **options):
            return results_of(gallery.search(image, **options)[0])

        found = dict(
            plain=search(topk=20),
            three=search(topk=3),
            own_camera=search(PersonImage(query, 1), topk=20),
            not_camera=search(topk=20, not_camids=[1]),
            camera=search(topk=20, camids=[2]),
            late=search(topk=20, start=300),
            other=search(small.images[7].name, topk=20))
    # Deleted behind the gallery's back.
    gone.unlink()
    return found


@pytest.fixture(scope='module')
def web(small, expected, tmp_path_factory):
    process = WebProcess(
        tmp_path_factory.mktemp('web'), '--gallery', small.uri)
    yield process
    try:
        assert process.end() == 0
        assert not process.uploads()
        assert 'Traceback' not in process.output
        connections = set(process.connections())
        # Gradio asks its own server whether it is there.
        assert '127.0.0.1' in connections
        assert connections <= {'127.0.0.1', 'localhost', 'unix'}
    finally:
        process.kill()


@pytest.fixture(scope='module')
def browser():
    with open_browser() as browser:
        yield browser


@pytest.fixture
def page(browser, web):
    with open_page(browser, web.url) as page:
        page.wait_for_selector('.reid-notice')
        yield page


def drop(page, path) -> None:
    page.set_input_files('#query input[type=file]', str(path))


def wait_for(page, expected) -> None:
    """Until the results are these."""
    page.wait_for_function(
        '''([expected]) => {
            const tiles = [...document.querySelectorAll('.reid-tile')];
            const found = tiles.map((tile) => [
                tile.title, tile.querySelector('.reid-score').innerText]);
            return JSON.stringify(found) == JSON.stringify(expected);
        }''',
        arg=[[list(pair) for pair in expected]])


def choose(page, menu: str, camera: str) -> None:
    """Of a menu, in which several may be chosen."""
    page.click(f'#{menu} input')
    page.get_by_role('option', name=camera).click()
    page.keyboard.press('Escape')


def pictures(page, selector: str) -> list:
    sources = page.eval_on_selector_all(
        selector, 'images => images.map((image) => image.src)')
    return [
        np.asarray(
            Image.open(io.BytesIO(base64.b64decode(source.split(',')[1]))))
        for source in sources
    ]


def is_wider_than_window(page) -> bool:
    return page.evaluate('document.documentElement.scrollWidth > innerWidth')


def test_what_is_said_of_the_gallery(page, small):
    text = page.inner_text('.reid-header')
    assert 'Pictures\n13' in text.replace(' ', '')
    assert 'epoch_2.pth' in text
    assert page.title() == 'Person search'
    assert 'may not know that they can be searched for' in page.inner_text(
        '.reid-footer')
    # One of six is gone.
    assert page.locator('.reid-examples img').count() == 5
    assert 'Drop a picture to begin' in page.inner_text('#results')


def test_search_and_look(page, small, expected):
    drop(page, small.images[QUERY].name)
    wait_for(page, expected['plain'])
    assert page.locator('#query img').count() == 1
    assert expected['plain'][0][0] == small.images[QUERY].name
    assert 'camera 2\n0:04:00' in page.inner_text('[data-rank="1"]')
    shown, = pictures(page, '[data-rank="1"] img')
    drawn = np.asarray(Image.open(small.images[QUERY].name))
    np.testing.assert_allclose(shown.astype(int), drawn.astype(int), atol=40)

    # From the keyboard, as a button.
    page.focus('[data-rank="2"]')
    page.keyboard.press('Enter')
    page.wait_for_selector('.reid-detail')
    assert page.get_attribute('[data-rank="2"]', 'aria-pressed') == 'true'
    text = page.inner_text('.reid-detail')
    assert 'Why number 2?' in text and expected['plain'][1][0] in text
    figures = pictures(page, '.reid-detail > .reid-pair img')
    assert [figure.shape for figure in figures] == [(64, 32, 3)] * 6
    for number, photo in ((0, figures[0]), (3, figures[3])):
        for heat in figures[number + 1:number + 3]:
            assert np.abs(heat.astype(int) - photo).mean() > 10
    assert not page.locator('.reid-detail details img').first.is_visible()
    page.click('.reid-detail summary')
    assert page.locator('.reid-detail details img').first.is_visible()

    page.click('#query button[aria-label="Remove Image"]')
    page.wait_for_selector('#results .empty')
    assert not page.is_visible('.reid-detail')
    drop(page, small.images[7].name)
    wait_for(page, expected['other'])


def test_filters(page, small, expected):
    drop(page, small.images[QUERY].name)
    wait_for(page, expected['plain'])
    page.click('#filters button')
    choose(page, 'not_camids', 'camera 2')
    wait_for(page, expected['not_camera'])
    page.click('#not_camids .token-remove >> nth=-1')
    wait_for(page, expected['plain'])
    choose(page, 'camids', 'camera 3')
    wait_for(page, expected['camera'])
    page.click('#camids .token-remove >> nth=-1')
    wait_for(page, expected['plain'])
    page.fill('#from textarea', '0:05:00')
    page.keyboard.press('Enter')
    wait_for(page, expected['late'])
    page.fill('#to textarea', 'noon')
    page.keyboard.press('Tab')
    page.wait_for_selector('[role=alert]')
    assert "'noon' is no time" in page.inner_text('[role=alert]')
    page.fill('#to textarea', '')
    page.fill('#from textarea', '')
    page.keyboard.press('Enter')
    wait_for(page, expected['plain'])
    page.fill('#topk input[type=number]', '3')
    page.keyboard.press('Tab')
    wait_for(page, expected['three'])


def test_camera_of_the_query(page, small, expected):
    drop(page, small.images[QUERY].name)
    wait_for(page, expected['plain'])
    assert expected['own_camera'][0] == (small.images[QUERY].name, '1.000')
    assert expected['own_camera'] != expected['plain']
    choose(page, 'camid', 'camera 2')
    wait_for(page, expected['own_camera'])


def test_an_example(page, small, expected):
    page.click('[data-example="2"]')
    page.wait_for_selector('.reid-tile')
    name = page.get_attribute('[data-example="2"]', 'title')
    titles = page.eval_on_selector_all(
        '.reid-tile', 'tiles => tiles.map((tile) => tile.title)')
    assert len(titles) == 12
    assert name not in [Path(title).name for title in titles]
    assert page.locator('#query img').count() == 1
    page.click('#query button[aria-label="Remove Image"]')
    page.wait_for_selector('#results .empty')
    drop(page, small.images[7].name)
    wait_for(page, expected['other'])


def test_dragged_and_pasted(page, small, expected):
    """As JavaScript sees both: a browser without a window has no clipboard."""
    query, other = (
        base64.b64encode(Path(
            small.images[number].name).read_bytes()).decode()
        for number in (QUERY, 7))
    transfer = page.evaluate_handle(
        '''async (data) => {
            const blob = await (await fetch(data)).blob();
            const transfer = new DataTransfer();
            transfer.items.add(new File([blob], 'p.png', {type: blob.type}));
            return transfer;
        }''', f'data:image/png;base64,{query}')
    page.dispatch_event('#query button[aria-label^="Drop an image"]', 'drop',
                        dict(dataTransfer=transfer))
    wait_for(page, expected['plain'])
    page.click('#query button[aria-label="Remove Image"]')
    page.wait_for_selector('#results .empty')
    page.evaluate(
        '''async (data) => {
            const blob = await (await fetch(data)).blob();
            navigator.clipboard.read = async () => [
                {types: [blob.type], getType: async () => blob}];
        }''', f'data:image/png;base64,{other}')
    page.click('#query button[aria-label="Paste from clipboard"]')
    wait_for(page, expected['other'])


def test_what_is_no_picture(page, small, expected, tmp_path):
    (tmp_path / 'a.jpg').write_text('hello')
    drop(page, tmp_path / 'a.jpg')
    page.wait_for_selector('[role=alert]')
    text = page.inner_text('#results')
    assert 'a.jpg cannot be used: this is no image of a known' in text
    assert 'Traceback' not in text and str(tmp_path) not in text
    # Nor is a broken picture shown.
    page.wait_for_selector('#query img', state='detached')
    drop(page, small.images[QUERY].name)
    wait_for(page, expected['plain'])


def test_what_is_no_text(page, small, expected):
    """A name that could be a part of the page, and a picture that is gone."""
    drop(page, small.images[QUERY].name)
    wait_for(page, expected['plain'])
    names = [Path(name).name for name, _ in expected['plain']]
    assert page.locator('.reid-missing').count() == 1
    for name, text in ((HOSTILE, HOSTILE), ('0001.png', 'Without an expl')):
        page.click(f'[data-rank="{1 + names.index(name)}"]')
        page.wait_for_function(
            "text => document.querySelector('#detail').innerText"
            '.includes(text)',
            arg=text)


def test_two_visitors_at_once(browser, web, small, expected):
    with open_page(browser, web.url) as one, \
            open_page(browser, web.url) as two:
        drop(one, small.images[QUERY].name)
        drop(two, small.images[7].name)
        wait_for(one, expected['plain'])
        wait_for(two, expected['other'])


@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_a_phone(browser, web, small, expected, scheme):
    options = dict(PHONE, color_scheme=scheme)
    with open_page(browser, web.url, **options) as page:
        page.wait_for_selector('.reid-notice')
        assert not is_wider_than_window(page)
        drop(page, small.images[QUERY].name)
        wait_for(page, expected['plain'])
        assert not is_wider_than_window(page)
        # No picture is cut, and what was found is in sight.
        page.wait_for_function(
            "document.querySelector('.reid-tile').getBoundingClientRect()"
            '.top < innerHeight')
        page.tap('[data-rank="3"]')
        page.wait_for_selector('.reid-detail')
        page.wait_for_function(
            "document.querySelector('.reid-detail').getBoundingClientRect()"
            '.top >= 0')
        assert not is_wider_than_window(page)
        background = page.evaluate(
            'getComputedStyle(document.body).backgroundColor')
        level = int(background.split('(')[1].split(',')[0])
        assert (level < 100) == (scheme == 'dark')


@pytest.mark.parametrize('name', ['/etc/passwd', None])
def test_no_file_is_served(web, small, name):
    name = name or small.images[0].name
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(
            f'{web.url}/gradio_api/file={urllib.parse.quote(name)}')
    assert refused.value.code == 403
