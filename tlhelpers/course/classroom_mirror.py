"""A classroom mirror: a folder with weights and photographs, for thirty people on one line.

One computer gets the files once; the others get them from it, as a folder or
over the classroom's network.  ``mirror.json`` says what the mirror has.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import socketserver
import sys
import threading
from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tlhelpers.fetching import fetch, mirror, registry
from tlhelpers.fetching.checksums import checksum_of, is_whole, locked
from tlhelpers.fetching.internet import SourceFailed
from tlhelpers.fetching.mirror import MANIFEST
from tlhelpers.fetching.registry import File
from tlhelpers.fetching.whole_files import write_text_whole, write_whole

PORT = 8765
TIMEOUT = 30.0  # seconds that a learner's computer may be silent
CONNECTIONS = 64  # at once; more are turned away, and try again


# ------------------------------------------------------------------- build and check


def build_mirror(folder: Path, wanted: Sequence[str | File]) -> list[str]:
    """Make a mirror, or add to one; what is there and whole is not fetched again.

    Parameters
    ----------
    folder
        Where the mirror is or will be.
    wanted
        Names in `registry.FILES`, their words (``"photos"``), or `registry.File` objects.

    Returns
    -------
    list of str
        The paths of all files that the mirror has now.

    Raises
    ------
    FileNotHere
        If a file cannot be had.  What was fetched before stays in the mirror.
    ValueError
        If the course has no file of a name.
    OSError
        If the folder cannot be written.
    """
    folder = Path(folder).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / MANIFEST):
        has: dict[str, File] = {}
        if (folder / MANIFEST).exists():
            try:
                has = mirror.read_manifest(folder)
            except SourceFailed as failure:
                print(f"{folder} {failure}; making a new one.", file=sys.stderr)
        for file in [registry.find_file(item) for item in wanted]:
            target = folder / file.path
            if file.path in has and is_whole(target, has[file.path].checksum, noted=False):
                continue
            source = fetch.fetch_file(file, download=True)
            has[file.path] = File(file.path, "", source.stat().st_size, checksum_of(source))
            write_whole(target, partial(shutil.copyfile, source))
            if not is_whole(target, has[file.path].checksum, noted=False):
                raise OSError(f"{target} is not equal to what was written; is the disk in order?")
            # After every file, so that a stopped build is a smaller mirror and no broken one.
            _write_manifest(folder, has)
    return sorted(has)


def _write_manifest(folder: Path, has: dict[str, File]) -> None:
    entries = {path: {"sha256": has[path].checksum, "size": has[path].size} for path in sorted(has)}
    text = json.dumps({"format": 1, "files": entries}, indent=1) + "\n"
    write_text_whole(folder / MANIFEST, text)


def check_mirror(folder: Path) -> list[str]:
    """Compare a mirror with its manifest, file by file.

    Parameters
    ----------
    folder
        The mirror.

    Returns
    -------
    list of str
        One line for each problem; none if the mirror is in order.
    """
    folder = Path(folder).expanduser()
    try:
        entries = mirror.read_manifest(folder)
    except SourceFailed as failure:
        return [f"{folder} {failure}"]
    problems = [] if entries else [f"{folder / MANIFEST} names no file"]
    for path, entry in entries.items():
        try:
            real = _inside(folder, path)
            size = real.stat().st_size
            if size != entry.size:
                problems.append(f"{path} has {size} bytes instead of {entry.size}")
            elif checksum_of(real) != entry.checksum:
                problems.append(f"{path} is damaged: its SHA-256 is not the one in {MANIFEST}")
        except OSError as error:
            problems.append(f"{path} cannot be read ({error.strerror or error})")
    return problems


def report_problems(problems: Sequence[str], folder: Path) -> bool:
    """Print what `check_mirror` found and what to do, and say whether there was anything.

    Parameters
    ----------
    problems
        One line for each.
    folder
        The mirror.
    """
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        print(
            f"The mirror is not in order. Repair it with: tlhelpers mirror build {folder}",
            file=sys.stderr,
        )
    return bool(problems)


def _inside(folder: Path, path: str) -> Path:
    """Return where a file of the mirror is, or refuse what leads out of it."""
    real = (folder / path).resolve(strict=True)
    if real != folder.resolve() / path or not real.is_file():
        raise OSError(f"{path} is a link or no file")
    return real


# ----------------------------------------------------------------------------- serve


#: A request, as the standard library types it; of ours, each is a socket.
_Request = socket.socket | tuple[bytes, socket.socket]


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD for the files of the manifest, and nothing else."""

    server: MirrorServer
    protocol_version = "HTTP/1.1"
    server_version = "tlhelpers"
    sys_version = ""
    timeout = TIMEOUT  # for every single read and write

    def do_GET(self) -> None:
        """Send a file, or a part of it."""
        self._answer(send=True)

    def do_HEAD(self) -> None:
        """Say what a file is like."""
        self._answer(send=False)

    def _answer(self, *, send: bool) -> None:
        # The path is looked up as it was written: nothing is decoded, joined or
        # followed, so there is nothing that could lead out of the folder.
        path = self.server.paths.get(self.path)
        try:
            file = open(_inside(self.server.folder, path), "rb") if path else None
        except OSError:
            file = None
        if file is None:
            self.send_error(HTTPStatus.NOT_FOUND, "This mirror has no such file")
            return
        with file:
            size = os.fstat(file.fileno()).st_size
            try:
                start, end = _range(self.headers.get("Range"), size)
            except ValueError:
                self.send_response(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
                self.send_header("Content-Range", f"bytes */{size}")
                self._end(0)
                return
            whole = (start, end) == (0, size)
            self.send_response(HTTPStatus.OK if whole else HTTPStatus.PARTIAL_CONTENT)
            if not whole:
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
            self._end(end - start)
            file.seek(start)
            while send and start < end and (block := file.read(min(2**17, end - start))):
                self.wfile.write(block)
                start += len(block)

    def _end(self, length: int) -> None:
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(length))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Connection", "close")
        self.end_headers()


