"""Take the pictures of the README: a notebook and a widget, as they look in a browser.

Needs playwright and a Chromium, see 'Try the widgets in a browser' in CONTRIBUTING.md:

    python tests/teaching/readme_pictures.py [--python PYTHON] [--chromium FILE]
"""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from browser_check import IDLE, ROOT, start_server, stop, wait_until, write_notebook

FIRST, LAST = "network-text", "network"  # the cells of notebook 00 that are seen
APP = "(window.jupyterapp ?? window.jupyterlab)"


def write_books(folder: Path) -> None:
    """Write the beginning of notebook 00, without outputs, and one with the widget."""
    book = json.loads((ROOT / "notebooks" / "00_start_here.ipynb").read_text(encoding="utf-8"))
    last = [cell["id"] for cell in book["cells"]].index(LAST)
    book["cells"] = book["cells"][: last + 2]  # one more, which is the active one
    for cell in book["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    (folder / "notebook.ipynb").write_text(json.dumps(book), encoding="utf-8")
    start = "import tlhelpers as tl\ntl.load_tensorflow()"
    write_notebook(folder / "widget.ipynb", {"start": start, "draw": "tl.draw()"})


def open_and_run(page, address: str, name: str) -> None:
    """Open a notebook with nothing around it, and run all of it."""
    page.goto(f"{address}/lab/tree/{name}?token=abc&reset")
    page.wait_for_selector(IDLE, timeout=180_000)
    kernel = f"{APP}.shell.currentWidget?.sessionContext?.session?.kernel?.status"
    page.wait_for_function(f"{kernel} === 'idle'", timeout=180_000)
    page.evaluate(f"{APP}.commands.execute('application:toggle-left-area')")
    page.evaluate(f"void {APP}.commands.execute('notebook:run-all-cells')")
    cells = f"{APP}.shell.currentWidget.content.model.sharedModel.cells"
    left = f"{cells}.filter(cell => cell.execution_count === null).length"
    wait_until(page, lambda: page.evaluate(left) == 0, "the cells did not run", 240)
    page.wait_for_selector(IDLE, timeout=60_000)
    page.wait_for_timeout(2000)


def take_notebook(page, address: str, place: Path) -> None:
    """Take the cells from `FIRST` on."""
    open_and_run(page, address, "notebook.ipynb")
    cells = f"{APP}.shell.currentWidget.content.model.sharedModel.cells"
    first = page.evaluate(f"{cells}.findIndex(cell => cell.id === '{FIRST}')")
    shown = page.locator(".jp-Notebook .jp-Cell")
    top = shown.nth(first)
    top.evaluate("node => node.scrollIntoView({block: 'start'})")
    page.wait_for_timeout(1000)
    boxes = [top.bounding_box(), shown.nth(shown.count() - 2).bounding_box()]
    bottom = boxes[1]["y"] + boxes[1]["height"]
    clip = {"x": boxes[0]["x"], "y": boxes[0]["y"], "width": boxes[0]["width"]}
    page.screenshot(path=place, clip=clip | {"height": bottom - boxes[0]["y"]})


def take_widget(page, address: str, place: Path) -> None:
    """Draw a seven, and take what is shown."""
    open_and_run(page, address, "widget.ipynb")
    cell = page.locator(".jp-Notebook .jp-Cell").nth(1)
    canvas, said = cell.locator("canvas"), cell.locator("[role=status][aria-live]").first
    canvas.wait_for(timeout=60_000)
    cell.get_by_role("button", name="Clear").click()
    wait_until(page, lambda: "empty" in said.inner_text(), "the sheet was not cleared")
    box = canvas.bounding_box()
    strokes = (0.25, 0.15), (0.75, 0.15), (0.6, 0.45), (0.45, 0.9)
    for number, (x, y) in enumerate(strokes):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=12)
        if number == 0:
            page.mouse.down()
    page.mouse.up()
    wait_until(page, lambda: "7 (" in said.inner_text(), "no seven was read")
    page.mouse.move(5, 5)
    page.wait_for_timeout(1000)
    cell.locator(".jp-OutputArea-output").first.screenshot(path=place)


def main() -> int:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", default=sys.executable, help="which Python has JupyterLab")
    found = shutil.which("chromium") or shutil.which("google-chrome")
    parser.add_argument("--chromium", default=found)
    parser.add_argument("--folder", type=Path, default=ROOT / "docs", help="where to put them")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        (Path(scratch) / "books").mkdir()
        write_books(Path(scratch) / "books")
        server, address = start_server(
            Path(scratch), [args.python, "-m", "jupyterlab", Path(scratch) / "books"]
        )
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=args.chromium, args=["--no-sandbox"]
                )
                page = browser.new_page(viewport={"width": 1020, "height": 1400})
                take_notebook(page, address, args.folder / "notebook.png")
                take_widget(page, address, args.folder / "widget.png")
                browser.close()
        finally:
            stop(server)
    return 0


if __name__ == "__main__":
    sys.exit(main())
