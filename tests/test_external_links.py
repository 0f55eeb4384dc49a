"""Addresses outside are asked with the site's settings: here of a local server."""

import http.server
import importlib.util
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NEEDED = ("myst_nb", "furo")
with_sphinx = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in NEEDED),
    reason="make site puts Sphinx into .venv",
)


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def report():
    return load(ROOT / ".ci" / "external_links.py")


class Answers(http.server.BaseHTTPRequestHandler):
    """A server whose addresses say what they answer: /404, /403, /200."""

    def do_GET(self):
        code = int(self.path[1:4])
        self.send_response(code)
        if code in (301, 302):
            self.send_header("Location", "/200")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


@with_sphinx
@pytest.mark.slow
def test_dead_addresses_are_reported_and_those_that_refuse_are_listed(tmp_path, report, capsys):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        links = " ".join(f"[{code}]({address}/{code})." for code in (200, 301, 302, 403, 404))
        (tmp_path / "pages").mkdir()
        (tmp_path / "pages" / "README.md").write_text(
            f"# Title\n\n{links}\n\n[ignored](https://example.org/x)\n", "utf-8"
        )
        command = [sys.executable, "-m", "sphinx", "-b", "linkcheck", "-q", "-E"]
        command += ["-c", "docs/site", "-d", str(tmp_path / "trees")]
        command += ["-D", "linkcheck_ignore=https://example", "-D", "linkcheck_retries=1"]
        command += [str(tmp_path / "pages"), str(tmp_path / "links")]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    finally:
        server.shutdown()
    rows = report.read_answers(tmp_path / "links" / "output.json")
    kinds = {row["uri"].rpartition("/")[2]: report.kind(row) for row in rows}
    wanted = {"200": "fine", "301": "moved", "302": "fine", "403": "unclear", "404": "dead"}
    assert kinds == wanted | {"x": "fine"}, done.stderr
    assert report.main([str(tmp_path / "links")]) == 1
    said = capsys.readouterr().out
    assert "## 1 dead" in said and f"{address}/404" in said and "README.md:3" in said


def test_nothing_dead_is_no_failure(tmp_path, report, capsys):
    row = {"filename": "a.md", "lineno": 1, "status": "working", "code": 0, "uri": "x", "info": ""}
    slow = row | {"status": "timeout", "uri": "https://a.org/y", "info": "read timed out"}
    lines = "\n".join(map(json.dumps, [row, slow]))
    (tmp_path / "output.json").write_text(lines + "\n", "utf-8")
    assert report.main([str(tmp_path)]) == 0
    assert "## 0 dead" in capsys.readouterr().out


def test_without_answers_it_says_how_to_get_them(tmp_path, report):
    with pytest.raises(SystemExit, match="make site-links"):
        report.main([str(tmp_path)])


@with_sphinx
def test_a_doi_is_asked_for_where_dois_are_kept():
    conf = load(ROOT / "docs" / "site" / "conf.py")
    asked = conf.ask_the_registry(None, "https://doi.org/10.1109/TKDE.2009.191")
    assert asked == "https://doi.org/api/handles/10.1109/TKDE.2009.191"
    assert conf.ask_the_registry(None, "https://arxiv.org/abs/1411.1792") is None
