"""More pictures than one wants in memory: how fast features come, and what they take."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks import tables
from tlhelpers.course.arguments import whole_number
from tlhelpers.data import picture_datasets
from tlhelpers.networks import build, features, preprocessing

NETWORK = "EfficientNetLite0"
SIDE, SIZE = 300, 224  # pixels: of the files, and of the network
DISTINCT = 200  # pictures that are drawn; the others are copies with another comment
WANTED = 1.2e9  # bytes: the most that the process may have had


def measure(count: int) -> tables.Rows:
    """Return the rows of the table: features of so many JPEG files, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        size = write_pictures(Path(folder), count)
        writing = time.perf_counter() - began
        command = [sys.executable, "-m", "benchmarks.many_pictures", "--measure", folder]
        # The first process exports the network for ONNX Runtime, and keeps that.
        first, found = (
            json.loads(subprocess.run([*command, *more], stdout=subprocess.PIPE, check=True).stdout)
            for more in (["--pictures", "1"], [])
        )
    peak = found["peak"]
    verdict = "under" if peak < WANTED else "OVER"
    return [
        ("pictures", f"{count:,} JPEG of {SIDE} × {SIDE}, {size / 1e6:.0f} MB ({writing:.0f} s)"),
        ("as one array they would take", f"{count * SIZE * SIZE * 3 / 1e9:.1f} GB"),
        ("most memory of a process that exports the network", f"{first['peak'] / 1e9:.2f} GB"),
        (f"features of {NETWORK}, exported before", f"{count / found['seconds']:.0f} images/s"),
        ("processor time for each picture", f"{1000 * found['work'] / count:.1f} ms"),
        (
            f"most memory of the process ({verdict} {WANTED / 1e9:.1f} GB)",
            f"{peak / 1e9:.2f} GB, {found['before'] / 1e9:.2f} GB before the first picture",
        ),
    ]


def write_pictures(folder: Path, count: int) -> int:
    """Write JPEG files, and return how many bytes they have: no two are the same."""
    import io

    from PIL import Image

    rng = np.random.default_rng(0)
    x = np.linspace(0, 200, SIDE)[None, :, None] * rng.random((DISTINCT, 1, 1, 3))
    drawn: list[bytes] = []
    for slope in x:
        noise = rng.integers(0, 56, (SIDE, SIDE, 3))
        buffer = io.BytesIO()
        Image.fromarray((slope + noise).astype(np.uint8)).save(buffer, "JPEG", quality=85)
        drawn.append(buffer.getvalue())
    total = 0
    for number in range(count):
        picture = drawn[number % len(drawn)]
        comment = f"{number:08d}".encode()  # a part of its own, after the two bytes of the start
        data = picture[:2] + b"\xff\xfe\x00\x0a" + comment + picture[2:]
        (folder / f"{number:06d}.jpg").write_bytes(data)
        total += len(data)
    return total


def measure_folder(folder: Path, most: int) -> dict[str, float]:
    """Compute the features of a folder, and return seconds and bytes."""
    from tlhelpers import start

    start.load_tensorflow()
    import keras

    keras.utils.set_random_seed(0)  # the same weights: they are exported once
    files = sorted(folder.glob("*.jpg"))[:most]
    pictures = picture_datasets.FileSplit(files, np.arange(len(files)) % 2, SIZE)
    network = build.pooled_backbone(NETWORK, build.build_network(NETWORK))
    before = peak_memory()
    began, worked = time.perf_counter(), time.process_time()
    rows, labels = features.compute(
        network,
        pictures.dataset(),
        preprocess=preprocessing.preprocess_for(NETWORK),
        cache=False,
        fast=True,
    )
    seconds, work = time.perf_counter() - began, time.process_time() - worked
    assert len(rows) == len(labels) == len(files)
    return {"seconds": seconds, "work": work, "before": before, "peak": peak_memory()}


def peak_memory() -> int:
    """Return the most bytes of memory that this process has had."""
    try:  # Linux: getrusage counts what the process had that started this one, too
        text = Path("/proc/self/status").read_text(encoding="ascii")
        return int(text.split("VmHWM:")[1].split()[0]) * 1024
    except (OSError, IndexError):
        import resource  # which Windows does not have

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024


def main() -> int:
    """Read the options, and measure."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--pictures", type=whole_number(1), default=20_000)
    parser.add_argument("--measure", type=Path)
    args, rest = parser.parse_known_args()
    if args.measure:
        print(json.dumps(measure_folder(args.measure, args.pictures)))
        return 0
    name = f"many_pictures --pictures {args.pictures}"
    return tables.run(name, lambda seeds: measure(args.pictures), argv=rest)


if __name__ == "__main__":
    sys.exit(main())
