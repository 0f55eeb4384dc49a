"""Say where this repository is, everywhere at once: ``make links ADDRESS=https://...``.

The address stands in pyproject.toml.  From there it goes into every page that tells how to
get the course, and into the links that start it in a browser.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
NONE_YET = "<address of this repository>"  # what pages say until there is one
PAGES = ("README.md", "docs")
BEGIN, END = "<!-- links: begin -->", "<!-- links: end -->"
FIRST = "notebooks/00_start_here.ipynb"


def current_address(project: str) -> str:
    """Return the address that pyproject.toml has, or what stands for one.

    Examples
    --------
    >>> current_address("[project.urls]\\nRepository = 'https://a.org/b/c'".replace("'", '"'))
    'https://a.org/b/c'
    >>> current_address("[project]")
    '<address of this repository>'
    """
    found = re.search(r'^Repository = "([^"]+)"$', project, re.MULTILINE)
    return found.group(1) if found else NONE_YET


def read_address(words: list[str]) -> str:
    """Return the address that was given, without a slash or .git at its end."""
    address = words[0].strip().removesuffix("/").removesuffix(".git") if len(words) == 1 else ""
    if not re.fullmatch(r"https://[\w.-]+(/[\w.~-]+){2,}", address):
        sys.exit(
            f"{address or 'Nothing'!r} is not an address of a repository. Give it like this: "
            "make links ADDRESS=https://github.com/OWNER/NAME"
        )
    return address


def browser_links(address: str) -> str:
    """Return the links that start the course in a browser, where the host has such services.

    Examples
    --------
    >>> browser_links("https://example.org/a/b")
    ''
    """
    host, _, name = address.removeprefix("https://").partition("/")
    if host != "github.com":
        return ""
    links = {
        "Codespaces": f"https://codespaces.new/{name}",
        "Binder": f"https://mybinder.org/v2/gh/{name}/HEAD?urlpath=lab/tree/{FIRST}",
        "Colab": f"https://colab.research.google.com/github/{name}/blob/HEAD/{FIRST}",
    }
    shown = ", ".join(f"[{service}]({link})" for service, link in links.items())
    return f"Without installing anything: {shown} ([what to expect](docs/in_a_browser.md)).\n"


def main(words: list[str]) -> int:
    """Write the address into pyproject.toml and every page; say which files changed."""
    address = read_address(words)
    project = ROOT / "pyproject.toml"
    text = project.read_text("utf-8")
    before = current_address(text)
    if before == NONE_YET:
        urls = f'[project.urls]\nRepository = "{address}"\n\n[project.optional-dependencies]'
        new = {project: text.replace("[project.optional-dependencies]", urls, 1)}
    else:
        new = {project: text.replace(f'Repository = "{before}"', f'Repository = "{address}"')}
    for page in PAGES:
        path = ROOT / page
        for file in sorted(path.rglob("*.md")) if path.is_dir() else [path]:
            text = file.read_text("utf-8").replace(before, address)
            block = f"{BEGIN}\n{browser_links(address)}{END}"
            new[file] = re.sub(f"{BEGIN}.*?{END}", lambda _, b=block: b, text, flags=re.DOTALL)
    citation = ROOT / "CITATION.cff"
    text = re.sub(r"^repository-code: .*\n", "", citation.read_text("utf-8"), flags=re.MULTILINE)
    line = f'repository-code: "{address}"\n'
    new[citation] = text.replace("type: software\n", f"type: software\n{line}", 1)
    for file, text in new.items():
        if file.read_text("utf-8") != text:
            file.write_text(text, "utf-8")
            print(f"{file.relative_to(ROOT)}: {address}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
