"""What a page shows, read as a browser would read it."""
import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Dict, List, Optional, Tuple

from PIL import Image

# Elements without an end.
_VOID = {'meta', 'link', 'img', 'br'}

Attributes = Dict[str, Optional[str]]


class Page(HTMLParser):
    """Its elements and tables.

    Attributes:
        elements: Names and attributes, in order.
        tables: Of each its rows, header first, of the text of the cells.
        headings: Texts of ``<h1>`` and ``<h2>``.
        words: All text that is shown.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: List[Tuple[str, Attributes]] = []
        self.tables: List[List[List[str]]] = []
        self.headings: List[str] = []
        self.text: List[str] = []
        self._open: List[str] = []
        self.source = path.read_text(encoding='utf-8')
        self.feed(self.source)
        self.close()
        assert not self._open, f'not closed: {self._open}'

    @property
    def words(self) -> str:
        return ' '.join(' '.join(self.text).split())

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)
        if tag == 'table':
            self.tables.append([])
        if tag == 'tr':
            self.tables[-1].append([])
        if tag in ('th', 'td'):
            self.tables[-1][-1].append('')
        if tag in ('h1', 'h2'):
            self.headings.append('')

    def handle_endtag(self, tag):
        assert self._open.pop() == tag, tag

    def handle_data(self, data):
        if 'style' in self._open:
            return
        self.text.append(data)
        if self._open and self._open[-1] in ('th', 'td'):
            self.tables[-1][-1][-1] += data
        if self._open and self._open[-1] in ('h1', 'h2'):
            self.headings[-1] += data

    def of_class(self, word: str) -> List[Attributes]:
        """Attributes of the elements of a class."""
        return [
            attributes for _, attributes in self.elements
            if word in (attributes.get('class') or '').split()
        ]

    def photographs(self) -> List[Image.Image]:
        """The JPEGs, decoded."""
        found = []
        for tag, attributes in self.elements:
            source = attributes.get('src') or ''
            if tag == 'img' and source.startswith('data:image/jpeg'):
                content = base64.b64decode(source.partition(',')[2])
                found.append(Image.open(io.BytesIO(content)))
        return found

    def check_alone(self) -> None:
        """It asks for nothing outside of itself and runs nothing."""
        tags = {tag for tag, _ in self.elements}
        assert not tags & {'script', 'iframe', 'object', 'embed', 'base'}
        for tag, attributes in self.elements:
            assert not [name for name in attributes if name.startswith('on')]
            for name in ('src', 'href', 'srcset', 'action', 'data', 'poster'):
                assert (attributes.get(name) or 'data:').startswith('data:')
            if tag == 'img':
                assert attributes['alt']
        styles = ' '.join(
            re.findall(r'<style>(.*?)</style>', self.source, re.DOTALL))
        assert 'url(' not in styles and '@import' not in styles
