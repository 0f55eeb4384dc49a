"""Go through the whole course in a real browser, as a learner does; by hand, for it takes long.

    python tests/teaching/course_in_browser.py [--folder FOLDER] [--shots FOLDER] [00 03 ...]

Each notebook is opened from a learner's copy, gets a line of the learner's own, is run
from top to bottom, saved, closed and opened again.  The table says how long it took,
what its kernel holds afterwards, and what is wrong: errors of cells or of the console,
widgets that came back dead, a line that was lost, violations that axe calls serious
(where axe-playwright-python is installed).
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from browser_check import ROOT, Learner, start_server, stop

MOST_SECONDS = 3600  # then the server is stopped, and the browser with it
APP = "(window.jupyterapp ?? window.jupyterlab)"
PANEL = f"{APP}.shell.currentWidget"
MINE = "# my own line, which stays"
NO_EFFECT = ("favicon",)  # what the console says of it does no harm


def start_lab(folder: Path, scratch: Path, python: str) -> tuple[subprocess.Popen, str]:
    """Start `tlhelpers lab` without a window; return it and its address."""
    main = "from tlhelpers.course.command_line import main; main()"
    return start_server(scratch, [python, "-c", main, "lab", "--folder", folder, "--"])


def kernel_megabytes(scratch: Path) -> tuple[int, int]:
    """Return what the only kernel holds and what it held at most, in MB (Linux; else 0)."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            ours = f"JUPYTER_DATA_DIR={scratch}/".encode() in (process / "environ").read_bytes()
            if ours and b"ipykernel_launcher" in (process / "cmdline").read_bytes():
                status = (process / "status").read_text()
                now, most = (
                    int(re.search(rf"{name}:\s+(\d+)", status)[1]) // 1024
                    for name in ("VmRSS", "VmHWM")
                )
                return now, most
        except OSError:
            continue  # it has ended, or is somebody else's
    return 0, 0


def open_notebook(learner: Learner, address: str, name: str) -> None:
    learner.page.goto(f"{address}/lab/tree/{name}?token=abc")
    learner.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=180_000)
    status = f"{PANEL}?.sessionContext?.session?.kernel?.status"
    learner.page.wait_for_function(f"{status} === 'idle'", timeout=180_000)


def add_my_line(learner: Learner) -> None:
    """Write a comment of the learner's own below the first cell of code."""
    learner.page.evaluate(
        f"""() => {{
            const cells = {PANEL}.content.model.sharedModel.cells;
            const first = cells.find(cell => cell.cell_type === 'code');
            if (!first.source.includes({json.dumps(MINE)}))
                first.setSource(first.source + '\\n' + {json.dumps(MINE)});
        }}"""
    )


def run_all(learner: Learner, seconds: float) -> None:
    learner.page.evaluate(f"void {APP}.commands.execute('notebook:run-all-cells')")
    cells = f"{PANEL}.content.model.sharedModel.cells"
    waiting = f"{cells}.filter(c => c.cell_type === 'code' && c.source && !c.execution_count)"
    deadline = time.time() + seconds
    while learner.page.evaluate(f"{waiting}.length"):
        assert time.time() < deadline, "the cells did not run to the end"
        learner.page.wait_for_timeout(1000)
    status = f"{PANEL}?.sessionContext?.session?.kernel?.status"
    learner.page.wait_for_function(f"{status} === 'idle'", timeout=180_000)
    learner.page.wait_for_timeout(1500)


def save(learner: Learner) -> None:
    learner.page.evaluate(f"{PANEL}.context.save()")
    learner.page.wait_for_timeout(1000)


def all_on_the_page(learner: Learner) -> None:
    """Scroll through the notebook, so that every output is drawn once."""
    count = learner.page.evaluate(f"{PANEL}.content.widgets.length")
    for number in range(count):
        learner.page.evaluate(f"{PANEL}.content.scrollToItem({number})")
        learner.page.wait_for_timeout(60)


