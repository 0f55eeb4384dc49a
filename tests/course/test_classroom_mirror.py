"""The classroom mirror: made, checked, and served without a way out."""

import argparse
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import types
from contextlib import contextmanager

import ctrl_c
import pytest
from naughty import server, wait_until
from small_mirror import DATA, good, make_mirror, sha256

from tlhelpers.course import classroom_mirror, data_packages, mirror_server
from tlhelpers.course.commands import mirror as command
from tlhelpers.fetching import fetch, mirror, registry
from tlhelpers.fetching.registry import File

pytestmark = pytest.mark.usefixtures("cache")


@contextmanager
def serving(folder):
    """Serve a mirror from a thread."""
    with mirror_server.MirrorServer(folder, port=0) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield running
        finally:
            running.shutdown()
            thread.join(5)


@pytest.fixture
def folder(tmp_path):
    """A mirror of one file, with secrets around it and in it."""
    (tmp_path / "secret.txt").write_text("secret")
    folder = make_mirror(tmp_path / "mirror")
    (folder / "unlisted.txt").write_text("secret")
    (folder / "datasets" / ".hidden").write_text("secret")
    return folder


def ask(running, path, method="GET", **headers):
    connection = http.client.HTTPConnection(*running.server_address[:2], timeout=10)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def ask_raw(running, data):
    """Send bytes as they are, and return everything that comes back."""
    with socket.create_connection(running.server_address[:2], timeout=10) as line:
        try:
            line.sendall(data)
            line.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: line.recv(65536), b""))
        except OSError:
            return b""


# ------------------------------------------------------------------------------- build


def test_build_from_the_internet(tmp_path):
    folder = tmp_path / "new" / "mirror"
    with server(good) as there:
        file = File("datasets/thing.bin", f"{there.url}/x", 228_000_000 * 0, "")
        assert classroom_mirror.build_mirror(folder, [file]) == ["datasets/thing.bin"]
        assert classroom_mirror.check_mirror(folder) == []
        (folder / "datasets" / "thing.bin").write_bytes(b"damaged")
        assert classroom_mirror.build_mirror(folder, [file]) == [
            "datasets/thing.bin"
        ]  # repaired from the cache
        assert classroom_mirror.check_mirror(folder) == []
        assert len(there.seen) == 1
    manifest = json.loads((folder / "mirror.json").read_text())
    entry = {"sha256": sha256(DATA), "size": len(DATA)}
    assert manifest == {"format": 1, "files": {"datasets/thing.bin": entry}}
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert names - {".mirror.json.lock"} == {"datasets/thing.bin", "mirror.json"}
    assert not list(folder.rglob(".part-*"))


def test_build_adds_and_keeps(folder, monkeypatch):
    monkeypatch.setattr(fetch, "fetch_file", None)  # what is there is not fetched again
    classroom_mirror.build_mirror(folder, [File("datasets/thing.bin")])
    monkeypatch.undo()
    with server(good) as there:
        paths = classroom_mirror.build_mirror(folder, [File("models/w.bin", f"{there.url}/w")])
    assert (
        paths == ["datasets/thing.bin", "models/w.bin"]
        and classroom_mirror.check_mirror(folder) == []
    )


def test_a_build_that_fails_keeps_what_it_has(folder):
    with server(good) as there:
        first = File("models/a.bin", f"{there.url}/a")
        with pytest.raises(fetch.FileNotHere):
            classroom_mirror.build_mirror(folder, [first, File("models/b.bin"), first])
    assert classroom_mirror.check_mirror(folder) == []
    assert sorted(mirror.read_manifest(folder)) == ["datasets/thing.bin", "models/a.bin"]


def test_build_over_a_broken_manifest(folder, capsys):
    (folder / "mirror.json").write_text("{")
    with server(good) as there:
        classroom_mirror.build_mirror(folder, [File("datasets/thing.bin", f"{there.url}/x")])
    assert (
        classroom_mirror.check_mirror(folder) == []
        and "making a new one" in capsys.readouterr().err
    )


