"""A real HTTP server on loopback that misbehaves as a test tells it to."""

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Request(BaseHTTPRequestHandler):
    """One request, with the tools to answer it badly."""

    protocol_version = "HTTP/1.1"
    timeout = 5  # nothing in a test lasts longer

    def do_GET(self):
        self.close_connection = True
        with self.server.lock:
            self.server.seen.append((self.path, self.headers.get("Range")))
            number = len(self.server.seen)
        try:
            self.server.behave(self, number)
        except (ConnectionError, TimeoutError):
            pass  # the client went away, as it may

    def start(self):
        """Where the client wants the file to start."""
        asked = self.headers.get("Range", "bytes=0-")
        return int(asked.removeprefix("bytes=").partition("-")[0])

    def head(self, status=200, **headers):
        self.send_response(status)
        headers.setdefault("Connection", "close")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def send(self, data, *, ranges=True, until=None, **headers):
        """Send a file as a good server does, but perhaps only until a byte of it."""
        start = self.start() if ranges else 0
        headers.setdefault("Content_Length", len(data) - start)
        if start:
            headers["Content_Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self.head(206 if start else 200, **headers)
        sent = data[start:until]
        with self.server.lock:  # before they are sent: then the client is quick
            self.server.bytes_sent += len(sent)
        self.wfile.write(sent)

    def nap(self, seconds):
        self.server.closing.wait(min(seconds, 5))

    def log_message(self, *args):
        pass


@contextmanager
def server(behave):
    """Run a server that calls ``behave(request, number)`` for each request, from 1."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request, address):
            pass

    running = Server(("127.0.0.1", 0), Request)
    running.behave, running.lock = behave, threading.Lock()
    running.seen, running.bytes_sent, running.closing = [], 0, threading.Event()
    running.url = f"http://127.0.0.1:{running.server_address[1]}"
    thread = threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield running
    finally:
        running.closing.set()
        running.shutdown()
        running.server_close()


def wait_until(condition, seconds=10):
    """Wait for something to become true, but not for ever."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
