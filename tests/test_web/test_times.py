import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusionreid_mm.web.times import format_time, parse_time


@pytest.mark.parametrize('seconds, text', [
    (0, '0:00:00'),
    (59.96, '0:01:00'),
    (3723.5, '1:02:03.5'),
    (-61, '-0:01:01'),
    (100 * 3600, '100:00:00'),
    (1e9, '2001-09-09 01:46:40'),
    (1e9 + .25, '2001-09-09 01:46:40.2'),
    (1e300, '1e+300 s'),
])
def test_written(seconds, text):
    assert format_time(seconds) == text


@pytest.mark.parametrize('text, seconds', [
    ('1:02:03.5', 3723.5),
    ('2:03', 123),
    (' 123.5 ', 123.5),
    ('-4', -4),
    ('2001-09-09 01:46:40', 1e9),
    ('2001-09-09', 1e9 - 6400),
    ('2001-09-09 03:46:40+02:00', 1e9),
    ('', None),
    (None, None),
])
def test_read(text, seconds):
    assert parse_time(text) == seconds


@pytest.mark.parametrize('text', ['noon', '1:2:3:4', 'nan', 'inf', '12:xx'])
def test_none(text):
    with pytest.raises(ValueError, match=f"'{text}' is no time: write 1:02"):
        parse_time(text)


@given(st.integers(0, 30_000_000_000))
def test_what_is_written_can_be_read(tenths):
    assert parse_time(format_time(tenths / 10)) == pytest.approx(
        tenths / 10, abs=1e-5)
