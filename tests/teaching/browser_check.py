"""Drive the widgets in a real browser, as a learner would.

`tests/test_browser.py` runs this where playwright and a Chromium are there.
By hand, with pictures of the screen to look at:

    python tests/browser_check.py --shots FOLDER [--python PYTHON] [--chromium FILE]
"""

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CELLS = {
    "start": "import tlhelpers as tl\ntl.load_tensorflow()",
    "draw": "tl.draw()",
    "freezing": "tl.explore_freezing()",
    "adaptation": "tl.explore_adaptation()",
    "quiz": 'tl.quiz("0.a")',
}
MOST_SECONDS = 480  # then the browser is closed and the server stopped
IDLE = ".jp-Notebook-ExecutionIndicator[data-status=idle]"


def write_notebook(path: Path, cells: dict[str, str]) -> None:
    made = [
        {
            "cell_type": "code",
            "id": name,
            "source": source,
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for name, source in cells.items()
    ]
    spec = {"display_name": "Python 3", "language": "python", "name": "python3"}
    book = {"cells": made, "metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(book), encoding="utf-8")


def start_server(folder: Path, python: str) -> tuple[subprocess.Popen, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "TLHELPERS_DATA": str(folder / "learner"),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    books = folder / "books"
    # All cells are on the page, also those that one would have to scroll to; and no news.
    for name, chosen in (
        ("notebook-extension/tracker", {"windowingMode": "none"}),
        ("apputils-extension/notification", {"fetchNews": "false"}),
    ):
        place = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        place.parent.mkdir(parents=True)
        place.write_text(json.dumps(chosen), encoding="utf-8")
    command = [python, "-m", "jupyterlab", str(books), "--no-browser", "--allow-root"]
    command += ["--ip=127.0.0.1", f"--port={port}", "--IdentityProvider.token=abc"]
    command += ["--expose-app-in-browser", "--ServerApp.port_retries=0"]
    with open(folder / "server.log", "w") as log:
        server = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    for _ in range(240):
        try:
            urllib.request.urlopen(f"{address}/api?token=abc", timeout=2).close()
            return server, address
        except OSError:
            time.sleep(0.5)
    server.terminate()
    raise SystemExit("JupyterLab did not start: " + (folder / "server.log").read_text()[-2000:])


class Learner:
    """A page of JupyterLab, and what one does on it."""

    def __init__(self, page, shots: Path | None) -> None:
        self.page, self.shots, self.errors = page, shots, []
        page.on("console", self.note)
        page.on("pageerror", lambda error: self.errors.append(f"page: {error}"))

    def note(self, message) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def shot(self, name: str) -> None:
        if self.shots:
            self.shots.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=self.shots / f"{name}.png")

    def cell(self, name: str):
        found = self.page.locator(".jp-Notebook .jp-Cell").nth(list(CELLS).index(name))
        found.scroll_into_view_if_needed()
        return found

    def active_cell(self) -> int:
        app = "(window.jupyterapp ?? window.jupyterlab)"
        return self.page.evaluate(f"{app}.shell.currentWidget.content.activeCellIndex")

    def run_all(self) -> None:
        self.page.wait_for_selector(IDLE, timeout=180_000)
        app = "(window.jupyterapp ?? window.jupyterlab)"
        kernel = f"{app}.shell.currentWidget?.sessionContext?.session?.kernel?.status"
        self.page.wait_for_function(f"{kernel} === 'idle'", timeout=180_000)
        self.page.evaluate(f"void {app}.commands.execute('notebook:run-all-cells')")
        cells = f"{app}.shell.currentWidget.content.model.sharedModel.cells"
        deadline = time.time() + 300
        while None in self.page.evaluate(f"{cells}.map(cell => cell.execution_count)"):
            assert time.time() < deadline, "the cells did not run to the end"
            self.page.wait_for_timeout(500)
        self.page.wait_for_selector(IDLE, timeout=60_000)

    def theme(self, name: str) -> None:
        app = "(window.jupyterapp ?? window.jupyterlab)"
        self.page.evaluate(
            f"{app}.commands.execute('apputils:change-theme', {{theme: 'JupyterLab {name}'}})"
        )
        self.page.wait_for_timeout(2500)


def wait_until(page, what, why: str, seconds: float = 30) -> float:
    """Wait until something is true; return how long it took."""
    began = time.perf_counter()
    while not what():
        assert time.perf_counter() - began < seconds, why
        page.wait_for_timeout(20)
    return time.perf_counter() - began


def draw_a_digit(learner: Learner) -> None:
    """Draw a seven with the mouse and a one with the keyboard, add one, and retrain."""
    page, cell = learner.page, learner.cell("draw")
    picture, said = cell.locator("img"), cell.locator("[role=status][aria-live]").first
    canvas = cell.locator("canvas")
    canvas.wait_for(timeout=60_000)
    cell.get_by_role("button", name="Clear").click()
    wait_until(page, lambda: "empty" in said.inner_text(), "the sheet was not cleared")
    source = picture.get_attribute("src")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()

    def at(x: float, y: float) -> tuple[float, float]:
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    page.mouse.move(*at(0.25, 0.15))
    page.mouse.down()
    for x, y in ((0.75, 0.15), (0.6, 0.45), (0.45, 0.9)):
        page.mouse.move(*at(x, y), steps=12)
    page.mouse.up()
    seconds = wait_until(
        page, lambda: picture.get_attribute("src") != source, "the picture did not change"
    )
    print(f"  the answer came {1000 * seconds:.0f} ms after the stroke: {said.inner_text()}")
    assert "7 (" in said.inner_text()
    learner.shot("draw-mouse")
    cell.get_by_role("combobox").select_option("7")
    cell.get_by_role("button", name="Add as example").click()
    wait_until(page, lambda: "Added as a 7" in said.inner_text(), "the drawing was not added")
    cell.get_by_role("button", name="Retrain").click()
    seconds = wait_until(page, lambda: "Retrained on 1" in said.inner_text(), "no retraining")
    print(f"  retrained in {seconds:.1f} s: {said.inner_text()[:80]}")
    cell.get_by_role("button", name="Clear").click()
    wait_until(page, lambda: "empty" in said.inner_text(), "the sheet was not cleared")
    active = learner.active_cell()
    canvas.focus()
    page.keyboard.press("Space")
    for _ in range(14):
        page.keyboard.press("ArrowDown")
    learner.shot("draw-keyboard")
    page.keyboard.press("Space")
    wait_until(page, lambda: "frozen features: 1 (" in said.inner_text(), "no one was read")
    now = learner.active_cell()
    assert now == active, "the arrow keys moved on to another cell"


def explore(learner: Learner) -> None:
    """Turn the knobs of the freezing explorer with the keyboard alone."""
    page, cell = learner.page, learner.cell("freezing")
    picture, said = cell.locator("img"), cell.locator("[role=status][aria-live]").first
    picture.wait_for(timeout=60_000)
    learner.page.wait_for_timeout(500)
    sliders = cell.get_by_role("slider")
    assert sliders.count() == 2, "there should be two sliders"
    taken = []
    for number, key, words in (
        (0, "ArrowRight", "all 11 blocks"),
        (1, "ArrowRight", "rate 0.003"),
        (1, "ArrowRight", "rate 0.01"),
        (0, "ArrowLeft", "the last 5 blocks"),
    ):
        source = picture.get_attribute("src")
        sliders.nth(number).focus()
        page.keyboard.press(key)
        seconds = wait_until(page, lambda w=words: w in said.inner_text(), f"no answer: {words}")
        wait_until(page, lambda s=source: picture.get_attribute("src") != s, "the same picture")
        taken.append(seconds)
    print(f"  each answer within {1000 * max(taken):.0f} ms: {said.inner_text()[:90]}")
    learner.shot("explore")


def answer_a_quiz(learner: Learner) -> None:
    """Choose each answer until one is right."""
    page, cell = learner.page, learner.cell("quiz")
    radios = cell.get_by_role("radio")
    radios.first.wait_for(timeout=30_000)
    text = cell.locator(".widget-html, .jupyter-widgets.widget-html-content").last
    for number in range(radios.count()):
        radios.nth(number).check()
        cell.get_by_role("button", name="Check").click()
        wait_until(page, lambda: "✔" in text.inner_text() or "✘" in text.inner_text(), "no verdict")
        page.wait_for_timeout(500)
        if "✔" in text.inner_text():
            print(f"  {text.inner_text()[:70]}")
            return
    raise AssertionError("no answer of the quiz was right")


def keep_keys(learner: Learner) -> None:
    """Type in a field, in a choice and on a button: nothing happens to the cells."""
    page = learner.page
    cells = page.locator(".jp-Notebook .jp-Cell")
    many, field = cells.count(), learner.cell("adaptation").get_by_role("combobox")
    field.focus()
    before = field.input_value()
    page.keyboard.press("ArrowDown")
    wait_until(page, lambda: field.input_value() != before, "the arrow did not change the field")
    page.keyboard.type("dd", delay=60)
    wait_until(page, lambda: field.input_value() == "DANN", "typing did not choose a method")
    learner.cell("adaptation").get_by_role("slider").first.focus()
    page.keyboard.type("ddmbax", delay=30)
    quiz = learner.cell("quiz")
    quiz.get_by_role("button", name="Check").focus()
    page.keyboard.type("ddmbax", delay=30)
    radios = quiz.get_by_role("radio")
    radios.first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    wait_until(page, lambda: radios.nth(1).is_checked(), "the arrow did not move the choice")
    page.wait_for_timeout(500)
    assert cells.count() == many, "keys typed in a widget changed the cells"
    page.keyboard.press("Control+s")  # this one is JupyterLab's
    page.wait_for_selector(".jp-mod-dirty", state="detached", timeout=15_000)
    for name, wanted in (
        ("freezing", ["Train: the last 5 blocks", "Learning rate: 0.01"]),
        ("adaptation", ["Weight: 1", "Training step: 120"]),
    ):
        sliders = learner.cell(name).get_by_role("slider").all()
        said = [
            f"{s.get_attribute('aria-label')}: {s.get_attribute('aria-valuetext')}" for s in sliders
        ]
        assert said == wanted, f"the sliders of {name} say {said}"
    assert quiz.get_by_role("radiogroup", name="Your choice:").count() == 1


def restart(learner: Learner) -> None:
    """Restart the kernel: each widget says once, in words, that its cell has to run again."""
    page = learner.page
    app = "(window.jupyterapp ?? window.jupyterlab)"
    kernel = f"{app}.shell.currentWidget.sessionContext.session.kernel"
    page.evaluate(f"void {kernel}.restart()")
    page.wait_for_selector(".tl-box.jupyter-widgets-disconnected", timeout=60_000)
    shown = """() => [...document.querySelectorAll(".tl-box, .tl-box *")]
        .map(node => getComputedStyle(node, "::before").content)
        .filter(text => text !== "none" && text !== "normal")"""
    wait_until(page, lambda: len(page.evaluate(shown)) == 4, "not one sentence for each widget")
    assert all("Run this cell again" in text for text in page.evaluate(shown))
    learner.cell("quiz")
    learner.shot("restarted")


def check(learner: Learner, address: str) -> None:
    learner.page.goto(f"{address}/lab/tree/check.ipynb?token=abc")
    learner.run_all()
    for act in (draw_a_digit, explore, keep_keys, answer_a_quiz):
        print(act.__doc__)
        act(learner)
    for theme in ("Light", "Dark"):
        learner.theme(theme)
        for name in list(CELLS)[1:]:
            learner.cell(name)
            learner.page.wait_for_timeout(400)
            learner.shot(f"{name}-{theme.lower()}")
    known = ("favicon",)
    errors = [text for text in learner.errors if not any(word in text for word in known)]
    assert not errors, "the console has errors: " + "\n".join(errors)
    print(restart.__doc__)
    restart(learner)


def stop(server: subprocess.Popen) -> None:
    """Stop the server, which stops its kernels."""
    server.terminate()
    try:
        server.wait(30)
    except subprocess.TimeoutExpired:
        server.kill()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shots", type=Path, help="where to put pictures of the screen")
    parser.add_argument("--python", default=sys.executable, help="which Python has JupyterLab")
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    parser.add_argument("--chromium", default=found)
    args = parser.parse_args()
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        print("Skipped: playwright is not installed (pip install playwright).")
        return 0
    if args.chromium is None:
        print("Skipped: there is no chromium on this computer.")
        return 0
    # Whoever ends this early: the server and the browser end with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch)
        (folder / "books").mkdir()
        write_notebook(folder / "books" / "check.ipynb", CELLS)
        server, address = start_server(folder, args.python)
        alarm = threading.Timer(MOST_SECONDS, stop, [server])  # then the page fails, too
        alarm.start()
        try:
            with sync_playwright() as playwright:
                options = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
                browser = playwright.chromium.launch(executable_path=args.chromium, args=options)
                page = browser.new_page(viewport={"width": 1200, "height": 1000})
                learner = Learner(page, args.shots)
                try:
                    check(learner, address)
                except BaseException:
                    learner.shot("failed")
                    print("\n".join(learner.errors), file=sys.stderr)
                    raise
                finally:
                    alarm.cancel()
                    browser.close()
        finally:
            alarm.cancel()
            stop(server)
    print("All is well in the browser.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
