"""The server of a classroom mirror: read-only, of some files, and for thirty people at once."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import socketserver
import stat
import sys
import threading
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO, cast

from tlhelpers.fetching import mirror
from tlhelpers.fetching.mirror import MANIFEST

PORT = 8765
TIMEOUT = 30.0  # seconds that a learner's computer may be silent
CONNECTIONS = 64  # at once; more are turned away, and try again
#: Where all places are taken, room is made: by ending what has said nothing
#: after `AT_ONCE` seconds, or has not taken a `BLOCK` of bytes for `PATIENCE`.
AT_ONCE, PATIENCE, BLOCK = 0.5, 10.0, 2**17


def inside(folder: Path, path: str) -> Path:
    """Return where a file of the mirror is, or refuse what leads out of it.

    Parameters
    ----------
    folder, path
        The mirror, and what its manifest calls the file.

    Raises
    ------
    OSError
        If there is no such file, or a link leads to it.
    """
    real = (folder / path).resolve(strict=True)
    if real != folder.resolve() / path or not real.is_file():
        raise OSError(f"{path} is a link or no file")
    return real


def open_inside(folder: Path, path: str) -> BinaryIO:
    """Open a file of the mirror, or refuse what leads out of it.

    No link is followed, not even one that is put there at this very moment:
    what is looked at is what was opened.

    Parameters
    ----------
    folder, path
        As for `inside`.

    Raises
    ------
    OSError
        As by `inside`.
    """
    if os.open not in os.supports_dir_fd:  # Windows
        file = open(inside(folder, path), "rb")
        if os.path.samestat(os.fstat(file.fileno()), os.lstat(inside(folder, path))):
            return file
        file.close()
        raise OSError(f"{path} has changed")
    *parents, name = path.split("/")
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for parent in parents:
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
            above, here = here, os.open(parent, flags, dir_fd=here)
            os.close(above)
        # Opening a pipe would wait for somebody who writes into it.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        found = os.open(name, flags, dir_fd=here)
    finally:
        os.close(here)
    if not stat.S_ISREG(os.fstat(found).st_mode):
        os.close(found)
        raise OSError(f"{path} is no file")
    return os.fdopen(found, "rb")


#: A request, as the standard library types it; of ours, each is a socket.
_Request = socket.socket | tuple[bytes, socket.socket]


@dataclass
class _Visit:
    """What became of a connection so far."""

    since: float = field(default_factory=time.monotonic)
    asked: bool = False  # whether its request has arrived
    moved: float = 0.0  # when it took the last block of bytes

    def is_idle(self) -> bool:
        """Say whether it takes a place and does nothing with it."""
        silent = time.monotonic() - max(self.since, self.moved)
        return silent > (PATIENCE if self.asked else AT_ONCE)


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
        visit = self.server.visits.setdefault(self.connection, _Visit())
        visit.asked = True
        try:
            file = open_inside(self.server.folder, path) if path else None
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
            while send and start < end and (block := file.read(min(BLOCK, end - start))):
                self.wfile.write(block)
                start += len(block)
                visit.moved = time.monotonic()

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
        self.visits: dict[_Request, _Visit] = {}
        self._places = threading.BoundedSemaphore(CONNECTIONS)
        super().__init__((host, port), _Handler)

    def process_request(self, request: _Request, client_address: tuple) -> None:
        """Answer in a thread of its own, if not too many are being answered."""
        if not self._places.acquire(blocking=False) and not self._make_room():
            self.shutdown_request(request)
            return
        self.visits[request] = _Visit()
        try:
            super().process_request(request, client_address)
        except BaseException:  # no thread could be started
            self._leave(request)
            raise

    def process_request_thread(self, request: _Request, client_address: tuple) -> None:
        """Answer one request."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._leave(request)

    def _leave(self, request: _Request) -> None:
        self.visits.pop(request, None)
        self._places.release()

    def _make_room(self) -> bool:
        """Hang up on who only keeps others out, and take the place."""
        end = time.monotonic() + 2 * AT_ONCE
        while time.monotonic() < end:
            idle = [
                (visit.since, line) for line, visit in [*self.visits.items()] if visit.is_idle()
            ]
            if idle:
                _hang_up(min(idle, key=lambda one: one[0])[1])
            elif all(visit.asked for visit in [*self.visits.values()]):
                return self._places.acquire(blocking=False)
            if self._places.acquire(timeout=AT_ONCE / 5):
                return True
        return False

    def service_actions(self) -> None:
        """Hang up on who takes too long to say what is wanted, a byte now and then."""
        for line, visit in [*self.visits.items()]:
            if not visit.asked and time.monotonic() - visit.since > _Handler.timeout:
                _hang_up(line)

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


def _hang_up(line: _Request) -> None:
    """End a connection; the thread that answers it notices."""
    with contextlib.suppress(OSError):
        cast(socket.socket, line).shutdown(socket.SHUT_RDWR)


def _own_address() -> str:
    """Return this computer's address on its network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing, but chooses the way out
            return probe.getsockname()[0]
        except OSError:
            return socket.gethostname()
