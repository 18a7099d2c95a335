"""The HTML of :class:`.HtmlPage`, as templates of Jinja."""
from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

_STYLE = '''
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1c1e21; --faint: #5d6470; --line: #d9dce1;
  --panel: #f5f6f8;
  --query: #0072b2; --right: #009e73; --wrong: #d55e00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #16181c; --ink: #e8eaed; --faint: #a3a9b3; --line: #383c44;
    --panel: #20232a;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 76rem;
  background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  overflow-wrap: break-word;
}
h1 { margin: 0; font-size: 1.8rem; line-height: 1.2; }
h2 {
  margin: 2.5rem 0 .75rem; padding-top: .75rem; font-size: 1.3rem;
  border-top: 1px solid var(--line);
}
p { margin: .5rem 0; max-width: 46rem; }
.subtitle { color: var(--faint); }
.scroll { overflow-x: auto; margin: .75rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td {
  padding: .35rem .8rem; border-bottom: 1px solid var(--line);
  text-align: left; vertical-align: top;
}
thead th { background: var(--panel); white-space: nowrap; }
tbody th { font-weight: 600; }
.number { text-align: right; white-space: nowrap; }
figure { margin: .75rem 0; }
figure.picture {
  display: inline-block; max-width: 100%; margin-right: 1rem;
  vertical-align: top;
}
figure.picture img {
  display: block; max-width: 100%; height: auto; background: #ffffff;
  border-radius: .4rem;
}
figure.picture figcaption { max-width: 34rem; }
figcaption { margin-top: .3rem; color: var(--faint); font-size: .875rem; }
.tiles { display: flex; flex-wrap: wrap; gap: .5rem; margin: .4rem 0 1.2rem; }
.tile { position: relative; margin: 0; width: 6rem; break-inside: avoid; }
.tile img {
  display: block; width: 100%; height: 11.5rem; object-fit: contain;
  background: var(--panel); border: 4px solid var(--line);
  border-radius: .3rem;
}
.tile figcaption { font-size: .8rem; line-height: 1.3; }
.tile.query img { border-color: var(--query); border-style: dotted; }
.tile.right img { border-color: var(--right); border-style: solid; }
.tile.wrong img { border-color: var(--wrong); border-style: dashed; }
.sign {
  position: absolute; top: 0; left: 0; min-width: 1.5rem; padding: 0 .3rem;
  color: #ffffff; text-align: center; font-weight: 700;
  border-radius: .3rem 0 .3rem 0;
}
.query .sign { background: var(--query); }
.right .sign { background: #007a59; }
.wrong .sign { background: #b34700; }
details { margin: .75rem 0; }
summary { cursor: pointer; font-weight: 600; }
@media (max-width: 30rem) {
  body { padding: 1rem .75rem 3rem; }
  .tile { width: 4.9rem; }
  .tile img { height: 9.4rem; }
  th, td { padding: .3rem .5rem; font-size: .9rem; }
}
@media print {
  :root {
    color-scheme: light;
    --paper: #ffffff; --ink: #000000; --faint: #444444; --line: #bbbbbb;
    --panel: #f5f6f8;
  }
  body { max-width: none; padding: 0; font-size: 11pt; }
  .scroll { overflow: visible; }
  h2, .caption { break-after: avoid; }
  figure { break-inside: avoid; }
  details::details-content { content-visibility: visible; block-size: auto; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
'''

_PAGE = '''<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
img-src data:; style-src 'unsafe-inline'">
<title>{{ title }}</title>
<link rel="icon" href="data:,">
<style>{{ style }}</style>
</head>
<body>
<header>
<h1>{{ title }}</h1>
{% if subtitle %}<p class="subtitle">{{ subtitle }}</p>{% endif %}
</header>
<main>
{% for part in parts %}{{ part }}
{% endfor %}</main>
</body>
</html>
'''

_TABLE = '''<div class="scroll"><table>
<thead><tr>
{%- for cell in header %}<th scope="col"
{%- if loop.index0 in numeric %} class="number"{% endif %}>{{ cell }}</th>
{%- endfor %}</tr></thead>
<tbody>
{% for row in rows %}<tr>
{%- for cell in row %}
{%- if loop.first %}<th scope="row">{{ cell }}</th>
{%- else %}<td{% if loop.index0 in numeric %} class="number"{% endif %}>
{{- cell }}</td>{% endif %}
{%- endfor %}</tr>
{% endfor %}</tbody>
</table></div>'''

_PICTURE = '''<figure class="picture"><img src="{{ source }}" alt="{{ alt }}">
{%- if caption %}<figcaption>{{ caption }}</figcaption>{% endif %}</figure>'''

_TILES = '''<div class="tiles">
{% for tile in tiles %}<figure class="tile
{%- if tile.frame %} {{ tile.frame }}{% endif %}">
{%- if tile.sign %}<span class="sign" aria-hidden="true">{{ tile.sign }}</span>
{%- endif %}<img src="{{ tile.source }}" alt="{{ tile.alt }}">
{%- if tile.lines %}<figcaption>
{%- for line in tile.lines %}{{ line }}{% if not loop.last %}<br>{% endif %}
{%- endfor %}</figcaption>{% endif %}</figure>
{% endfor %}</div>'''

_DETAILS = '''<details><summary>{{ summary }}</summary>
{% for part in parts %}{{ part }}
{% endfor %}</details>'''

#: All text that is put in is escaped; what is forgotten is an error.
TEMPLATES = Environment(
    autoescape=True,
    undefined=StrictUndefined,
    loader=DictLoader(
        dict(
            page=_PAGE,
            heading='<h2>{{ text }}</h2>',
            paragraph='<p>{{ text }}</p>',
            caption='<p class="caption"><strong>{{ text }}</strong></p>',
            table=_TABLE,
            picture=_PICTURE,
            tiles=_TILES,
            details=_DETAILS)))
# Quotes of a style sheet must stay what they are.
TEMPLATES.globals['style'] = Markup(_STYLE)
