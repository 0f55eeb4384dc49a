"""An empty cache, a file to fetch, and a mirror that has it: for the tests of fetching."""

import hashlib
import json
import random

DATA = random.Random(0).randbytes(300_000)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def good(request, number):
    request.send(DATA)


def make_mirror(folder, data=DATA, **changes):
    entry = {"sha256": sha256(data), "size": len(data)} | changes
    (folder / "datasets").mkdir(parents=True)
    (folder / "datasets" / "thing.bin").write_bytes(data)
    manifest = {"format": 1, "files": {"datasets/thing.bin": entry}}
    (folder / "mirror.json").write_text(json.dumps(manifest))
    return folder
