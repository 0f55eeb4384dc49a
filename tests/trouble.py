"""Pictures made for a test, and short ways to what is tested with them."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from tlhelpers.data import folder_report, folders, image_files

CLASSES = ("kiwi", "lemon")


def scene(seed, size=(96, 72)):
    """A picture that looks like no other: a few large patches of colour."""
    rng = np.random.default_rng(seed)
    patches = rng.integers(0, 256, (5, 6, 3), dtype=np.uint8)
    return Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC)


def png(seed):
    """A picture as the bytes of a file."""
    buffer = io.BytesIO()
    scene(seed).save(buffer, "PNG")
    return buffer.getvalue()


def item(name, content):
    """A file as a field for uploads has it."""
    return {"name": name, "content": memoryview(content)}


def choose(box, *files, part=1000):
    """Choose files in a box for uploads, as the browser does it; return the answers."""
    answers, picker = [], box.picker
    picker.send, send = lambda content: answers.append(content["goes"]), picker.send
    for number, (name, content) in enumerate(files):
        for at in range(0, max(len(content), 1), part):
            said = {"what": "part", "id": f"{number}", "name": name, "size": len(content), "at": at}
            picker._hear(picker, said, [memoryview(content[at : at + part])])
            if not answers[-1]:
                break
    picker._hear(picker, {"what": "end", "id": "end"}, [])
    picker.send = send
    return answers


def tree(root):
    """All files below a folder."""
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())


def make_fruit(root):
    """Two classes of four good pictures each."""
    for label, name in enumerate(CLASSES):
        (root / name).mkdir(parents=True)
        for i in range(4):
            scene(10 * label + i).save(root / name / f"{i}.png")
    return root


def scan(root, **kw):
    return folders.scan_folder(root, progress=False, **kw)


def load(files, size, **kw):
    return image_files.load_images(files, size, progress=False, **kw)


def reasons(report):
    return {item.file.relative_to(report.folder).as_posix(): item.why for item in report.left_out}


def found(report, name):
    [picture] = [p for p in report.pictures if p.file.name == name]
    return picture


def report_of(counts, groups=None):
    """A report without files: one picture for each number in counts."""
    pictures = []
    for label, count in enumerate(counts):
        for i in range(count):
            group = len(pictures) if groups is None else groups[len(pictures)]
            pictures.append(
                folder_report.UsablePicture(Path(f"{label}/{i}"), label, 9, 9, group, ())
            )
    names = tuple(f"class {i}" for i in range(len(counts)))
    return folder_report.FolderReport(Path(), names, tuple(pictures), (), 0)
