"""Download one file: go on after a cut, and notice what is not the file.

`requests` does the connecting, the certificates and the redirects.  What is
added here is what a classroom's line needs: resuming, patience with a limit,
and words for what went wrong.
"""

from __future__ import annotations

import ipaddress
import os
import random
import re
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:  # takes a while to import, so functions import what they need
    import requests

TRIES = 5  # in a row that bring nothing new, before giving up
MOST_TRIES = 100  # in all, however much each of them brings
PAUSE = 1.0  # seconds before the second try; twice as long before each further one
CONNECT = 5.0  # seconds to wait for an answer to the first knock
STALL = 30.0  # seconds without data, or with hardly any, that count as a cut
SLOWEST = 200  # bytes per second below which a line counts as dead
BLOCK = 2**16
MOST_BYTES = 4 * 10**9  # of a file whose size nobody states
MOST_TEXT = 2**20  # bytes of a manifest

_PAGE = re.compile(rb"\s*<(!doctype html|html|head|body|script)", re.IGNORECASE)


class SourceFailed(Exception):
    """One source does not bring a file; its text says why, in words for the learner."""


class _Cut(SourceFailed):
    """A failure that another try may get over."""


def size_in_words(size: int) -> str:
    """Return a size in words.

    Examples
    --------
    >>> size_in_words(228_813_984), size_in_words(35_363)
    ('228.8 MB', '35 kB')
    """
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(1, round(size / 1e3))} kB"


def download_file(address: str, part: Path, *, size: int = 0, tries: int = TRIES) -> bool:
    """Fetch a file into ``part``, going on behind what ``part`` already holds.

    Parameters
    ----------
    address
        Where the file is, http or https.
    part
        A temporary name.  What has arrived stays there if this fails, so that
        the next call goes on behind it.
    size
        Bytes that the whole file must have; 0 if nobody knows.
    tries
        How many tries in a row may bring nothing new.

    Returns
    -------
    bool
        Whether all of it came in one piece.  Pieces that do not belong
        together are only seen by a checksum, which is for the caller.

    Raises
    ------
    SourceFailed
        With what happened, if the file cannot be had.
    OSError
        If ``part`` cannot be written.
    """
    import requests

    best = _size(part)
    pieces, failures = int(best > 0), 0
    with requests.Session() as session:
        session.max_redirects = 5
        # A school's proxy serves the internet; it does not know the classroom.
        session.trust_env = not _is_near(address)
        for _ in range(MOST_TRIES):
            try:
                pieces += 1
                _fetch_piece(session, address, part, size)
                return pieces == 1
            except _Cut as cut:
                failures = 0 if _size(part) > best else failures + 1
                best = max(best, _size(part))
                if failures >= tries:
                    raise SourceFailed(
                        f"{cut} ({pieces} tries)" if pieces > 1 else str(cut)
                    ) from cut
                # Not all laptops of a classroom at the same moment: a random pause.
                pause = min(PAUSE * 2**failures, 30) * random.uniform(0.5, 1)
                if pause >= 1:
                    print(f"{cut}; trying again in {pause:.0f} s", file=sys.stderr)
                time.sleep(pause)
    raise SourceFailed(f"the connection was cut {MOST_TRIES} times")


def read_remote_text(address: str, *, tries: int = TRIES) -> str:
    """Read a small text file over HTTP.

    Parameters
    ----------
    address
        Where it is, http or https.
    tries
        As for `download_file`.

    Returns
    -------
    str
        The text; what is no UTF-8 in it is replaced.

    Raises
    ------
    SourceFailed
        With what happened, if it cannot be had or is too large.
    """
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "part"
        download_file(address, part, tries=tries)
        if _size(part) > MOST_TEXT:
            raise SourceFailed(
                f"has {size_in_words(_size(part))}, more than the "
                f"{size_in_words(MOST_TEXT)} expected"
            )
        return part.read_text(encoding="utf-8", errors="replace")


# --------------------------------------------------------------------- one connection


def _fetch_piece(session: requests.Session, address: str, part: Path, size: int) -> None:
    from tqdm import tqdm

    have = _size(part)
    if size and have == size:
        return
    if size and have > size:
        part.unlink()
        have = 0
    with _open(session, address, have) as response:
        start, total = _judge(response, part, have)
        if size and total and total != size:
            raise SourceFailed(f"offers a file of {total} bytes instead of {size}: another file")
        total = size or total
        with (
            open(part, "ab" if start else "wb") as file,
            # A bar for what takes longer than a second: speed and time left.
            tqdm(
                desc=address.rpartition("/")[2],
                total=total or None,
                initial=start,
                unit="B",
                unit_scale=True,
                delay=1,
                leave=False,
                disable=sys.stderr is None,
            ) as bar,
        ):
            arrived = start
            for block in _blocks(response):
                if arrived == 0 and _PAGE.match(block):
                    raise SourceFailed(_web_page(response))
                arrived += len(block)
                if arrived > (total or MOST_BYTES):
                    raise SourceFailed(f"sends more than {total or MOST_BYTES} bytes: another file")
                file.write(block)
                bar.update(len(block))
    if total and arrived < total:
        raise _Cut(f"the connection was cut after {arrived} of {total} bytes")


