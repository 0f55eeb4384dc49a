"""Look for slips of spelling, and for American words in British texts: ``make spelling``.

codespell reads every text and all code; what it leaves out stands in pyproject.toml.  Then
prose alone is read again: pages, the texts of notebooks, docstrings, comments and longer
strings, without code and without titles of papers (in links, quotes or italics).
"""

from __future__ import annotations

import ast
import io
import json
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXTS = ("*.md", "docs/**/*.md", "data/*.md", "benchmarks/*.md")
CODE = ("*.py", ".ci/*.py", "tlhelpers/**/*.py", "benchmarks/**/*.py")
NOTEBOOKS = ("notebooks/*.ipynb",)

#: British, too, or a name in the field: an optimizer of Keras, a program, a licence file.
FINE = {"license", "optimizer", "optimizers", "practice", "practices", "program", "programs"}
FINE |= {"check", "checks", "math", "meter", "meters", "stories", "story"}

#: What is no prose: code, addresses, and titles in links, quotes or italics.
NO_PROSE = re.compile(
    r"```.*?```|``[^`]*``|`[^`\n]*`|\[[^\]]*\]\([^)]*\)|https?://\S+|\"[^\"]{,300}\""
    r"|“[^”]{,300}”|(?<![*\w])\*(?![*\s])[^*\n]+\*(?!\*)|^\s*(?:>>>|\.\.\.) .*$",
    re.DOTALL | re.MULTILINE,
)


#: Strings with this are styles of a web page.
STYLES = re.compile(r"([\w-]+: [^;]+; ?){2}")


def british_words() -> dict[str, str]:
    """Return American words and what they are in Britain, from codespell's own list."""
    import codespell_lib

    name = Path(codespell_lib.__file__).parent / "data" / "dictionary_en-GB_to_en-US.txt"
    pairs = (line.split("->") for line in name.read_text("utf-8").split() if "->" in line)
    return {
        american: british
        for british, many in pairs
        for american in many.split(",")
        if american and american not in FINE
    }


def prose_of_code(code: str) -> Iterator[str]:
    """Yield the comments of Python code, and its strings of four words and more."""
    try:
        tree = ast.parse(code)
    except SyntaxError:  # a cell with a command of Jupyter's
        return
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.COMMENT:
            yield token.string
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if len(node.value.split()) > 3 and not STYLES.search(node.value):
                yield node.value


def prose_of(path: Path) -> Iterator[str]:
    """Yield the pieces of prose in a page, a module or a notebook."""
    text = path.read_text("utf-8")
    if path.suffix == ".ipynb":
        for cell in json.loads(text)["cells"]:
            source = "".join(cell["source"])
            yield from [source] if cell["cell_type"] == "markdown" else prose_of_code(source)
    elif path.suffix == ".py":
        yield from prose_of_code(text)
    else:
        yield text


def american_words(text: str, british: dict[str, str]) -> list[str]:
    """Return a sentence for each American word in a piece of prose.

    Examples
    --------
    >>> american_words("The color of `color` in [Color](x).", {"color": "colour"})
    ['color (in Britain: colour), in: The color of']
    """
    plain = NO_PROSE.sub("·", text)
    found = []
    for word in re.finditer(r"(?<![\w.-])[A-Za-z]+(?![\w(=;])", plain):
        if word[0].lower() in british:
            around = " ".join(plain[max(0, word.start() - 30) : word.end() + 4].split())
            found.append(f"{word[0]} (in Britain: {british[word[0].lower()]}), in: {around}")
    return found


def main() -> int:
    """Read everything, print what was found, and return 1 if there was something."""
    try:
        british = british_words()
    except ImportError:
        sys.exit("codespell is not in this Python. `make spelling` puts it there.")
    slips = subprocess.run([sys.executable, "-m", "codespell_lib"], cwd=ROOT, check=False)
    places = [path for glob in (*TEXTS, *CODE, *NOTEBOOKS) for path in sorted(ROOT.glob(glob))]
    count = 0
    for path in dict.fromkeys(places):
        for piece in prose_of(path):
            for said in american_words(piece, british):
                print(f"{path.relative_to(ROOT)}: {said}")
                count += 1
    return int(slips.returncode != 0 or count > 0)


if __name__ == "__main__":
    sys.exit(main())
