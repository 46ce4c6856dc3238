"""Settings of the documentation site; `make docs` builds it into `docs/_build/html`."""

from __future__ import annotations

import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS.parent), str(DOCS / "extensions")]

from pygments.lexers.special import TextLexer  # noqa: E402

import tabinterp  # noqa: E402

project = "tabinterp"
author = "the authors of tabinterp"
version = release = tabinterp.__version__
language = "en"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "generated_pages",
    "docstrings",
    "commands",
    "mathml",
]
exclude_patterns = ["_build", "gallery", "notebooks", "extensions"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
root_doc = "index"
nitpicky = True
add_module_names = False
default_role = "code"  # docstrings set code in single backticks
smartquotes = False

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 4
myst_dmath_double_inline = False

autodoc_typehints_format = "short"
autodoc_preserve_defaults = False
autodoc_member_order = "bysource"
maximum_signature_line_length = 88
python_use_unqualified_type_names = True

sphinx_gallery_conf = {
    "examples_dirs": ["gallery", "notebooks"],
    "gallery_dirs": ["generated/gallery", "generated/notebooks"],
    "filename_pattern": r"\.py$",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 1e9,
    "write_computation_times": False,
    "image_scrapers": ("matplotlib",),
    "reset_modules": ("matplotlib",),
    "plot_gallery": "True",
}

html_theme = "pydata_sphinx_theme"
html_title = "tabinterp"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "navbar_align": "left",
    "navbar_persistent": ["search-button"],
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_nav_level": 1,
    "collapse_navigation": True,
    "navigation_with_keys": False,
    "use_edit_page_button": False,
    "back_to_top_button": False,
    "header_links_before_dropdown": 6,
}


def setup(app):
    app.add_lexer("csv", TextLexer)
