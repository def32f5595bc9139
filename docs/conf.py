"""How Sphinx builds the documentation; `make docs` runs it. It needs no network."""

import sys
from pathlib import Path

import dugong

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "dugong"
author = "the authors of dugong"
copyright = "the authors of dugong"  # noqa: A001  # Sphinx's name
release = dugong.__version__
version = release.rpartition(".")[0]

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "limits_table",
    "references",
    "state_tables",
]
exclude_patterns = ["_ext"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}

html_theme = "furo"
html_title = f"dugong {release}"
html_copy_source = False
html_show_sphinx = False

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

# The docstrings are written for help() too: a name in single backquotes is Python.
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True}
python_use_unqualified_type_names = True
python_display_short_literal_types = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False

nitpick_ignore_regex = [
    # Type variables: they stand for types, and are none.
    (r"py:(class|obj)", r"(.*\.)?(Args|Event|Result|State|Value)"),
]
