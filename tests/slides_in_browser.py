"""Walk through all slides in a real browser, and measure whether anything leaves its slide.

`tests/test_slides.py` runs this where playwright and a Chromium are there.  By hand, with a
picture of each slide to look at:

    python tests/slides_in_browser.py build/slides --shots FOLDER [--only 04]
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

#: Nothing is lower than this, nor further right; there is the number of the slide.
LOWEST, RIGHTMOST = 692, 1240
#: Letters smaller than this, in pixels of 720, are not read in the last row.
SMALLEST = 20

#: Or axe does not see what stands behind the letters, and says nothing of their contrast.
TO_BE_SEEN = """.reveal * { pointer-events: auto !important }
.backgrounds, .pause-overlay { display: none !important }"""

MEASURE = """() => {
  const slide = Reveal.getCurrentSlide(), sheet = slide.querySelector(".sheet");
  const scale = Reveal.getScale(), origin = sheet.getBoundingClientRect();
  const seen = {id: slide.id, low: 0, right: 0, letters: 99, cut: [], figures: []};
  for (const part of sheet.querySelectorAll("*")) {
    if (part.closest("math") && part.tagName !== "math") continue;
    const box = part.getBoundingClientRect();
    if (!box.width) continue;
    seen.low = Math.max(seen.low, Math.round((box.bottom - origin.top) / scale));
    seen.right = Math.max(seen.right, Math.round((box.right - origin.left) / scale));
    if (part.clientWidth && part.scrollWidth > part.clientWidth + 1) seen.cut.push(part.className);
    if (part.childElementCount === 0 && part.textContent.trim() && !part.closest("math"))
      seen.letters = Math.min(seen.letters, parseInt(getComputedStyle(part).fontSize));
  }
  for (const image of sheet.querySelectorAll("img")) {
    const box = image.getBoundingClientRect();
    const shown = Math.min(box.width / image.naturalWidth, box.height / image.naturalHeight);
    seen.figures.push(Math.round(100 * shown / scale));
  }
  return seen;
}"""


def walk(page, deck, shots):
    """Look at each slide with all that comes onto it; return what is wrong, and the figures."""
    wrong, asked = [], []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda problem: wrong.append(str(problem)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(deck.as_uri())
    page.wait_for_function("Reveal.isReady()")
    page.add_style_tag(content=TO_BE_SEEN)
    wrong += insist_on_access(page, "the page", None)
    found = []
    for number in range(page.evaluate("Reveal.getTotalSlides()")):
        page.evaluate(f"Reveal.slide({number}, 0, 99)")
        seen = page.evaluate(MEASURE)
        found.append(seen)
        if seen["low"] > LOWEST or seen["right"] > RIGHTMOST or seen["cut"]:
            wrong.append(f"{seen['id']} leaves its slide: {seen}")
        if seen["letters"] < SMALLEST:
            wrong.append(f"{seen['id']} has letters of {seen['letters']} pixels")
        if any(shown < 60 for shown in seen["figures"]):
            wrong.append(f"{seen['id']} shows a figure at {seen['figures']} per cent")
        wrong += insist_on_access(page, seen["id"])
        if shots:
            page.wait_for_timeout(50)
            page.screenshot(path=shots / f"{deck.stem[:2]}-{number + 1:02}.png")
    elsewhere = [url for url in asked if not url.startswith(("file:", "data:", "blob:", "about:"))]
    wrong += [f"a request to {url}" for url in elsewhere]
    return wrong, found


def insist_on_access(page, name, part="section.present"):
    """Return what axe finds that keeps people out, if axe is here."""
    try:
        from axe_playwright_python.sync_playwright import Axe
    except ImportError:
        return []
    found = Axe().run(page, context=part).response["violations"]
    return [
        f"{name}: {one['id']}: {one['nodes'][0]['html'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def try_speaker_view(context, deck):
    """Open the speaker's window with its key; return what is wrong with it."""
    page = context.new_page()
    page.goto(deck.as_uri())
    page.wait_for_function("Reveal.isReady()")
    with context.expect_page() as opened:
        page.keyboard.press("s")
    speaker = opened.value
    notes = speaker.locator(".speaker-controls-notes .value")
    first, second = (
        page.locator("section").nth(number).locator("aside.notes p").nth(1).text_content()
        for number in (0, 1)
    )
    wrong = []
    for step, wanted in enumerate((first, second)):
        try:
            speaker.wait_for_function(
                "wanted => document.querySelector('.speaker-controls-notes .value')"
                ".textContent.includes(wanted)",
                arg=wanted[:40],
                timeout=10_000,
            )
        except Exception as problem:
            wrong.append(f"speaker's window, slide {step + 1}: {problem}: {notes.text_content()}")
        if step == 0:
            page.keyboard.press("ArrowRight")
    if not re.search(r"\d", speaker.locator(".speaker-controls-time .clock-value").inner_text()):
        wrong.append("the speaker's window has no clock")
    speaker.close()
    page.close()
    return wrong


def count_printed(context, deck, words=""):
    """Return how many sheets of paper a deck takes."""
    if shutil.which("pdfinfo") is None:
        return None
    page = context.new_page()
    page.goto(f"{deck.as_uri()}?print-pdf{words}")
    page.wait_for_selector(".pdf-page")
    page.wait_for_timeout(300)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "deck.pdf"
        page.pdf(path=path, prefer_css_page_size=True, print_background=True)
        about = subprocess.run(["pdfinfo", path], capture_output=True, text=True).stdout
    page.close()
    return int(re.search(r"^Pages:\s+(\d+)", about, re.MULTILINE)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shots", type=Path, help="where to put pictures of the slides")
    parser.add_argument("--only", default="", help="the number of one deck")
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    parser.add_argument("--chromium", default=found)
    args = parser.parse_args()
    from playwright.sync_api import sync_playwright

    if args.shots:
        args.shots.mkdir(parents=True, exist_ok=True)
    decks = sorted(args.folder.resolve().glob(f"{args.only or '[0-9]'}*.html"))
    wrong = []
    with sync_playwright() as playwright:
        options = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
        browser = playwright.chromium.launch(executable_path=args.chromium, args=options)
        context = browser.new_context(viewport={"width": 1280, "height": 720})
        for deck in decks:
            page = context.new_page()
            problems, slides = walk(page, deck, args.shots)
            page.close()
            sheets = count_printed(context, deck)
            if sheets not in (None, len(slides)):
                problems.append(f"{len(slides)} slides are {sheets} pages on paper")
            figures = [shown for slide in slides for shown in slide["figures"]]
            print(
                f"{deck.name}: {len(slides)} slides, lowest {max(s['low'] for s in slides)} of 720,"
                f" furthest right {max(s['right'] for s in slides)} of 1280, smallest letters "
                f"{min(s['letters'] for s in slides)}, figures at {min(figures)}% or more, "
                f"{sheets} pages on paper"
            )
            wrong += [f"{deck.name}: {problem}" for problem in problems]
        wrong += try_speaker_view(context, decks[0])
        browser.close()
    print("\n".join(wrong) or "All slides are well.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