def test_a_mirror_of_a_mirror(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("TLHELPERS_MIRROR", str(folder))
    classroom_mirror.build_mirror(tmp_path / "second", [File("datasets/thing.bin")])
    assert classroom_mirror.check_mirror(tmp_path / "second") == []


# ------------------------------------------------------------------------------- check


def test_check_finds_nothing_in_a_good_mirror(folder):
    assert classroom_mirror.check_mirror(folder) == []


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda file: file.write_bytes(DATA[:-1]), "has 299999 bytes instead of 300000"),
        (lambda file: file.write_bytes(DATA[:-1] + b"?"), "is damaged"),
        (lambda file: file.unlink(), "cannot be read"),
        (lambda file: (file.parent.parent / "mirror.json").unlink(), "there is no mirror.json"),
        (lambda file: (file.parent.parent / "mirror.json").write_text("[]"), "wrong mirror.json"),
        (
            lambda file: (file.parent.parent / "mirror.json").write_text(
                '{"format": 1, "files": {}}'
            ),
            "names no file",
        ),
    ],
)
def test_check_finds_each_problem(folder, change, match):
    change(folder / "datasets" / "thing.bin")
    (problem,) = classroom_mirror.check_mirror(folder)
    assert re.search(match, problem)


def link(path, target):
    try:
        path.symlink_to(target)
    except (OSError, NotImplementedError):
        pytest.skip("no symbolic links here")


def test_check_refuses_links(folder, tmp_path):
    file = folder / "datasets" / "thing.bin"
    file.rename(tmp_path / "outside.bin")
    link(file, tmp_path / "outside.bin")
    (problem,) = classroom_mirror.check_mirror(folder)
    assert "is a link" in problem


# ------------------------------------------------------------------------------- serve


def test_learners_fetch_from_a_served_mirror(folder, monkeypatch):
    with serving(folder) as running:
        monkeypatch.setenv("TLHELPERS_MIRROR", running.url())
        assert fetch.fetch_file(File("datasets/thing.bin")).read_bytes() == DATA


