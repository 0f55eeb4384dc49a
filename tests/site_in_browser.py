"""Open every page of the site in a real browser, as readers do; by hand, for it takes long.

    python tests/site_in_browser.py build/site [--shots FOLDER] [README docs/* ...]

Each page is opened in a wide and a narrow window, in the light and the dark theme, with all
that is folded unfolded.  The table says what is wrong there: violations that axe calls serious
or critical, something wider than the window, a request to elsewhere, an error in the
console, a file that is not found.  Contrast, which takes axe longest, is measured in the wide
window, and not for the pages of source code, which look like the code on others.  Last, a word
is looked for in the search.  All pages take about half an hour; patterns choose some.  The
Python needs playwright and axe-playwright-python, and a Chromium; see CONTRIBUTING.md.
"""

from __future__ import annotations

import argparse
import fnmatch
import functools
import http.server
import shutil
import sys
import threading
from pathlib import Path

WIDE, NARROW = 1280, 360  # pixels
WINDOWS = [(width, scheme) for width in (WIDE, NARROW) for scheme in ("light", "dark")]
GRAVE = ("serious", "critical")
WORD = "fine-tuning"  # to look for

# What sticks out of the window on the right, unless it is in something of the article that
# scrolls for itself: code, a wide table.  That the article scrolls as a whole is no excuse.
WIDER = """() => {
  const edge = document.documentElement.clientWidth;
  const scrolls = node => {
    for (let at = node.parentElement; at && !at.matches("article"); at = at.parentElement)
      if (["auto", "scroll", "hidden"].includes(getComputedStyle(at).overflowX)) return true;
    return false;
  };
  const out = node => Math.round(node.getBoundingClientRect().right - edge);
  const found = [...document.querySelectorAll("article *")]
    .filter(node => out(node) > 1 && !scrolls(node)).slice(0, 2)
    .map(node => `${node.outerHTML.slice(0, 100)} (${out(node)} pixels)`);
  const wide = document.documentElement.scrollWidth;
  return wide > edge ? [...found, `the page is ${wide} pixels wide`] : found;
}"""
UNFOLD = "() => document.querySelectorAll('details').forEach(part => { part.open = true; })"


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Give the files of the site, and say nothing."""

    def log_message(self, *_: object) -> None:
        """Keep the table free of requests."""


class Server(http.server.ThreadingHTTPServer):
    """A server that takes it well when the browser goes on before a file has ended."""

    def handle_error(self, request, client_address) -> None:
        """Say what went wrong, unless the browser went on."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def serve(site: Path) -> str:
    """Serve the site on this computer only; return its address."""
    handler = functools.partial(Quiet, directory=str(site))
    server = Server(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/"


class Reader:
    """A window of the browser, and what was wrong in it since it was last asked."""

    def __init__(self, browser, address: str, width: int, scheme: str) -> None:
        self.address, self.wrong = address, []
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
        )
        context.route("**/*", self.allow)
        self.page = context.new_page()
        self.page.on("console", self.hear)
        self.page.on("pageerror", lambda error: self.wrong.append(f"script: {error}"))
        self.page.on("response", self.answered)

    def allow(self, route) -> None:
        """Let requests to the site through, and no others."""
        if route.request.url.startswith((self.address, "data:", "blob:")):
            route.continue_()
        else:
            self.wrong.append(f"asks elsewhere: {route.request.url[:120]}")
            route.abort()

    def hear(self, message) -> None:
        """Remember an error of the console; that of a file not found is known already."""
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.wrong.append(f"console: {message.text[:160]}")

    def answered(self, response) -> None:
        """Remember what is not there; browsers ask for favicon.ico by themselves."""
        if response.status >= 400 and not response.url.endswith("favicon.ico"):
            self.wrong.append(f"{response.status}: {response.url.removeprefix(self.address)}")

    def read(self, name: str, axe, contrast: bool) -> list[str]:
        """Open a page; return what is wrong with it."""
        self.wrong.clear()
        self.page.goto(self.address + name, wait_until="load")
        self.page.evaluate(UNFOLD)
        found = self.look(axe, contrast)
        if found:  # a busy computer may still be drawing: look again
            self.page.wait_for_timeout(2000)
            found = self.look(axe, contrast)
        return [*self.wrong, *found]

    def look(self, axe, contrast: bool) -> list[str]:
        """Return what is wrong with the page as it is now."""
        found = [f"wider: {line}" for line in self.page.evaluate(WIDER)]
        options = {"resultTypes": ["violations"]}
        options["rules"] = {"color-contrast": {"enabled": contrast}}
        for rule in axe.run(self.page, options=options).response["violations"]:
            if rule["impact"] in GRAVE:
                first = rule["nodes"][0]["html"][:120]
                found.append(f"axe: {rule['id']} ({len(rule['nodes'])}): {first}")
        return found

    def begin(self) -> list[str]:
        """Open the address of the site itself, which leads to the first page."""
        self.wrong.clear()
        self.page.goto(self.address)
        try:
            self.page.wait_for_url("**/README.html", timeout=30_000)
        except Exception:  # playwright's own, which has no name without playwright
            return [*self.wrong, "index.html does not lead to README.html"]
        return list(self.wrong)

    def look_for(self, word: str) -> list[str]:
        """Look for a word in the search; return what is wrong."""
        self.wrong.clear()
        self.page.goto(f"{self.address}search.html?q={word}", wait_until="load")
        try:
            self.page.wait_for_selector("#search-results li a", timeout=30_000)
        except Exception:  # as above
            return [*self.wrong, f"the search does not find {word}"]
        return list(self.wrong)


