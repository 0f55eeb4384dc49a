"""Drive the widgets in a real browser, as a learner would.

`tests/teaching/test_browser.py` runs this where playwright and a Chromium are there.
By hand, with pictures of the screen to look at:

    python tests/teaching/browser_check.py --shots FOLDER [--python PYTHON] [--chromium FILE]
"""

import argparse
import io
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import zipfile
import zlib
from pathlib import Path

from browser_access import as_html, insist_on_access, insist_on_room, insist_on_words

ROOT = Path(__file__).resolve().parents[2]
ALT = 'Two cats & two "dogs", all of them on the diagonal: no mistake.'
LONG = "Whoever makes the window narrow, or the letters large, " * 3 + "still reads it all."
CELLS = {
    "start": "import tlhelpers as tl\ntl.load_tensorflow()",
    "draw": "tl.draw()",
    "inside": "tl.look_inside()",
    "pictures": 'tl.widgets.draw_pictures("drawn")',
    "upload": 'tl.widgets.upload("given")',
    "labels": "tl.widgets.explore_labels()",
    "freezing": "tl.explore_freezing()",
    "adaptation": "tl.explore_adaptation()",
    "quiz": 'tl.quiz("0.a")',
    "figure": f"""answers = tl.plots.confusion([0, 1], [0, 1], ["cat", "dog"])
tl.plots.show(answers, alt={ALT!r})""",
    "claim": f"tl.claim(True, {LONG!r})",
    "exercise": """tl.progress("00")
tl.check("0.1", ...)
tl.hint("0.1")
tl.solution("0.1")""",
    "table": f"""from IPython.display import Markdown, display
table = "|method|what is to be said of it|\\n|-|-|\\n|raw pixels|{LONG}|"
display(Markdown(table))""",
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


def start_server(folder: Path, command: list) -> tuple[subprocess.Popen, str]:
    """Start JupyterLab by a command, with settings in a folder; return it and its address."""
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
    # All cells are on the page, also those that one would have to scroll to; and no news.
    for name, chosen in (
        ("notebook-extension/tracker", {"windowingMode": "none"}),
        ("apputils-extension/notification", {"fetchNews": "false"}),
    ):
        place = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        place.parent.mkdir(parents=True)
        place.write_text(json.dumps(chosen), encoding="utf-8")
    command = [*map(str, command), "--no-browser", "--allow-root", "--ip=127.0.0.1"]
    command += [f"--port={port}", "--ServerApp.port_retries=0"]
    command += ["--IdentityProvider.token=abc", "--expose-app-in-browser"]
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


def stroke(page, canvas, *points: tuple[float, float]) -> None:
    """Draw one stroke with the mouse; a point is (x, y) from 0 to 1."""
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for x, y in places[1:]:
        page.mouse.move(x, y, steps=12)
    page.mouse.up()


def tab_to(page, name: str) -> None:
    """Press Tab until the field of this name has the focus."""
    for _ in range(8):
        page.keyboard.press("Tab")
        focus = "document.activeElement"
        label = f"({focus}.ariaLabel ?? {focus}.labels?.[0]?.innerText ?? {focus}.innerText)"
        if page.evaluate(f"{label} || {focus}.innerText").strip() == name:
            return
    raise AssertionError(f"Tab does not lead to {name}")


SEVEN = (0.25, 0.15), (0.75, 0.15), (0.6, 0.45), (0.45, 0.9)


def draw_a_digit(learner: Learner) -> None:
    """Draw a seven with the mouse and a one with the keyboard, add both, undo one, retrain."""
    page, cell = learner.page, learner.cell("draw")
    picture, said = cell.locator("img").first, cell.locator("[role=status][aria-live]").first
    canvas = cell.locator("canvas")
    canvas.wait_for(timeout=60_000)
    wait_until(page, lambda: "empty" in said.inner_text(), "the sheet is not empty")
    live_region = said.element_handle()
    source = picture.get_attribute("src")
    learner.shot("draw-empty")
    stroke(page, canvas, *SEVEN)
    seconds = wait_until(
        page, lambda: picture.get_attribute("src") != source, "the picture did not change"
    )
    print(f"  the answer came {1000 * seconds:.0f} ms after the stroke: {said.inner_text()}")
    assert "7 (" in said.inner_text()
    add, choice = cell.get_by_role("button", name="Add as example"), cell.get_by_role("combobox")
    add.click()
    wait_until(page, lambda: "Which digit is it?" in said.inner_text(), "it was added as nothing")
    learner.shot("draw-mouse")
    choice.select_option("7")
    add.click()
    wait_until(page, lambda: "Added as 7: 1 example" in said.inner_text(), "it was not added")
    wait_until(page, lambda: cell.get_by_role("listitem").count() == 1, "it is not shown")
    assert choice.evaluate("field => field.selectedOptions[0].text") == "choose"
    choice.select_option("7")
    add.click()
    wait_until(page, lambda: "added already" in said.inner_text(), "it was added twice")
    stroke(page, canvas, (0.2, 0.5), (0.8, 0.5))  # takes a new sheet
    wait_until(page, lambda: ": 7 (" not in said.inner_text(), "the new stroke went on top")
    cell.get_by_role("button", name="Retrain").click()
    seconds = wait_until(page, lambda: "Retrained on 1" in said.inner_text(), "no retraining")
    print(f"  retrained in {seconds:.1f} s: {said.inner_text()[:80]}")
    cell.get_by_role("button", name="Clear").click()
    wait_until(page, lambda: "empty" in said.inner_text(), "the sheet was not cleared")
    assert "(" not in said.inner_text()
    # The keyboard alone, from here on.
    active = learner.active_cell()
    canvas.focus()
    page.keyboard.press("Space")
    for _ in range(14):
        page.keyboard.press("ArrowDown")
    learner.shot("draw-keyboard")
    page.keyboard.press("Space")
    wait_until(page, lambda: "frozen features: 1 (" in said.inner_text(), "no one was read")
    assert learner.active_cell() == active, "the arrow keys moved on to another cell"
    tab_to(page, "This is a")
    page.keyboard.type("1")
    tab_to(page, "Add as example")
    page.keyboard.press("Space")
    wait_until(page, lambda: "Added as 1: 2 examples" in said.inner_text(), "not by keyboard")
    learner.shot("draw-two")
    tab_to(page, "Undo the last")
    page.keyboard.press("Space")
    wait_until(page, lambda: "taken back" in said.inner_text(), "it was not taken back")
    wait_until(page, lambda: cell.get_by_role("listitem").count() == 1, "it is still shown")
    kept = "(node) => node.isConnected && node === document.activeElement.closest('.tl-box')"
    kept += ".querySelector('[role=status][aria-live]')"
    assert live_region.evaluate(kept), "what is read out is another node now"


def look_inside(learner: Learner) -> None:
    """Clear the sheet of what looks inside: it says nothing of the old drawing."""
    page, cell = learner.page, learner.cell("inside")
    said = cell.locator("[role=status][aria-live]").first
    wait_until(page, lambda: "takes it for 3" in said.inner_text(), "it shows no drawing", 60)
    learner.shot("inside")
    stroke(page, cell.locator("canvas"), *SEVEN)
    wait_until(page, lambda: "takes it for 7" in said.inner_text(), "the stroke went on top")
    cell.get_by_role("button", name="Clear").click()
    wait_until(page, lambda: "empty" in said.inner_text(), "the sheet was not cleared")
    assert "takes it for" not in said.inner_text()
    learner.shot("inside-empty")


def save_drawings(learner: Learner) -> None:
    """Save two drawings under names of classes, by mouse and by keyboard, and undo one."""
    page, cell = learner.page, learner.cell("pictures")
    said = cell.locator("[role=status][aria-live]").first
    canvas, save = cell.locator("canvas"), cell.get_by_role("button", name="Save")
    stroke(page, canvas, *SEVEN)
    save.click()
    wait_until(page, lambda: "What does it show?" in said.inner_text(), "it was saved as nothing")
    cell.get_by_label("This is a").fill("7")
    save.click()
    wait_until(page, lambda: "Saved as 7/1.png" in said.inner_text(), "it was not saved")
    canvas.focus()
    page.keyboard.press("Space")
    for _ in range(14):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    tab_to(page, "This is a")
    page.keyboard.type("1")
    tab_to(page, "Save")
    page.keyboard.press("Space")
    wait_until(page, lambda: "Saved as 1/1.png" in said.inner_text(), "not by keyboard")
    wait_until(page, lambda: cell.get_by_role("listitem").count() == 2, "two are not shown")
    learner.shot("pictures-two")
    tab_to(page, "Undo the last")
    page.keyboard.press("Space")
    wait_until(page, lambda: "1/1.png is deleted" in said.inner_text(), "it was not undone")


def give_pictures(learner: Learner) -> None:
    """Upload pictures, a text and an archive of 15 MB, more than the server takes at once."""
    page, cell = learner.page, learner.cell("upload")
    said = cell.locator("[role=status][aria-live]").first
    save = cell.get_by_role("button", name="Save")

    def pick(*files: tuple[str, bytes]) -> None:
        given = [{"name": name, "mimeType": "", "buffer": data} for name, data in files]
        choose = cell.get_by_role("button", name="Choose files")
        wait_until(page, choose.is_enabled, "the button is out of use")
        choose.focus()  # it was lost, if the button was out of use for a moment
        with page.expect_file_chooser() as chooser:
            page.keyboard.press("Space")
        chooser.value.set_files(given)

    cell.get_by_label("Class").focus()
    tab_to(page, "Choose files")
    pick(("a.png", png(1)), ("b.png", png(2)), ("notes.txt", b"no picture"))
    wait_until(page, lambda: "3 files" in said.inner_text(), "the files did not come")
    save.click()
    wait_until(page, lambda: "What is to be seen" in said.inner_text(), "they were dropped")
    learner.shot("upload-chosen")
    cell.get_by_label("Class").focus()
    page.keyboard.type("kiwi")
    tab_to(page, "Choose files")
    tab_to(page, "Save")
    page.keyboard.press("Space")
    wait_until(page, lambda: "Saved 2 pictures of kiwi" in said.inner_text(), "nothing was saved")
    assert "notes.txt: text, not a picture" in said.inner_text()
    large = io.BytesIO()
    with zipfile.ZipFile(large, "w") as archive:
        archive.writestr("lemon/c.png", png(3))
        archive.writestr("lemon/filling.txt", os.urandom(15_000_000))
    cell.get_by_role("button", name="Choose files").focus()
    pick(("set.zip", large.getvalue()))
    seconds = wait_until(page, lambda: "15.0 MB" in said.inner_text(), "15 MB did not come", 90)
    print(f"  15 MB came in {seconds:.1f} s")
    save.click()
    wait_until(page, lambda: "Saved 1 picture of lemon" in said.inner_text(), "nothing unpacked")
    assert cell.get_by_text("3 pictures in 2 classes").count() == 1
    learner.shot("upload-saved")


def png(number: int) -> bytes:
    """A PNG file of stripes, made by hand: this runs where there is no Pillow."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    lines = b"".join(
        b"\0" + bytes(40 * (x // 8 * number % 6) for x in range(64)) for _ in range(48)
    )
    head = struct.pack(">IIBBBBB", 64, 48, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(lines)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


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
    page.keyboard.press("Escape")
    page.keyboard.press("k")  # a command now, to the cell above
    wait_until(page, lambda: learner.active_cell() == list(CELLS).index("quiz") - 1, "no way out")
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


def keep_focus(learner: Learner) -> None:
    """The focus is seen in every field, comes back to a button, and no field is typed into idly."""
    page = learner.page
    seen = "node => (node.focus({focusVisible: true}), getComputedStyle(node).outlineStyle)"
    fields = ".jp-OutputArea :is(canvas, button, select, input:not([hidden]), [role=slider])"
    for name in list(CELLS)[1:9]:
        for field in learner.cell(name).locator(fields).all():
            if field.is_visible():
                assert field.evaluate(seen) == "solid", f"no ring around a field of {name}"
    for name, typed in (("inside", 1), ("labels", 1), ("freezing", 0), ("adaptation", 0)):
        typing = learner.cell(name).locator(".tl-box [contenteditable=true]").count()
        assert typing == typed, f"{name} has {typing} fields to type a number into"
    weight = learner.cell("adaptation").get_by_role("slider", name="Weight")
    assert weight.get_attribute("aria-disabled") == "false"
    learner.cell("adaptation").get_by_role("combobox").select_option("AdaBN")
    off = "node => node.ariaDisabled"
    wait_until(page, lambda: weight.evaluate(off) == "true", "AdaBN's weight seems to be in use")
    train = learner.cell("freezing").get_by_role("button", name="Train this one")
    wait_a_moment = "await new Promise(done => setTimeout(done, 200))"
    for elsewhere in (False, True):
        leave = "document.querySelector('.jp-Cell select').focus()" if elsewhere else ""
        back = train.evaluate(
            f"""async button => {{
                button.focus(); button.disabled = true; {wait_a_moment}; {leave};
                button.disabled = false; {wait_a_moment};
                return document.activeElement === button;
            }}"""
        )
        assert back is not elsewhere, "the focus did not come back, or did against one's will"


def restart(learner: Learner) -> None:
    """Restart the kernel: each widget says once, in words, that its cell has to run again."""
    page = learner.page
    app = "(window.jupyterapp ?? window.jupyterlab)"
    kernel = f"{app}.shell.currentWidget.sessionContext.session.kernel"
    widgets = len(CELLS) - len(("start", "figure", "claim", "exercise", "table"))
    boxes = page.locator(".jp-Notebook .jp-Cell:has(.tl-box)")
    wait_until(page, lambda: boxes.count() == widgets, "a widget did not come back", 60)
    page.evaluate(f"void {kernel}.restart()")
    page.wait_for_selector(".tl-box.jupyter-widgets-disconnected", timeout=60_000)
    shown = """() => [...document.querySelectorAll(".tl-box, .tl-box *")]
        .map(node => getComputedStyle(node, "::before").content)
        .filter(text => text !== "none" && text !== "normal")"""
    wait_until(page, lambda: len(page.evaluate(shown)) == widgets, "not one sentence a widget")
    assert all("Run this cell again" in text for text in page.evaluate(shown))
    learner.cell("quiz")
    learner.shot("restarted")


def be_there_for_everyone(learner: Learner) -> None:
    """A narrow window cuts nothing, and a figure keeps its words when it is opened again."""
    page = learner.page
    app = "(window.jupyterapp ?? window.jupyterlab)"
    for width, where in ((900, "900 pixels"), (640, "1280 pixels at 200 %, no side bar")):
        page.set_viewport_size({"width": width, "height": 800})
        if width == 640:
            page.evaluate(f"{app}.commands.execute('application:toggle-left-area')")
        page.wait_for_timeout(1000)
        insist_on_room(page, where)
        learner.shot(f"narrow-{width}")
    page.set_viewport_size({"width": 1200, "height": 1000})
    insist_on_words(learner.cell("figure"), ALT, "just made")
    page.reload()
    page.wait_for_selector(IDLE, timeout=180_000)
    insist_on_words(learner.cell("figure"), ALT, "opened again")


def check_html(learner: Learner, saved: Path, python: str) -> None:
    """The notebook as a page of its own; it asks for a network, so its console is not judged."""
    page = learner.page
    for theme in ("light", "dark"):
        page.goto(as_html(python, saved, "--theme", theme).as_uri())
        insist_on_words(page.locator(".jp-Cell").nth(list(CELLS).index("figure")), ALT, "HTML")
        insist_on_access(page, f"HTML, {theme}")
        learner.shot(f"html-{theme}")


def check(learner: Learner, address: str, saved: Path, python: str) -> None:
    learner.page.goto(f"{address}/lab/tree/check.ipynb?token=abc")
    learner.run_all()
    sheets = (draw_a_digit, look_inside, save_drawings, give_pictures)
    for act in (*sheets, explore, keep_keys, keep_focus, answer_a_quiz):
        print(act.__doc__)
        act(learner)
    for theme in ("Light", "Dark"):
        learner.theme(theme)
        insist_on_access(learner.page, f"{theme} theme")
        for name in list(CELLS)[1:]:
            learner.cell(name)
            learner.page.wait_for_timeout(400)
            learner.shot(f"{name}-{theme.lower()}")
    be_there_for_everyone(learner)
    known = ("favicon",)
    errors = [text for text in learner.errors if not any(word in text for word in known)]
    assert not errors, "the console has errors: " + "\n".join(errors)
    print(restart.__doc__)
    restart(learner)
    check_html(learner, saved, python)


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
        server, address = start_server(folder, [args.python, "-m", "jupyterlab", folder / "books"])
        alarm = threading.Timer(MOST_SECONDS, stop, [server])  # then the page fails, too
        alarm.start()
        try:
            with sync_playwright() as playwright:
                options = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
                browser = playwright.chromium.launch(executable_path=args.chromium, args=options)
                page = browser.new_page(viewport={"width": 1200, "height": 1000})
                learner = Learner(page, args.shots)
                try:
                    check(learner, address, folder / "books" / "check.ipynb", args.python)
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