def test_a_learner_goes_on_where_a_download_stopped(folder, monkeypatch, capsys):
    place = File("datasets/thing.bin").place()
    place.parent.mkdir(parents=True)
    place.with_name(f".thing.bin.{sha256(DATA)[:12]}.part").write_bytes(DATA[:200_000])
    with serving(folder) as running:
        monkeypatch.setenv("TLHELPERS_MIRROR", running.url())
        assert fetch.fetch_file(File("datasets/thing.bin")).read_bytes() == DATA
    assert '"GET /datasets/thing.bin HTTP/1.1" 206' in capsys.readouterr().err


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "//",
        "/datasets",
        "/datasets/",
        "/secret.txt",
        "/unlisted.txt",
        "/datasets/.hidden",
        "/../secret.txt",
        "/datasets/../../secret.txt",
        "/datasets/../datasets/thing.bin",
        "/./mirror.json",
        "/%2e%2e/secret.txt",
        "/%2e%2e%2fsecret.txt",
        "/..%2fsecret.txt",
        "/%252e%252e/secret.txt",
        "/..%c0%afsecret.txt",
        "/..%5csecret.txt",
        "/..\\secret.txt",
        "/datasets\\thing.bin",
        "/datasets%2fthing.bin",
        "/mirror.json%00.txt",
        "/mirror.json\x00",
        "/mirror.json?x=../secret.txt",
        "/mirror.json#",
        "/mirror.json/",
        "/MIRROR.JSON",
        "/etc/passwd",
        "//etc/passwd",
        "/C:/Windows/win.ini",
        "/C:\\Windows\\win.ini",
        "//server/share/x",
        "file:///etc/passwd",
        "http://example.invalid/mirror.json",
        "mirror.json",
        "*",
        "/~root/.bashrc",
        "/.mirror.json.lock",
        "/datasets/thing.bin;x",
        "/" + "../" * 50 + "etc/passwd",
        "/" + "a" * 5000,
    ],
)
def test_no_way_out(folder, path):
    with serving(folder) as running:
        answer = ask_raw(running, b"GET " + path.encode() + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert not answer or b" 404 " in answer[:20] or b"Error code: 404" in answer, answer
    assert b"secret\n" not in answer and not answer.endswith(b"secret") and b"root:" not in answer
    assert DATA[:50] not in answer and b'"format"' not in answer


def test_links_are_not_followed(folder, tmp_path):
    """Also if somebody puts the link there while the mirror is served."""
    with serving(folder) as running:
        file = folder / "datasets" / "thing.bin"
        assert ask(running, "/datasets/thing.bin")[0].status == 200
        file.unlink()
        link(file, tmp_path / "secret.txt")
        assert ask(running, "/datasets/thing.bin")[0].status == 404
        file.unlink()
        file.parent.joinpath(".hidden").unlink()
        file.parent.rmdir()
        link(file.parent, tmp_path)
        (tmp_path / "thing.bin").write_text("secret")
        answer, body = ask(running, "/datasets/thing.bin")
        assert answer.status == 404 and b"secret" not in body


#: Puts a link in the place of a served file and takes it away again, until it is ended.
SWAP = """
import os, sys
file, secret = sys.argv[1:]
with open(file, "rb") as whole:
    data = whole.read(1000)
print("at work", flush=True)
while os.getppid() != 1:
    os.symlink(secret, file + ".link")
    os.replace(file + ".link", file)
    with open(file + ".new", "wb") as new:
        new.write(data)
    os.replace(file + ".new", file)
"""


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_a_link_that_comes_between_check_and_opening_leads_nowhere(folder, tmp_path):
    place = folder / "datasets" / "thing.bin"
    command = [sys.executable, "-c", SWAP, str(place), str(tmp_path / "secret.txt")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        process.stdout.readline()
        found = {b"secret": 0, DATA[:6]: 0, b"refused": 0}
        end = time.monotonic() + 10
        while sum(found.values()) < 5000 and time.monotonic() < end:
            try:
                with mirror_server.open_inside(folder, "datasets/thing.bin") as file:
                    found[file.read(6)] += 1
            except OSError:
                found[b"refused"] += 1
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert found[b"secret"] == 0, found
    assert found[DATA[:6]] and found[b"refused"]


def test_what_is_opened_is_what_is_looked_at(folder, tmp_path, monkeypatch):
    """Also on systems that cannot refuse to follow links."""
    monkeypatch.setattr(os, "supports_dir_fd", set())
    with mirror_server.open_inside(folder, "datasets/thing.bin") as file:
        assert file.read() == DATA
    place = folder / "datasets" / "thing.bin"
    real = place.resolve()
    place.rename(tmp_path / "aside.bin")
    link(place, tmp_path / "secret.txt")
    with pytest.raises(OSError, match="is a link"):
        mirror_server.open_inside(folder, "datasets/thing.bin")
    monkeypatch.setattr(mirror_server, "inside", lambda *_: real)  # it was a file a moment ago
    with pytest.raises(OSError, match="has changed"):
        mirror_server.open_inside(folder, "datasets/thing.bin")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_in_the_place_of_a_file_holds_nobody_up(folder):
    place = folder / "datasets" / "thing.bin"
    place.unlink()
    os.mkfifo(place)
    with serving(folder) as running:
        assert ask(running, "/datasets/thing.bin")[0].status == 404


@pytest.mark.parametrize(
    "method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"]
)
def test_nothing_can_be_changed(folder, method):
    before = {path: path.stat().st_mtime for path in folder.rglob("*")}
    with serving(folder) as running:
        data = f"{method} /datasets/thing.bin HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nevil"
        assert b" 501 " in ask_raw(running, data.encode())
    assert {path: path.stat().st_mtime for path in folder.rglob("*")} == before


def test_head_sends_no_body(folder):
    with serving(folder) as running:
        answer, body = ask(running, "/datasets/thing.bin", "HEAD")
        assert (answer.status, body) == (200, b"")
        assert answer.headers["Content-Length"] == "300000"
        raw = ask_raw(running, b"HEAD /datasets/thing.bin HTTP/1.1\r\nHost: x\r\n\r\n")
        assert raw.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-", 0, 300_000),
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=299999-", 299_999, 300_000),
        ("bytes=299990-999999999", 299_990, 300_000),
        ("bytes=-10", 299_990, 300_000),
        ("bytes=-999999", 0, 300_000),
        ("bytes=-", 0, 300_000),
        ("bytes=1-2,5-6", 0, 300_000),
        ("bytes=x-y", 0, 300_000),
        ("lines=1-2", 0, 300_000),
        ("bytes=" + "9" * 16 + "-", 0, 300_000),
        ("", 0, 300_000),
    ],
)
def test_ranges(folder, asked, start, end):
    with serving(folder) as running:
        answer, body = ask(running, "/datasets/thing.bin", Range=asked)
    whole = (start, end) == (0, 300_000)
    assert answer.status == (200 if whole else 206)
    assert body == DATA[start:end] and answer.headers["Content-Length"] == str(end - start)
    assert answer.headers["Content-Range"] == (None if whole else f"bytes {start}-{end - 1}/300000")


