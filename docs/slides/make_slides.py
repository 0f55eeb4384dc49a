"""Make slides of the notebooks: ``make slides``, and open build/slides/index.html.

Which cells are on a slide is said by their *Slide Type*, as JupyterLab shows it beside an
open notebook and as ``jupyter nbconvert --to slides`` reads it: ``slide`` begins a slide,
``fragment`` comes onto it with the next key, ``skip`` is left out, and a cell without one
goes with the cell above it.  Of a cell a slide shows less than the notebook does:

- of a text: its first heading and what stands below it, up to the next one: the first
  paragraph, the ones with a guess or an exercise, lists, tables and formulas;
- of code: at most `CODE_LINES` lines, else only what it printed; nothing of a source that is
  folded away in the notebook;
- of an exercise: what is to be filled in, not how hints are had, nor that it was not answered.

What a teacher says beside them stands in docs/teaching/slides, a heading for each slide.
A deck is one file with all that it needs in it.
"""

from __future__ import annotations

import argparse
import base64
import importlib.util
import math
import re
import struct
import sys
from dataclasses import dataclass, field
from html import escape, unescape
from pathlib import Path
from typing import Any

import nbformat
from docutils.utils.math.latex2mathml import tex2mathml
from jinja2 import Environment, FileSystemLoader
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin
from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

from tlhelpers.course.outputs import HIDDEN_TAG
from tlhelpers.teaching.claims import CLAIM_TYPE
from tlhelpers.teaching.exercises.showing import CHECK_TYPE

ROOT = Path(__file__).resolve().parents[2]
NOTES = ROOT / "docs" / "teaching" / "slides"

#: Code of more lines than this is not shown: nobody reads it from the last row.
CODE_LINES = 13
#: What a slide has for its text, in pixels, when it is 1280 by 720.
HEIGHT, WIDTH = 648, 1168
#: Its letters are as large as fit: class in slides.css → letters, letters of code, in pixels.
SIZES = {"large": (36, 26), "usual": (30, 22), "dense": (25, 20)}
#: A figure is at least as high as this.
FIGURE_HEIGHT = 290
#: A source that only shows something is no lesson.
ONLY_SHOWS = re.compile(r"tl\.(quiz|show_code)\(")
#: What is alive in a notebook: on a slide it is a picture, and the call stands below it.
WIDGET = re.compile(r"tl\.(?:draw|look_inside|explore_\w+|widgets\.\w+)\([^()]*\)")
_HEADING = re.compile(r"^(#{1,3}) (.+)$", re.MULTILINE)
TYPES = ("slide", "subslide", "fragment", "skip", "notes", "")


@dataclass
class Slide:
    """A slide: its first cell's id, the headings that it stands under, and blocks of HTML."""

    id: str
    headings: tuple[str, ...]
    blocks: list[str] = field(default_factory=list)
    minutes: int = 0
    notes: str = ""

    @property
    def html(self) -> str:
        """All of it."""
        return "\n".join(self.blocks)

    @property
    def size(self) -> str:
        """The largest of `SIZES` with which it fits, as far as can be told without a browser."""
        fitting = [name for name in SIZES if self.height(name) <= HEIGHT]
        return fitting[0] if fitting else list(SIZES)[-1]

    def height(self, size: str) -> float:
        """Estimate how many pixels high it is with letters of a size; inf if it is too wide."""
        letters, code_letters = SIZES[size]
        total = 0.0
        for block in self.blocks:
            total += letters / 2 + FIGURE_HEIGHT * block.count("<img") + 90 * block.count("<h1")
            for code in re.findall(r"<pre.*?</pre>", block, re.DOTALL):
                lines = unescape(re.sub(r"<[^>]+>", "", code)).split("\n")
                rows = [max(1, math.ceil(len(row) * 0.61 * code_letters / 1136)) for row in lines]
                if max(rows) > 1 and "printed" not in code.partition(">")[0]:
                    return math.inf  # no line of code may be broken
                total += 40 + 1.32 * code_letters * sum(rows)
            rest = re.sub(r"<pre.*?</pre>", "", block, flags=re.DOTALL)
            rest = re.sub(r"<math.*?</math>", "x = y + z", rest, flags=re.DOTALL)
            for text in re.split(r"</(?:p|li|tr|h1|h2|figcaption)>", rest):
                words = re.sub(r"<[^>]+>", "", text).strip()
                if words:
                    broken = math.ceil(len(words) * 0.56 * letters / WIDTH)
                    total += 1.35 * letters * broken + letters / 3
        return total


