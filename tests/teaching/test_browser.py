"""The widgets in a real JupyterLab, in a real browser; left out where there is none.

playwright is no part of the course.  It may be in another Python, named by
``TLHELPERS_BROWSER_PYTHON``; see CONTRIBUTING.md.
"""

import os
import shutil
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_draw_explore_and_quiz_in_a_browser(root):
    python = os.environ.get("TLHELPERS_BROWSER_PYTHON", sys.executable)
    has_playwright = subprocess.run([python, "-c", "import playwright"], capture_output=True)
    if has_playwright.returncode:
        pytest.skip("playwright is not here: see 'Try the widgets in a browser', CONTRIBUTING.md")
    if not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
        pytest.skip("there is no chromium here: see 'Try the widgets in a browser'")
    command = [python, str(root / "tests/teaching/browser_check.py"), "--python", sys.executable]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-3000:]}"
    assert "All is well in the browser." in done.stdout