@pytest.mark.parametrize("asked", ["bytes=300000-", "bytes=999999-", "bytes=5-4", "bytes=-0"])
def test_ranges_that_cannot_be(folder, asked):
    with serving(folder) as running:
        answer, body = ask(running, "/datasets/thing.bin", Range=asked)
    assert (answer.status, body) == (416, b"")
    assert answer.headers["Content-Range"] == "bytes */300000"


@pytest.mark.parametrize(
    "data",
    [
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /mirror.json HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"GET /mirror.json HTTP/1.1\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /mirror.json HTTP/9.9\r\n\r\n",
        b"\r\n" * 100,
    ],
)
def test_requests_that_are_too_large_or_none(folder, data):
    with serving(folder) as running:
        assert b'"format"' not in ask_raw(running, data)
        assert ask(running, "/mirror.json")[0].status == 200  # and it goes on


def test_a_silent_learner_is_hung_up_on(folder, monkeypatch):
    assert mirror_server._Handler.timeout <= 60
    monkeypatch.setattr(mirror_server._Handler, "timeout", 0.2)
    with serving(folder) as running:
        with socket.create_connection(running.server_address[:2], timeout=5) as line:
            line.sendall(b"GET /mirror.json HTT")
            assert line.recv(100) == b""


def test_a_learner_who_does_not_read_is_hung_up_on(folder, monkeypatch):
    """And many of them do not keep the others out for long."""
    monkeypatch.setattr(mirror_server._Handler, "timeout", 0.3)
    monkeypatch.setattr(mirror_server, "CONNECTIONS", 3)
    (folder / "models").mkdir()
    big = folder / "models" / "big.bin"
    big.write_bytes(bytes(30_000_000))
    classroom_mirror._write_manifest(folder, {"models/big.bin": File("", "", 30_000_000, "0" * 64)})
    with serving(folder) as running:
        lines = [socket.create_connection(running.server_address[:2], timeout=5) for _ in range(3)]
        for line in lines:
            line.sendall(b"GET /models/big.bin HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: running._places._value == 0)
        assert ask_raw(running, b"GET /mirror.json HTTP/1.1\r\nHost: x\r\n\r\n") == b""
        wait_until(lambda: running._places._value == 3)
        assert ask(running, "/mirror.json")[0].status == 200
        for line in lines:
            line.close()


@pytest.mark.parametrize("said", [b"", b"GET /mirror.json HTTP/1.1\r\nX: "])
def test_who_says_nothing_keeps_nobody_out(folder, monkeypatch, said):
    monkeypatch.setattr(mirror_server, "AT_ONCE", 0.1)
    with serving(folder) as running:
        address = running.server_address[:2]
        lines = [socket.create_connection(address, timeout=5) for _ in range(70)]
        try:
            for line in lines:
                line.sendall(said)
            wait_until(lambda: running._places._value == 0)
            for _ in range(5):
                assert ask(running, "/mirror.json")[0].status == 200
        finally:
            for line in lines:
                line.close()
        wait_until(lambda: running._places._value == mirror_server.CONNECTIONS)
        assert running.visits == {}


def test_who_reads_too_slowly_makes_room(folder, monkeypatch):
    monkeypatch.setattr(mirror_server, "CONNECTIONS", 2)
    (folder / "models").mkdir()
    (folder / "models" / "big.bin").write_bytes(bytes(30_000_000))
    classroom_mirror._write_manifest(folder, {"models/big.bin": File("", "", 30_000_000, "0" * 64)})
    with serving(folder) as running:
        lines = [socket.create_connection(running.server_address[:2], timeout=5) for _ in range(2)]
        for line in lines:
            line.sendall(b"GET /models/big.bin HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: len([v for v in running.visits.values() if v.moved]) == 2)
        assert ask_raw(running, b"GET /mirror.json HTTP/1.1\r\n\r\n") == b""
        for visit in running.visits.values():
            visit.since -= mirror_server.PATIENCE
            visit.moved -= mirror_server.PATIENCE  # since it took the last block
        assert ask(running, "/mirror.json")[0].status == 200
        for line in lines:
            line.close()


def test_a_request_that_comes_byte_by_byte_has_an_end(folder, monkeypatch):
    monkeypatch.setattr(mirror_server._Handler, "timeout", 0.3)
    with serving(folder) as running:
        with socket.create_connection(running.server_address[:2], timeout=5) as line:
            with pytest.raises(OSError):
                for _ in range(100):
                    line.sendall(b"G")
                    time.sleep(0.05)


def test_a_thread_that_cannot_be_started_costs_no_place(folder, monkeypatch):
    with serving(folder) as running:
        with monkeypatch.context() as patch:

            def refuse(*_):
                raise RuntimeError("can't start new thread")

            patch.setattr(mirror_server.ThreadingHTTPServer, "process_request", refuse)
            assert ask_raw(running, b"GET /mirror.json HTTP/1.1\r\n\r\n") == b""
        wait_until(lambda: running._places._value == mirror_server.CONNECTIONS)
        assert ask(running, "/mirror.json")[0].status == 200


def test_thirty_learners_at_once(folder, monkeypatch, tmp_path):
    bodies = []
    with serving(folder) as running:
        threads = [
            threading.Thread(target=lambda: bodies.append(ask(running, "/datasets/thing.bin")[1]))
            for _ in range(30)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert bodies == [DATA] * 30


def test_an_address_of_the_classroom(folder, monkeypatch):
    with mirror_server.MirrorServer(folder, port=0) as running:
        port = running.server_address[1]
        assert running.url() == f"http://127.0.0.1:{port}"
        running.server_address = ("0.0.0.0", port)
        monkeypatch.setattr(mirror_server, "_own_address", lambda: "192.0.2.7")
        assert running.url() == f"http://192.0.2.7:{port}"
        running.server_address = ("::1", port, 0, 0)
        assert running.url() == f"http://[::1]:{port}"
    monkeypatch.undo()
    assert mirror_server._own_address()  # without a network too


# ------------------------------------------------------------------------ command line


def arguments(action, folder, **others):
    return argparse.Namespace(action=action, folder=folder, **others)


@ctrl_c.heard()
def test_serve_prints_the_line_and_stops_cleanly(folder):
    code = (
        "import sys; from tlhelpers.course import classroom_mirror as mirror; "
        "sys.exit(mirror.serve_mirror(sys.argv[1], port=0))"
    )
    flags = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if os.name == "nt" else {}
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", code, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **flags,
    )
    timer = threading.Timer(30, process.kill)
    timer.start()
    try:
        shown = ""
        while "Stop with" not in shown:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            shown += line
        found = re.search(r"export TLHELPERS_MIRROR=(http://127\.0\.0\.1:\d+) ", shown)
        assert "--host 0.0.0.0" in shown and "read-only" in shown
        assert sorted(mirror.read_manifest(found[1])) == ["datasets/thing.bin"]
        time.sleep(0.1)
        process.send_signal(signal.CTRL_BREAK_EVENT if os.name == "nt" else signal.SIGINT)
        out, err = process.communicate(timeout=20)
        if os.name != "nt":
            assert process.returncode == 0 and "Stopped." in out and "Traceback" not in err
    finally:
        timer.cancel()
        process.kill()


def test_serve_refuses_a_mirror_that_is_not_in_order(folder, capsys, monkeypatch):
    monkeypatch.setattr(mirror_server.MirrorServer, "serve_forever", lambda self: None)
    (folder / "datasets" / "thing.bin").write_bytes(b"damaged")
    assert command.run(arguments("serve", folder, host="127.0.0.1", port=0)) == 1
    assert "tlhelpers mirror build" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["taken", 70_000])
def test_a_port_that_cannot_be_had(folder, capsys, port, monkeypatch):
    monkeypatch.setattr(mirror_server.MirrorServer, "serve_forever", lambda self: None)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1] if port == "taken" else port
        assert classroom_mirror.serve_mirror(folder, port=port) == 1
    assert "give another port" in capsys.readouterr().err


