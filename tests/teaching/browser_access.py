"""What a browser shows must be there for everyone: checks of the outputs on a page.

`browser_check.py` uses them.  axe-core comes with axe-playwright-python; without
it, only what needs no axe is checked.
"""

import subprocess
from pathlib import Path

OUTPUTS = ".jp-OutputArea-output"
GRAVE = ("serious", "critical")

# The words of outputs, and how far they stick out of their place on the right.
STICKING_OUT = """() => {
  const found = [];
  for (const area of document.querySelectorAll(".jp-OutputArea-output")) {
    const edge = area.getBoundingClientRect().right;
    const walker = document.createTreeWalker(area, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode, range = document.createRange();
      if (!node.textContent.trim() || node.parentElement.closest("option, script, style")) continue;
      range.selectNodeContents(node);
      const out = Math.round(range.getBoundingClientRect().right - edge);
      if (out > 1) found.push(`${node.textContent.trim().slice(0, 60)} (${out} pixels)`);
    }
  }
  return found;
}"""


def violations(page) -> list[str] | None:
    """Return what axe finds in the outputs and is serious or critical; None without axe."""
    try:
        from axe_playwright_python.sync_playwright import Axe
    except ImportError:
        return None
    found = Axe().run(page, context={"include": [[OUTPUTS]]}).response["violations"]
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:200]}"
        for rule in found
        if rule["impact"] in GRAVE
        for node in rule["nodes"]
    ]


def insist_on_access(page, where: str) -> None:
    """Fail if axe finds something grave."""
    found = violations(page)
    if found is None:
        print(f"  {where}: not checked, axe-playwright-python is not installed")
        return
    assert not found, f"{where}: axe finds\n" + "\n".join(found)
    print(f"  {where}: axe finds nothing grave in {page.locator(OUTPUTS).count()} outputs")


def insist_on_room(page, where: str) -> None:
    """Fail if words of an output stick out of it: they would be cut, or one had to scroll."""
    found = page.evaluate(STICKING_OUT)
    assert not found, f"{where}: these words are cut\n" + "\n".join(found)
    print(f"  {where}: all words have room")


def insist_on_words(cell, alt: str, where: str) -> None:
    """Fail unless a figure has its words as alternative text, and they are read out once."""
    output = cell.locator(".jp-OutputArea")
    assert output.get_by_role("img", name=alt, exact=True).count() == 1, f"{where}: no such picture"
    read_out = output.aria_snapshot().replace('\\"', '"')
    assert read_out.count(alt) == 1, f"{where}: the words are not read once, but\n{read_out}"
    assert output.get_by_text(f"Figure: {alt}", exact=True).is_visible(), f"{where}: no caption"


def as_html(python: str, notebook: Path, *options: str) -> Path:
    """Convert a notebook with outputs to HTML, as a teacher would."""
    command = [python, "-m", "nbconvert", "--to", "html", *options, str(notebook)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return notebook.with_suffix(".html")