def slide_type(cell: NotebookNode) -> str:
    """Return the Slide Type of a cell; an empty one goes with the cell above it."""
    found = cell.metadata.get("slideshow", {}).get("slide_type", "")
    found = "" if found == "-" else found
    if found not in TYPES:
        raise ValueError(
            f"The cell {cell.id} has the Slide Type {found!r}. Wanted is one of "
            f"{', '.join(filter(None, TYPES))}: choose it in JupyterLab, in the property inspector."
        )
    return found


def read_slides(notebook: NotebookNode) -> list[Slide]:
    """Cut a notebook into slides.

    Parameters
    ----------
    notebook
        With its outputs.

    Returns
    -------
    list of Slide
        Without notes.
    """
    slides: list[Slide] = []
    headings: tuple[str, ...] = ()
    steps = 0
    for cell in notebook.cells:
        own = headings
        if cell.cell_type == "markdown":
            for number, (level, title) in enumerate(_HEADING.findall(cell.source)):
                headings = (*headings[:1], title) if len(level) == 3 else (title,)
                own = headings if number == 0 else own
        kind = slide_type(cell)
        if kind in ("skip", "notes"):
            continue
        if kind in ("slide", "subslide"):
            slides.append(Slide(cell.id, own))
            steps = 0
        if not slides:
            continue
        blocks = text_blocks(cell.source) if cell.cell_type == "markdown" else code_blocks(cell)
        if kind == "fragment":
            blocks = [_later(block, steps) for block in blocks]
            steps += 1
        slides[-1].blocks += blocks
    for slide in slides:
        if not any(re.match(r"<h[12]\b", block) for block in slide.blocks):
            slide.blocks.insert(0, f'<h2 class="running">{_inline(slide.headings[-1])}</h2>')
    return slides


def _later(block: str, step: int) -> str:
    """Let a block come with a key; it begins with a tag that has a class."""
    return re.sub(r'class="', f'data-fragment-index="{step}" class="fragment ', block, count=1)


def _formula(tex: str, options: dict[str, Any]) -> str:
    return tex2mathml(tex, as_block=bool(options["display_mode"]))


def _code(source: str, language: str, _: str) -> str:
    lexer = get_lexer_by_name(language or "text")
    return highlight(source, lexer, HtmlFormatter(nowrap=True))


_MARKDOWN = MarkdownIt("commonmark", {"highlight": _code}).enable("table")
_MARKDOWN.use(dollarmath_plugin, renderer=_formula)


def _mend_links(text: str) -> str:
    """Let a link to a notebook lead to its slides; drop what is beside the deck."""
    text = re.sub(r"\]\((?:[^()\s]*/)?(\d\d_\w+)\.ipynb[^)]*\)", r"](\1.html)", text)
    return re.sub(r"(?<!!)\[([^]]+)\]\((?!https?:|\d\d_\w+\.html)[^)]*\)", r"\1", text)


def _inline(text: str) -> str:
    return str(_MARKDOWN.renderInline(_mend_links(text)))


def _top_blocks(tokens: list[Token]) -> list[list[Token]]:
    """Group tokens to blocks: a heading, a paragraph, a list, a table, a formula."""
    blocks: list[list[Token]] = []
    depth = 0
    for token in tokens:
        if depth == 0:
            blocks.append([])
        blocks[-1].append(token)
        depth += token.nesting
    return blocks


def text_blocks(source: str) -> list[str]:
    """Render what a slide shows of a text.

    Examples
    --------
    >>> text_blocks("## A\\n\\nOne.\\n\\nTwo.\\n\\n**Guess first:** three?")[1:]
    ... # doctest: +NORMALIZE_WHITESPACE
    ['<div class="text"><p>One.</p>\\n</div>',
     '<div class="text guess"><p><strong>Guess first:</strong> three?</p></div>']
    """
    text = re.split(r"^\*\*(?:Where to go next|Sources)", source, flags=re.MULTILINE)[0]
    text = _mend_links(re.sub(r" `tl\.hint\(.*", "", text))
    heading = re.search(r"^#+ ", text, re.MULTILINE)
    tokens = _MARKDOWN.parse(text[heading.start() :] if heading else text)
    shown: list[str] = []
    is_first = True
    for block in _top_blocks(tokens):
        kind = block[0].type
        html = str(_MARKDOWN.renderer.render(block, _MARKDOWN.options, {}))
        guess = re.search(r"<strong>Guess first:</strong>.*", html, re.DOTALL)
        if kind == "heading_open":
            if any(not part.startswith("<h") for part in shown):
                break
            level = "h1" if block[0].tag == "h1" else "h2"
            shown.append(re.sub(r"(</?)h\d", rf"\1{level}", html).strip())
            continue
        if kind == "paragraph_open" and guess:
            before = html[: guess.start()].removeprefix("<p>").strip()
            if before:
                shown.append(f'<div class="text"><p>{before}</p></div>')
            shown.append(f'<div class="text guess"><p>{guess[0].strip()}</div>')
        elif kind != "paragraph_open" or is_first or html.startswith("<p><strong>Exercise "):
            shown.append(f'<div class="text">{html}</div>')
        # A paragraph that ends with a colon goes on.
        is_first = is_first and block[-2].content.endswith(":") if len(block) > 1 else False
    return shown