def test_the_check_command(folder, capsys):
    assert command.run(arguments("check", folder)) == 0
    assert "1 files, 300 kB, all in order" in capsys.readouterr().out
    (folder / "datasets" / "thing.bin").unlink()
    assert command.run(arguments("check", folder)) == 1
    assert "not in order" in capsys.readouterr().err


def test_the_build_command(tmp_path, capsys, monkeypatch):
    class_index = registry.FILES["imagenet_class_index.json"]
    with server(good) as there:
        small = File(class_index.path, f"{there.url}/x", len(DATA), sha256(DATA))
        monkeypatch.setitem(registry.FILES, class_index.name, small)
        asked = []
        monkeypatch.setattr(
            command,
            "keras_weights_file",
            lambda name, top: asked.append((name, bool(top))) or small,
        )
        options = types.SimpleNamespace(weights=["ResNet50"], no_photos=True)
        args = arguments("build", tmp_path / "m", **vars(options))
        assert command.run(args) == 0
        assert asked == [("ResNet50", True), ("ResNet50", False)]
        assert "models/imagenet_class_index.json" in capsys.readouterr().out
    monkeypatch.setenv("TLHELPERS_OFFLINE", "1")
    args = arguments("build", tmp_path / "m", weights=[], no_photos=False)
    assert command.run(args) == 1
    assert "flower_photos.tgz (228.8 MB) could not be fetched" in capsys.readouterr().err