def violations(learner: Learner) -> list[str]:
    """Return what axe finds in the outputs, serious or critical."""
    try:
        from axe_playwright_python.sync_playwright import Axe
    except ImportError:
        return []
    found = (
        Axe()
        .run(learner.page, context={"include": [[".jp-OutputArea-output"]]}, options={})
        .response["violations"]
    )
    return [
        f"axe: {one['id']} ({len(one['nodes'])}): {one['nodes'][0]['html'][:160]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def dead_widgets(learner: Learner) -> int:
    return learner.page.get_by_text("model not found").count()


def go_through(learner: Learner, address: str, folder: Path, scratch: Path, name: str) -> dict:
    """Open, write, run, save, close and open again; return the row of the table."""
    wrong: list[str] = []
    learner.errors.clear()
    open_notebook(learner, address, name)
    add_my_line(learner)
    began = time.perf_counter()
    run_all(learner, 900)
    row = {"notebook": name[:2], "seconds": round(time.perf_counter() - began)}
    row["MB"], row["MB at most"] = kernel_megabytes(scratch)
    all_on_the_page(learner)
    learner.shot(f"{name[:2]}-run")
    for theme in ("Light", "Dark"):
        learner.theme(theme)
        all_on_the_page(learner)
        wrong += [f"{theme}, {line}" for line in violations(learner)]
        learner.shot(f"{name[:2]}-{theme.lower()}")
    learner.theme("Light")
    save(learner)
    book = json.loads((folder / name).read_text(encoding="utf-8"))
    outputs = [o for cell in book["cells"] for o in cell.get("outputs", ())]
    wrong += [f"{o['ename']}: {o['evalue'][:80]}" for o in outputs if o["output_type"] == "error"]
    learner.page.evaluate(f"{APP}.commands.execute('application:close-all')")
    learner.page.wait_for_timeout(2000)
    open_notebook(learner, address, name)
    all_on_the_page(learner)
    learner.shot(f"{name[:2]}-again")
    dead = dead_widgets(learner)
    wrong += [f"{dead} dead widgets"] if dead else []
    kept = learner.page.evaluate(
        f"{PANEL}.content.model.sharedModel.cells.some(c => c.source.includes({json.dumps(MINE)}))"
    )
    wrong += [] if kept else ["the learner's line is lost"]
    learner.page.evaluate(f"{APP}.commands.execute('application:close-all')")
    learner.page.wait_for_timeout(1500)
    wrong += [
        f"console: {text[:160]}"
        for text in learner.errors
        if not any(word in text for word in NO_EFFECT)
    ]
    return row | {"wrong": wrong}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*", help="which notebooks, such as 00 (default: all)")
    parser.add_argument("--folder", type=Path, help="the learner's copy (default: one that goes)")
    parser.add_argument("--shots", type=Path, help="where to put pictures of the screen")
    parser.add_argument("--python", default=sys.executable, help="which Python has JupyterLab")
    browsers = ("chromium", "chromium-browser", "google-chrome")
    parser.add_argument("--chromium", default=next(filter(None, map(shutil.which, browsers)), None))
    args = parser.parse_args()
    from playwright.sync_api import sync_playwright

    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))
    names = sorted(path.name for path in (ROOT / "notebooks").glob("[0-9]*.ipynb"))
    chosen = [name for name in names if not args.numbers or name[:2] in args.numbers]
    rows = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        folder = args.folder or Path(scratch) / "copy"
        server, address = start_lab(folder.absolute(), Path(scratch), args.python)
        alarm = threading.Timer(MOST_SECONDS, stop, [server])
        alarm.start()
        try:
            with sync_playwright() as playwright:
                options = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
                browser = playwright.chromium.launch(executable_path=args.chromium, args=options)
                learner = Learner(
                    browser.new_page(viewport={"width": 1300, "height": 1000}), args.shots
                )
                for name in chosen:
                    try:
                        row = go_through(learner, address, folder, Path(scratch), name)
                    except Exception as problem:
                        learner.shot(f"{name[:2]}-failed")
                        row = {"notebook": name[:2], "wrong": [str(problem)[:300]]}
                    rows.append(row)
                    print(json.dumps(row, ensure_ascii=False), flush=True)
                browser.close()
        finally:
            alarm.cancel()
            stop(server)
    return int(any(row["wrong"] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
