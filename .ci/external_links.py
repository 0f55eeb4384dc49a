"""Say which addresses outside are dead, as `make site-links` has found: ``build/links``.

An address that refuses programs, or did not answer in time, is listed and is no failure.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

#: Answers of servers that are there and do not want a program, or want it later.
REFUSED = re.compile(r"\b(401|403|405|406|418|429|500|502|503|999)\b|Max retries|timed out", re.I)


def read_answers(file: Path) -> list[dict[str, str]]:
    """Return a row for each address that was asked, as Sphinx wrote it."""
    return [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]


def kind(row: dict[str, str]) -> str:
    """Return whether an address is fine, moved for good, unclear or dead.

    Examples
    --------
    >>> kind({"status": "broken", "info": "404 Client Error: Not Found for url: https://a.org"})
    'dead'
    >>> kind({"status": "broken", "info": "403 Client Error: Forbidden for url: https://a.org"})
    'unclear'
    """
    if row["status"] == "broken":
        return "unclear" if REFUSED.search(row["info"].partition(" for url")[0]) else "dead"
    if row["status"] in ("timeout", "rate-limited"):
        return "unclear"
    moved = row["status"] == "redirected" and str(row["code"]) in ("301", "308")
    return "moved" if moved else "fine"


def main(words: list[str]) -> int:
    """Print the dead, the unclear and the moved; return 1 if one is dead."""
    file = Path(words[0] if words else "build/links") / "output.json"
    if not file.is_file():
        sys.exit(f"{file} is not there. Make it with: make site-links")
    found: dict[str, dict[str, list[str]]] = {"dead": {}, "unclear": {}, "moved": {}}
    rows = read_answers(file)
    for row in rows:
        if kind(row) in found:
            what = f"{row['uri']} ({row['info'].partition(' for url')[0][:80]})"
            found[kind(row)].setdefault(what, []).append(f"{row['filename']}:{row['lineno']}")
    for name, addresses in found.items():
        print(f"## {len(addresses)} {name}\n")
        for address, places in sorted(addresses.items()):
            print(f"- {address}, in {', '.join(places[:3])}")
        print()
    print(f"{len({row['uri'] for row in rows})} addresses asked.")
    return int(bool(found["dead"]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
