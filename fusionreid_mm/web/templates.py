"""The parts of the page that are not Gradio's: all text is escaped."""
from jinja2 import DictLoader, Environment, StrictUndefined

_HEADER = '''
<header class="reid-header">
  <h1>Person search</h1>
  <p>Drop a picture of one person. The pictures of the gallery that look most
  like it come first.</p>
  <dl>
    <div><dt>Pictures</dt><dd>{{ size }}</dd></div>
    {% if cameras %}
    <div><dt>Cameras</dt><dd>{{ cameras }}</dd></div>
    {% endif %}
    {% if times %}
    <div><dt>Taken</dt><dd>{{ times }}</dd></div>
    {% endif %}
    <div><dt>Model</dt><dd title="fingerprint {{ fingerprint }}">{{ model }}
    </dd></div>
    {% if threshold %}
    <div><dt>Threshold</dt><dd>{{ threshold }}</dd></div>
    {% endif %}
  </dl>
</header>
'''

_FOOTER = '''
<footer class="reid-footer">
  <p><strong>Before you search for somebody:</strong> the people in these
  pictures may not know that they can be searched for. Do so only where you are
  allowed to, and where they would expect it. A high score means that two
  pictures look alike to the model, not that they show the same person: clothes
  alone can do that. Never decide anything about a person by it without looking
  yourself.</p>
  <p>All is computed on the machine that serves this page. Pictures dropped
  here are deleted after an hour at most, and when the page is shut down.</p>
</footer>
'''

_EXAMPLES = '''
{% if examples %}
<div class="reid-examples">
  <p>Or try one of the gallery:</p>
  <div>
    {% for example in examples %}
    <button type="button" data-example="{{ example.number }}"
      aria-label="search for {{ example.caption }}"
      title="{{ example.caption }}"><img src="{{ example.picture }}" alt="">
    </button>
    {% endfor %}
  </div>
</div>
{% endif %}
'''

_NOTICE = '''
<div class="reid-notice {{ kind }}" role="{{ role }}">
  <strong>{{ title }}</strong>
  {% if text %}<p>{{ text }}</p>{% endif %}
</div>
'''

_RESULTS = '''
<section class="reid-results" aria-label="results">
  <p class="reid-count" role="status">{{ count }}
  {% if hint %}<span class="reid-hint">{{ hint }}</span>{% endif %}</p>
  <ol>
    {% for tile in tiles %}
    <li>
      <button type="button" class="reid-tile{{ ' alike' if tile.is_alike }}"
        data-rank="{{ loop.index }}" title="{{ tile.name }}"
        aria-label="{{ tile.spoken }}">
        <span class="reid-frame">
          {% if tile.picture %}
          <img src="{{ tile.picture }}" alt="">
          {% else %}
          <span class="reid-missing">the picture cannot be read</span>
          {% endif %}
          <span class="reid-rank">{{ loop.index }}</span>
          {% if tile.is_alike %}<span class="reid-sign">✓</span>{% endif %}
        </span>
        <span class="reid-score">{{ tile.score }}</span>
        {% for line in tile.lines %}
        <span class="reid-line">{{ line }}</span>
        {% endfor %}
      </button>
    </li>
    {% endfor %}
  </ol>
</section>
'''

_SIDES = '''
{% macro pair(sides) %}
<div class="reid-pair">
  {% for side in sides %}
  <div class="reid-side">
    <h3>{{ side.title }}</h3>
    <div>
      {% for figure in side.figures %}
      <figure>
        <img src="{{ figure.picture }}"
          alt="{{ side.title }}: {{ figure.caption }}">
        <figcaption>{{ figure.caption }}</figcaption>
      </figure>
      {% endfor %}
    </div>
  </div>
  {% endfor %}
</div>
{% endmacro %}
'''

_DETAIL = '''{% from 'sides' import pair %}
<section class="reid-detail" aria-label="why number {{ rank }}">
  <h2>Why number {{ rank }}? <span>score {{ score }}</span></h2>
  <p class="reid-name">{{ lines|join(' · ') }}<br><span>{{ name }}</span></p>
  {% if message %}
  <div class="reid-notice" role="status"><strong>{{ message }}</strong></div>
  {% endif %}
  {{ pair(sides) }}
  {% if is_explained %}
  <p class="reid-legend"><span class="reid-scale" aria-hidden="true"></span>
  little to much. <b>CNN</b>: what makes the two pictures similar (LayerCAM).
  <b>Transformer</b>: what it looks at (attention rollout).</p>
  {% endif %}
  {% if more %}
  <details>
    <summary>How each branch looks at the other</summary>
    {{ pair(more) }}
    <p class="reid-legend">What each branch takes from the other: attention of
    the last mutual fusion units.</p>
  </details>
  {% endif %}
</section>
'''

TEMPLATES = Environment(
    loader=DictLoader({
        'header': _HEADER,
        'footer': _FOOTER,
        'examples': _EXAMPLES,
        'notice': _NOTICE,
        'results': _RESULTS,
        'sides': _SIDES,
        'detail': _DETAIL,
    }),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True)
