"""How the site is made of the notebooks and pages: ``make site`` (Sphinx, MyST-NB)."""

import importlib
import json
import sys
from collections import defaultdict
from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import tlhelpers  # noqa: E402

project = "Transfer learning with Keras"
author = copyright = "the authors of the course"
version = release = tlhelpers.__version__
html_title = project

# The source is the whole project, so that a link that works in a file works here.
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
root_doc = "README"
include_patterns = [
    "README.md",
    "docs/**",
    "notebooks/*.ipynb",
    "benchmarks/README.md",
    "data/README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE-TEXTS.md",
]
exclude_patterns = ["**/.ipynb_checkpoints", "docs/site/contents.md"]
suppress_warnings = ["mystnb.unknown_mime_type"]  # what only programs read

# Notebooks are shown as committed, and nothing comes from elsewhere.
nb_execution_mode = "off"
nb_ipywidgets_js = {}
nb_mime_priority_overrides = [("html", "text/markdown", 5)]
nb_code_prompt_show = "Show the code"
nb_code_prompt_hide = "Hide the code"
nb_merge_streams = True
myst_heading_anchors = 3
myst_enable_extensions = ["dollarmath"]
html_math_renderer = "mathml"  # which browsers draw without a script; see `setup`

autodoc_member_order = "bysource"
autodoc_use_type_comments = False
add_module_names = False
napoleon_google_docstring = False
napoleon_use_ivar = True
default_role = "py:obj"  # in docstrings: `name`

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_favicon = "static/icon.svg"
html_extra_path = ["extra"]  # index.html, which leads to the first page
html_show_sourcelink = False
html_copy_source = False

# `make site-links` asks every address outside; .ci/external_links.py reads the answers.
linkcheck_timeout = 30  # seconds
linkcheck_retries = 2
linkcheck_workers = 4
linkcheck_rate_limit_timeout = 120
linkcheck_anchors = False  # many pages make theirs by a script
linkcheck_allow_unauthorized = True
linkcheck_report_timeouts_as_broken = False
linkcheck_ignore = [r"https?://(localhost|127\.0\.0\.1)[:/]", r"https://(a|example)\.(org|com)/"]


def ask_the_registry(app, address):
    """Ask about a DOI where DOIs are kept: publishers often refuse programs."""
    start = "https://doi.org/"
    if address.startswith(start):
        return f"{start}api/handles/{address.removeprefix(start)}"
    return None


def add_contents(app, name, source):
    """Add the contents of the site to the first page, which is the README."""
    if name == root_doc:
        source[0] += "\n" + (Path(__file__).parent / "contents.md").read_text("utf-8")


def list_names(app, name, source):
    """Add what a room of the package gives to notebooks to the page about the room."""
    if not name.startswith("docs/site/reference/"):
        return
    room = Path(name).name
    functions, modules = defaultdict(list), {}
    for public in tlhelpers.__all__[1:]:
        thing = getattr(tlhelpers, public)
        if hasattr(thing, "__path__") or hasattr(thing, "__file__"):
            modules[thing.__name__] = f"tl.{public}"
        else:
            functions[thing.__module__].append(public)
    lines = []
    for module, title in modules.items():
        if module.split(".")[1] == room:
            lines += [f"## {title}", "```{eval-rst}", f".. automodule:: {module}"]
            members = getattr(importlib.import_module(module), "__all__", None)
            lines += ["   :members:", "   :imported-members:" if members else "", "```", ""]
    for module, names in functions.items():
        if module.split(".")[1] == room:
            for public in names:
                kind = (
                    "autoclass" if isinstance(getattr(tlhelpers, public), type) else "autofunction"
                )
                lines += [f"## tl.{public}", "```{eval-rst}", f".. {kind}:: tlhelpers.{public}"]
                lines += ["   :members:" if kind == "autoclass" else "", "```", ""]
    source[0] += "\n" + "\n".join(lines)


def prepare_notebook(app, name, source):
    """Put the number of a notebook before its title, and fold its exercises."""
    if not name.startswith("notebooks/"):
        return
    notebook = json.loads(source[0])
    title = notebook["cells"][0]["source"]
    title[0] = title[0].replace("# ", f"# {Path(name).name[:2]} ", 1)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code" and "tl.check(" in "".join(cell["source"]):
            cell["metadata"].setdefault("tags", []).append("hide-cell")
            words = {"code_prompt_show": "Show the exercise", "code_prompt_hide": "Hide it"}
            cell["metadata"]["mystnb"] = words
    source[0] = json.dumps(notebook)


def keep_alternative_texts(app, doctree):
    """Give each figure of a notebook the alternative text that it has there."""
    name = app.env.docname
    if not name.startswith("notebooks/"):
        return
    notebook = json.loads((ROOT / f"{name}.ipynb").read_text("utf-8"))
    texts = [
        output["metadata"]["image/png"]["alt"]
        for cell in notebook["cells"]
        for output in cell.get("outputs", ())
        if "image/png" in output.get("data", ())
    ]
    made = [
        image
        for part in doctree.findall(nodes.container)
        if part.get("nb_element") == "cell_code_output"
        for image in part.findall(nodes.image)
    ]
    for image, text in zip(made, texts, strict=True):
        image["alt"] = text


def mend_for_keyboards(app, name, template, context, doctree):
    """Let the keyboard reach what scrolls, and say the level of the headings at the side."""
    body = context.get("body", "")
    body = body.replace("<pre>", '<pre tabindex="0">')
    for what in ("table-wrapper", "math-wrapper"):
        body = body.replace(f'<div class="{what}', f'<div tabindex="0" class="{what}')
    context["body"] = body
    tree = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = tree.replace(
        'role="heading"', 'role="heading" aria-level="2"'
    )


def write_formula(translator, node):
    """Write a formula as MathML."""
    as_block = isinstance(node, nodes.math_block)
    translator.body.append(tex2mathml(node.astext(), as_block=as_block))
    raise nodes.SkipNode


def setup(app):
    """Connect what is above with Sphinx."""
    renderers = (write_formula, None)
    app.add_html_math_renderer("mathml", renderers, renderers)
    app.connect("source-read", add_contents)
    app.connect("source-read", list_names)
    app.connect("source-read", prepare_notebook)
    app.connect("doctree-read", keep_alternative_texts)
    app.connect("linkcheck-process-uri", ask_the_registry)
    app.connect("html-page-context", mend_for_keyboards, priority=900)  # after the theme
