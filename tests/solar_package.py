"""A small package of the form of the one that holds the solar cells, with other pictures."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import importlib.metadata
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tlhelpers.data import cell_files, solar

SIZES = (4, 4, 4, 3, 5, 4)  # of the modules
KINDS = ("mono", "mono", "mono", "poly", "poly", "poly")
CHANCES = ("0.0", "1.0", "0.3333333333333333", "0.6666666666666666")


def make_package(folder: Path, version: str = cell_files.VERSION) -> Path:
    """Write it, as pip would have installed it; return the folder of its pictures."""
    data = folder / cell_files.FOLDER
    (data / "images").mkdir(parents=True)
    # Who runs its code is found out.
    (folder / "elpv_dataset" / "__init__.py").write_text("raise SystemExit('it was imported')\n")
    chance, rows = np.random.default_rng(0), []
    kinds = [kind for kind, size in zip(KINDS, SIZES, strict=True) for _ in range(size)]
    for i, kind in enumerate(kinds):
        name = f"images/cell{i + 1:04}.png"
        picture = chance.integers(0, 200, (20, 20), np.uint8) + 2 * i
        Image.fromarray(picture.astype(np.uint8)).save(data / name)
        rows.append(f"{name}  {CHANCES[i % 4]:<20}  {kind}\n")
    (data / "labels.csv").write_text("".join(rows))
    info = folder / f"elpv_dataset-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {cell_files.PACKAGE}\nVersion: {version}\n"
    )
    lines = [
        f"{path.relative_to(folder).as_posix()},sha256={note(path.read_bytes())},\n"
        for path in sorted(data.rglob("*.*"))
    ]
    (info / "RECORD").write_text("".join(lines))
    return data


def note(data: bytes) -> str:
    """The checksum as pip notes it."""
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def know_package(patch: pytest.MonkeyPatch, data: Path) -> None:
    """Let the course find this package, and know it as the right one."""
    patch.syspath_prepend(data.parents[1])
    sums = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted((data / "images").iterdir())
    ]
    patch.setattr(cell_files, "PICTURES_SUM", hashlib.sha256("".join(sums).encode()).hexdigest())
    labels = (data / "labels.csv").read_bytes()
    patch.setattr(cell_files, "LABELS_SUM", hashlib.sha256(labels).hexdigest())
    patch.setattr(solar, "MODULE_SIZES", SIZES)
    size, checksum = archive_of(data)
    known = dataclasses.replace(cell_files.ARCHIVE, size=size, checksum=checksum)
    patch.setattr(cell_files, "ARCHIVE", known)


def archive_of(data: Path) -> tuple[int, str]:
    """Size and SHA-256 of all its files in one archive: each as it is, with the licence."""
    pictures = sorted((data / "images").iterdir())
    files = {"LICENCE.txt": f"{cell_files.NOTICE}\n".encode()}
    files |= {
        path.relative_to(data).as_posix(): path.read_bytes()
        for path in [data / "labels.csv", *pictures]
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            about = zipfile.ZipInfo(name)  # of 1980
            about.create_system, about.external_attr = 3, 0o100644 << 16
            archive.writestr(about, content)
    return len(packed.getvalue()), hashlib.sha256(packed.getvalue()).hexdigest()


def hide_package(patch: pytest.MonkeyPatch, *names: str) -> None:
    """Let packages look as if they were not installed."""
    found = importlib.metadata.distribution

    def distribution(name: str):
        if name in names:
            raise importlib.metadata.PackageNotFoundError(name)
        return found(name)

    patch.setattr(importlib.metadata, "distribution", distribution)


def real_package() -> bool:
    """Whether the real one is installed."""
    try:
        importlib.metadata.distribution(cell_files.PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