def code_blocks(cell: NotebookNode) -> list[str]:
    """Render what a slide shows of a code cell: its source, and what came out."""
    blocks: list[str] = []
    source = cell.source.strip()
    folded = HIDDEN_TAG in cell.metadata.get("tags", [])
    only_shows = ONLY_SHOWS.match(source) or WIDGET.search(source)
    asked = re.sub(r"\s*^tl\.check\(.*", "", source, flags=re.MULTILINE | re.DOTALL)
    if not folded and not only_shows and asked.count("\n") < CODE_LINES:
        blocks.append(_pre("code", _code(asked, "python", "")))
    for output in cell.outputs:
        blocks += _output(output, source)
    return _with_captions(blocks)


def _pre(kind: str, html: str) -> str:
    return f'<pre class="{kind}" tabindex="0">{html.rstrip()}</pre>'


def _output(output: NotebookNode, source: str) -> list[str]:
    if output.output_type == "stream" and "tl.check(" in source and "check takes" in output.text:
        return []
    if output.output_type == "stream":
        return [_pre("printed", escape(output.text.rstrip()))]
    data = output.get("data", {})
    if CHECK_TYPE in data:
        return []
    if "image/png" in data:
        alt = escape(output.metadata["image/png"]["alt"])
        picture = data["image/png"].replace("\n", "")
        live = ""
        if data.get("text/plain", "") != "<Figure>":
            calls = WIDGET.findall(source)
            live = "".join(f"<code>{escape(call)}</code>" for call in calls[:1])
            live = f"<figcaption>Live in the notebook: {live}</figcaption>"
        image = f'<img src="data:image/png;base64,{picture}" alt="{alt}">'
        width, height = struct.unpack(">II", base64.b64decode(picture[:32])[16:24])
        kind = "figure tall" if height > 0.75 * width else "figure"
        return [f'<figure class="{kind}">{image}<div class="beside">{live}</div></figure>']
    claim = data.get(CLAIM_TYPE)
    if claim:
        return [f'<p class="claim">✔ {escape(claim["sentence"])}</p>']
    if "text/markdown" in data:
        text = re.sub(r"\n\*Run this cell to answer.*", "", data["text/markdown"])
        kind = "quiz" if "**Quiz " in text else "text"
        html = str(_MARKDOWN.render(text)).replace("<pre><code", '<pre class="code"><code')
        return [f'<div class="{kind}">{html}</div>']
    if "text/html" in data:
        return [f'<div class="text">{data["text/html"]}</div>']
    return [_pre("printed", escape(data["text/plain"]))] if "text/plain" in data else []


def _with_captions(blocks: list[str]) -> list[str]:
    """Put the caption, which comes after its picture, into the figure; claims beside a tall one."""
    done: list[str] = []
    for block in blocks:
        words = block if block.startswith('<p class="claim"') else ""
        caption = re.match(r'<div class="text"><p><em>(Figure \d.*)</em></p>', block, re.DOTALL)
        if caption:
            words = f"<figcaption>{caption[1]}</figcaption>"
        figure = done[-1] if done and done[-1].endswith("</div></figure>") else ""
        if figure and (caption or words and '"figure tall"' in figure):
            done[-1] = figure.removesuffix("</div></figure>") + words + "</div></figure>"
        else:
            done.append(block)
    return done