def _open(session: requests.Session, address: str, have: int) -> requests.Response:
    import requests

    from tlhelpers import __version__

    # Without "identity" a server may compress, and ranges and sizes mean something else.
    headers = {"Accept-Encoding": "identity", "User-Agent": f"tlhelpers/{__version__}"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        return session.get(address, headers=headers, stream=True, timeout=(CONNECT, STALL))
    except requests.TooManyRedirects as error:
        raise SourceFailed(f"redirects more than {session.max_redirects} times") from error
    except requests.exceptions.SSLError as error:
        if "certificate" in str(error).lower():
            raise SourceFailed(
                f"its certificate is not trusted ({_reason(error)}{_settings(CERTIFICATES)})"
            ) from error
        raise _Cut(f"the secure connection failed ({_reason(error)})") from error
    except requests.ConnectTimeout as error:
        raise _Cut(f"no answer within {CONNECT:g} s") from error
    except requests.Timeout as error:
        raise _Cut(f"connected, but no answer within {STALL:g} s") from error
    except requests.exceptions.ProxyError as error:
        said = f"{_reason(error)}{_settings(PROXIES)}"
        raise _Cut(f"the proxy does not let through ({said})") from error
    except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
        raise _Cut(f"no connection ({_reason(error)})") from error
    except (requests.RequestException, ValueError) as error:
        proxies = _settings(PROXIES) if re.search("[Pp]roxy|SOCKS", str(error)) else ""
        raise SourceFailed(f"cannot be asked ({_reason(error)}{proxies})") from error
    except OSError as error:  # such as a file of certificates that is gone
        raise SourceFailed(f"cannot be asked ({error}{_settings(CERTIFICATES)})") from error


#: Environment variables that `requests` follows.
PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def _settings(names: Sequence[str]) -> str:
    """Name those of some environment variables that are set, for the end of a sentence."""
    found = [n for name in names for n in (name, name.lower()) if os.environ.get(n)]
    return f"; look at {' and '.join(found)}" if found else ""


def _is_near(address: str) -> bool:
    """Say whether an address is in this classroom: a private number, or a name without dots."""
    host = ""
    try:
        host = urlsplit(address).hostname or ""
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return bool(host) and ("." not in host or host.endswith((".local", ".localhost")))


def _judge(response: requests.Response, part: Path, have: int) -> tuple[int, int]:
    """Return where the answer starts in the file, and the size of the file (0: unknown)."""
    status, headers = response.status_code, response.headers
    asked = response.history[0].url if response.history else response.url
    if asked.startswith("https:") and not response.url.startswith("https:"):
        raise SourceFailed(f"redirects from https to an unprotected address ({response.url})")
    if status == 416:  # nothing behind what we have: it belongs to another file
        part.unlink(missing_ok=True)
        raise _Cut("the part that had arrived does not fit")
    if status in (408, 425, 429) or status >= 500:
        raise _Cut(f"the server answers {status} {response.reason}")
    if status not in (200, 206):
        raise SourceFailed(f"the server answers {status} {response.reason}")
    if headers.get("Content-Type", "").lower().startswith("text/html"):
        raise SourceFailed(_web_page(response))
    stated = headers.get("Content-Length", "")
    length = int(stated) if stated.isdecimal() else 0
    if status == 200:  # the whole file, also if the server knows no ranges
        return 0, length
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", headers.get("Content-Range", ""))
    if not found or int(found[1]) != have:
        part.unlink(missing_ok=True)
        raise _Cut("the server sends another part than the one asked for")
    return have, 0 if found[2] == "*" else int(found[2])


def _blocks(response: requests.Response) -> Iterator[bytes]:
    """Yield what arrives, as it arrives and as it was stored."""
    import urllib3

    since, bytes_since = time.monotonic(), 0
    while True:
        try:
            # read1 gives what is there.  read would wait for a whole block, and a
            # server that sends a byte now and then would keep us for ever.
            block = response.raw.read1(BLOCK, decode_content=False)
        except urllib3.exceptions.ReadTimeoutError as error:
            raise _Cut(f"the server went silent for {STALL:g} s") from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _Cut(f"the connection was cut ({_reason(error)})") from error
        if not block:
            return
        bytes_since += len(block)
        if (seconds := time.monotonic() - since) > STALL:
            if bytes_since < SLOWEST * seconds:
                raise _Cut(f"the server sends less than {SLOWEST} bytes per second")
            since, bytes_since = time.monotonic(), 0
        yield block


def _web_page(response: requests.Response) -> str:
    where = f" ({response.url})" if response.history else ""
    return (
        f"sent a web page instead of the file{where}; perhaps this network wants you to log in: "
        "open any web page in a browser and try again"
    )


def _reason(error: BaseException) -> str:
    """Return the end of a nested message, which is the part that says something."""
    text = re.sub(r"[()'\"<>]+$", "", str(error))
    text = re.split(r": (?=[^:]*$)", text)[-1].strip() or type(error).__name__
    return text if len(text) <= 60 else f"{text[:60]}..."


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