def _range(header: str | None, size: int) -> tuple[int, int]:
    """Return first byte and end of a range; what is no single range means the whole file."""
    found = re.fullmatch(r"bytes=(\d{0,15})-(\d{0,15})", (header or "").replace(" ", ""))
    if not found or found[0] == "bytes=-":
        return 0, size
    if not found[1]:  # the last bytes
        start, end = max(0, size - int(found[2])), size
    else:
        start = int(found[1])
        end = min(size, int(found[2]) + 1) if found[2] else size
    if start >= end:
        raise ValueError
    return start, end


class MirrorServer(ThreadingHTTPServer):
    """A read-only server of one mirror.

    Parameters
    ----------
    folder
        The mirror.  What its manifest names when the server starts is served.
    host, port
        Where to listen; port 0 takes any free one.

    Raises
    ------
    SourceFailed
        If the folder is no mirror.
    OSError, OverflowError
        If it cannot be listened there.
    """

    daemon_threads = True
    allow_reuse_port = False
    block_on_close = False
    request_queue_size = CONNECTIONS

    def __init__(self, folder: Path, host: str = "127.0.0.1", port: int = PORT) -> None:
        self.folder = Path(folder).expanduser().resolve()
        names = [MANIFEST, *mirror.read_manifest(self.folder)]
        self.paths = {f"/{name}": name for name in names}
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._places = threading.BoundedSemaphore(CONNECTIONS)
        super().__init__((host, port), _Handler)

    def process_request(self, request: _Request, client_address: tuple) -> None:
        """Answer in a thread of its own, if not too many are being answered."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: _Request, client_address: tuple) -> None:
        """Answer one request."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: _Request, client_address: tuple) -> None:
        """Say in one line that a learner's computer went away."""
        print(f"{client_address[0]}: {sys.exc_info()[1]}", file=sys.stderr)

    def server_bind(self) -> None:
        """Listen, without asking the network for this computer's name."""
        self.allow_reuse_address = os.name != "nt"  # on Windows it would share the port
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self._host(), self.server_address[1]

    def url(self) -> str:
        """Return the address that other programs use."""
        host, port = self._host(), self.server_address[1]
        host = _own_address() if host in ("0.0.0.0", "::") else host
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def _host(self) -> str:
        return str(self.server_address[0])


def _own_address() -> str:
    """Return this computer's address on its network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing, but chooses the way out
            return probe.getsockname()[0]
        except OSError:
            return socket.gethostname()


def serve_mirror(folder: Path, host: str = "127.0.0.1", port: int = PORT) -> int:
    """Serve a mirror until Ctrl-C, after a check.

    Parameters
    ----------
    folder
        The mirror.
    host
        ``127.0.0.1`` for this computer only, ``0.0.0.0`` for the classroom.
    port
        Where to listen; 0 takes any free one.

    Returns
    -------
    int
        0 after Ctrl-C, 1 if the mirror or the port cannot be used.
    """
    if report_problems(check_mirror(folder), folder):
        return 1
    try:
        server = MirrorServer(folder, host, port)
    except (OSError, OverflowError) as error:
        print(
            f"Cannot listen on {host}, port {port} ({error}). Stop the other server, "
            "or give another port, such as --port 0.",
            file=sys.stderr,
        )
        return 1
    url = server.url()
    print(f"Serving {folder}, read-only. Learners paste the line for their computer:\n")
    print(f"  %env TLHELPERS_MIRROR={url}          first cell of a notebook")
    print(f"  export TLHELPERS_MIRROR={url}        Linux and macOS, before Jupyter starts")
    print(f'  $env:TLHELPERS_MIRROR = "{url}"      Windows PowerShell, before Jupyter starts\n')
    if host in ("127.0.0.1", "localhost", "::1"):
        print("Only this computer reaches it. For the classroom add: --host 0.0.0.0")
    print("Stop with Ctrl-C.", flush=True)
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("\nStopped.")
    return 0
