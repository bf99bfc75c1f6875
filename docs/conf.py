"""How Sphinx makes a site of the lessons; build.py runs it."""

import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"
SOURCE = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]["urls"]["Source"]

project = html_title = "Softmax Lab"
language = "en_GB"
extensions = ["myst_nb", "sphinx-mathjax-offline"]
nb_execution_mode = "off"
myst_enable_extensions = ["dollarmath"]
# Questions are stored as HTML, with their mathematics between dollars.
myst_mathjax_classes = "math|text_html"
mathjax3_config = {"tex": {"inlineMath": [["\\(", "\\)"], ["$", "$"]]}}
# Each heading can be linked to, as on GitHub.
myst_heading_anchors = 3

html_theme = "sphinx_book_theme"
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system is
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_theme_options = {
    "repository_url": SOURCE,
    "repository_branch": "HEAD",
    "path_to_docs": "notebooks",
    "navbar_persistent": [],  # the side bar has the search
    "use_repository_button": True,
    "use_download_button": False,
    "launch_buttons": {
        "binderhub_url": "https://mybinder.org",
        "notebook_interface": "jupyterlab",
    },
    "show_toc_level": 2,
    "footer_content_items": ["extra-footer"],
    "extra_footer": "Prose and pictures: CC BY 4.0. Code: MIT.",
}


def setup(app):
    """Put MathJax on every page: Sphinx does not see the questions' mathematics."""
    app.set_html_assets_policy("always")
