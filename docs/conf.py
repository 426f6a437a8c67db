"""How the documentation is built: ``make docs``."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "Curifactory"
author = "The Curifactory authors"
copyright = author  # noqa: A001 - the name Sphinx wants
release = version_of("curifactory-core")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "pictures",
]
root_doc = "index"
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "_extensions"]

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_title = f"Curifactory {release}"
html_copy_source = False
html_show_copyright = False
pygments_style = "friendly"
pygments_dark_style = "monokai"
highlight_language = "none"  # blocks without a language show formats and folders

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

# The packages are imported, not read: they share one import name over four folders, which tools
# that only read source do not find.
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # signatures have them; the text of a parameter says what they mean
autodoc_class_signature = "mixed"
napoleon_google_docstring = False
napoleon_use_rtype = False
