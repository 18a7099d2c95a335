"""Settings of the site: ``sphinx-build -W docs site``."""
from pygments.lexers.special import TextLexer

from fusionreid_mm.version import __version__

project = 'fusionreid_mm'
author = 'The authors of fusionreid_mm'
release = __version__

extensions = [
    'myst_parser',
    'sphinx.ext.autodoc',
    'sphinx.ext.napoleon',
    'sphinx.ext.viewcode',
    'sphinx_copybutton',
]
exclude_patterns = ['_build']
myst_heading_anchors = 3

# Signatures are long; their types stand in the docstrings, too.
autodoc_typehints = 'none'
autodoc_member_order = 'bysource'
autodoc_default_options = {'members': True, 'show-inheritance': True}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
# A NamedTuple's fields are members already.
napoleon_use_ivar = True

html_theme = 'furo'
html_title = f'fusionreid_mm {release}'
# Nothing but what draws formulas is taken from elsewhere.
html_theme_options = {'footer_icons': []}


def setup(app):
    # Tables are shown as they are.
    app.add_lexer('csv', TextLexer)