def names_of(site: Path, globs: list[str]) -> list[str]:
    """Return the pages of a site, or those whose name without .html fits a pattern."""
    names = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    names = [name for name in names if name != "index.html"]  # it only leads on
    if globs:
        names = [n for n in names if any(fnmatch.fnmatch(n[:-5], glob) for glob in globs)]
    return names


def main() -> int:
    """Read all pages, print the table; return 1 if something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", type=Path, help="the folder of the site: build/site")
    parser.add_argument("pages", nargs="*", help="README docs/* ...; all if none is given")
    parser.add_argument("--shots", type=Path, help="keep pictures of the pages in this folder")
    parser.add_argument("--chromium", default=None, help="the program; looked for if not given")
    args = parser.parse_args()
    try:
        from axe_playwright_python.sync_playwright import Axe
        from playwright.sync_api import sync_playwright
    except ImportError as missing:
        sys.exit(f"{missing}. Give it a Python with playwright and axe-playwright-python.")
    if not (args.site / "README.html").is_file():
        sys.exit(f"{args.site} holds no README.html. Make the site first: make site")
    names = names_of(args.site, args.pages)
    if not names:
        sys.exit(f"No page fits {' '.join(args.pages)}. Names are like README or docs/glossary.")
    chromium = args.chromium or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    address, said = serve(args.site), {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        windows = {window: Reader(browser, address, *window) for window in WINDOWS}
        heads = [f"{width} {scheme}" for width, scheme in WINDOWS]
        long = max(map(len, names))
        print("page".ljust(long), *(head.ljust(10) for head in heads), flush=True)
        for name in names:
            row = []
            for window, reader in windows.items():
                contrast = window[0] == WIDE and not name.startswith("_modules/tlhelpers")
                found = reader.read(name, Axe(), contrast)
                for line in found:
                    said.setdefault(line, []).append(f"{name}, {window[0]} {window[1]}")
                row.append((f"{len(found)} wrong" if found else "ok").ljust(10))
                if args.shots:
                    args.shots.mkdir(parents=True, exist_ok=True)
                    file = f"{name[:-5].replace('/', '_')}-{window[0]}-{window[1]}.png"
                    reader.page.screenshot(path=args.shots / file, full_page=True)
            print(name.ljust(long), *row, flush=True)
        reader = next(iter(windows.values()))
        for line in reader.begin() + reader.look_for(WORD):
            said.setdefault(line, []).append("the site as a whole")
        browser.close()
    for line, places in said.items():
        print(f"\n{line}\n    in {', '.join(places[:4])}", end="")
        print(f" and {len(places) - 4} more" if len(places) > 4 else "")
    print(f"\n{len(names)} pages in {len(WINDOWS)} windows:", f"{len(said)} things wrong.")
    return int(bool(said))


if __name__ == "__main__":
    sys.exit(main())