def read_notes(path: Path) -> dict[str, tuple[int, str]]:
    """Read what is said beside the slides of a notebook.

    Parameters
    ----------
    path
        A page with a heading such as "## `title`, 3 minutes" for each slide.

    Returns
    -------
    dict
        Id of the first cell → minutes, and the notes in Markdown.
    """
    parts = re.split(r"^## ", path.read_text("utf-8"), flags=re.MULTILINE)[1:]
    notes: dict[str, tuple[int, str]] = {}
    for part in parts:
        title, _, text = part.partition("\n")
        found = re.fullmatch(r"`([\w-]+)`, (\d+) minutes?", title.strip())
        if not found or found[1] in notes:
            raise ValueError(
                f"{path.name} has the heading {title.strip()!r}. Wanted is the id of a slide's "
                "first cell, once, and its minutes, such as: ## `title`, 3 minutes"
            )
        notes[found[1]] = int(found[2]), text.strip()
    return notes


def read_deck(notebook: Path, notes: Path = NOTES) -> tuple[str, list[Slide]]:
    """Read the slides of a notebook with their notes.

    Returns
    -------
    title : str
        Of the notebook.
    slides : list of Slide
        In order.
    """
    slides = read_slides(nbformat.read(notebook, as_version=4))
    said = read_notes(notes / f"notebook_{notebook.name[:2]}.md")
    ids = [slide.id for slide in slides]
    if ids != list(said):
        odd = sorted(set(ids) ^ set(said)) or "another order"
        raise ValueError(
            f"The slides of {notebook.name} and their notes differ: {odd}. Wanted is one heading "
            f"in {notes.name}/notebook_{notebook.name[:2]}.md for each slide, in their order."
        )
    for slide in slides:
        slide.minutes, text = said[slide.id]
        slide.notes = str(_MARKDOWN.render(_mend_links(text)))
    title = re.search(r"<h1[^>]*>(.*?)</h1>", slides[0].html)
    return re.sub(r"<[^>]+>", "", title[1] if title else notebook.stem), slides


def reveal_folder() -> Path:
    """Return the folder of reveal.js, which the package sphinx-revealjs brings."""
    spec = importlib.util.find_spec("sphinx_revealjs")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(
            "sphinx-revealjs is not installed, and the slides need the reveal.js in it. "
            "Run make slides, which installs it."
        )
    return Path(spec.origin).parent / "_static" / "revealjs"


def make_slides(folder: Path, notebooks: list[Path]) -> list[Path]:
    """Write a deck for each notebook, and a page that leads to them.

    Parameters
    ----------
    folder
        Where they go.
    notebooks
        Of which to make slides.

    Returns
    -------
    list of Path
        The decks.
    """
    reveal = reveal_folder()
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True
    )
    inside = {
        "reveal_css": (reveal / "dist" / "reveal.css").read_text("utf-8"),
        "reveal_js": (reveal / "dist" / "reveal.js").read_text("utf-8"),
        "notes_js": (reveal / "plugin" / "notes" / "notes.js").read_text("utf-8"),
        "code_css": HtmlFormatter(style="a11y-high-contrast-light").get_style_defs("pre"),
        "css": (Path(__file__).parent / "slides.css").read_text("utf-8"),
    }
    # A script within a page ends at this, wherever it stands.
    for name in ("reveal_js", "notes_js"):
        inside[name] = inside[name].replace("</script", "<\\/script")
    folder.mkdir(parents=True, exist_ok=True)
    decks: list[dict[str, Any]] = []
    for notebook in notebooks:
        title, slides = read_deck(notebook)
        minutes = sum(slide.minutes for slide in slides)
        about = {"file": f"{notebook.stem}.html", "number": notebook.name[:2], "title": title}
        decks.append(about | {"slides": slides, "minutes": minutes})
        page = templates.get_template("deck.html").render(**decks[-1], **inside)
        (folder / f"{notebook.stem}.html").write_text(page, "utf-8")
    page = templates.get_template("index.html").render(decks=decks, css=inside["css"])
    (folder / "index.html").write_text(page, "utf-8")
    return [folder / deck["file"] for deck in decks]


def main(words: list[str]) -> int:
    """Make the slides; say where they are."""
    parser = argparse.ArgumentParser(description="Make slides of the notebooks.")
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "build" / "slides")
    parser.add_argument("--only", help="the number of one notebook, such as 04", default="")
    args = parser.parse_args(words)
    notebooks = sorted((ROOT / "notebooks").glob(f"{args.only or '[0-9]'}*.ipynb"))
    try:
        decks = make_slides(args.folder, notebooks)
    except (ModuleNotFoundError, OSError, ValueError) as problem:
        sys.exit(str(problem))
    print(f"Made {len(decks)} decks. Open {args.folder / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