# --------------------------------------------------------------------- the real mirror


def test_the_real_mirror(shared, monkeypatch):
    assert classroom_mirror.check_mirror(shared) == []
    with serving(shared) as running:
        monkeypatch.setenv("TLHELPERS_MIRROR", running.url())
        folder = fetch.fetch_flower_photos()
        weights = fetch.fetch_file("MobileNetV2")
        assert fetch.fetch_file("imagenet_class_index.json").is_file()
        assert fetch.fetch_file("mobilenet_2_5_224_tf_no_top.h5").is_file()
    classes = sorted(path.name for path in folder.iterdir() if path.is_dir())
    assert classes == ["daisy", "dandelion", "roses", "sunflowers", "tulips"]
    assert all(len(list((folder / name).glob("*.jpg"))) == 200 for name in classes)
    monkeypatch.delenv("TLHELPERS_MIRROR")
    monkeypatch.setenv("TLHELPERS_OFFLINE", "1")
    assert fetch.fetch_flower_photos() == folder and fetch.fetch_file("MobileNetV2") == weights
    keras = pytest.importorskip("keras")
    network = keras.applications.MobileNetV2(weights=str(weights))
    assert network.count_params() == 3_538_984


def test_a_mirror_built_from_the_real_one(shared, tmp_path, monkeypatch):
    monkeypatch.setenv("TLHELPERS_MIRROR", str(shared))
    args = arguments("build", tmp_path / "m", weights=["MobileNetV2"], no_photos=False)
    pytest.importorskip("keras")
    assert command.run(args) == 0
    has = mirror.read_manifest(tmp_path / "m")
    files = [file for package in data_packages.PACKAGES for file in package.files]
    brought = {file.path for file in files}  # those that are here
    assert len(has.keys() - brought) == 5 and classroom_mirror.check_mirror(tmp_path / "m") == []


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="only Linux says what is open")
def test_a_folder_in_the_place_of_a_file_leaves_nothing_open(folder):
    (folder / "place").mkdir()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        with pytest.raises(OSError):
            mirror_server.open_inside(folder, "place")
    assert len(os.listdir("/proc/self/fd")) == before
