"""Folders of pictures: every kind of bad file is named, and nothing good is lost."""

import hashlib
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import unicodedata
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance

from tlhelpers import folders

POSIX = pytest.mark.skipif(os.name != "posix", reason="POSIX only")
CLASSES = ("kiwi", "lemon")


def scene(seed, size=(96, 72)):
    """A picture that looks like no other: a few large patches of colour."""
    rng = np.random.default_rng(seed)
    patches = rng.integers(0, 256, (5, 6, 3), dtype=np.uint8)
    return Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC)


@pytest.fixture
def fruit(tmp_path):
    """Two classes of four good pictures each."""
    root = tmp_path / "fruit"
    for label, name in enumerate(CLASSES):
        (root / name).mkdir(parents=True)
        for i in range(4):
            scene(10 * label + i).save(root / name / f"{i}.png")
    return root


def scan(root, **kw):
    return folders.scan(root, progress=False, **kw)


def load(files, size, **kw):
    return folders.load(files, size, progress=False, **kw)


def reasons(report):
    return {item.file.relative_to(report.folder).as_posix(): item.why for item in report.left_out}


def found(report, name):
    [picture] = [p for p in report.pictures if p.file.name == name]
    return picture


# Files that cannot be used: one sentence each, and the others go on.


#: A file of a phone begins like this, and so does a film.
HEIC = b"\0\0\0\x24ftypheic\0\0\0\0mif1MiHEMiPrmiafMiHBheic" + bytes(200)
HEIC_2 = b"\0\0\0\x1cftypmif1\0\0\0\0mif1heicmiaf" + bytes(200)
AVIF = b"\0\0\0\x1cftypavif\0\0\0\0avifmiafMA1B" + bytes(200)
FILM = b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41" + bytes(200)
PAGE = b"<!DOCTYPE html><html><body>Not found</body></html>"


def cut(kind, keep):
    """Keep a share of the file, or so many bytes."""

    def make(path):
        scene(99, (300, 200)).save(path, kind)
        path.write_bytes(path.read_bytes()[: int(keep if keep > 1 else keep * path.stat().st_size)])

    return make


def bomb(path):
    """A tiny PNG that says it is 30,000 pixels wide and high."""

    def chunk(name, data):
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    data = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 10**6)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + data)


def smaller_bomb(path):
    """56 million pixels, all black: a few kilobytes on disk."""
    Image.new("L", (8000, 7000)).save(path, "PNG")


def content(data):
    return lambda path: path.write_bytes(data)


def floats(path):
    Image.fromarray(np.zeros((20, 20), np.float32)).save(path, "TIFF")


def long_numbers(path):
    Image.fromarray(np.full((20, 20), 70_000, np.int32)).save(path, "TIFF")


UNUSABLE = {
    "zero bytes": ("x.jpg", content(b""), "an empty file (0 bytes)"),
    "jpeg cut in half": ("x.jpg", cut("JPEG", 0.5), "damaged or cut short"),
    "jpeg cut near its end": ("x.jpg", cut("JPEG", 0.95), "damaged or cut short"),
    "jpeg cut in its head": ("x.jpg", cut("JPEG", 3), "damaged or cut short"),
    "png cut": ("x.png", cut("PNG", 0.5), "damaged or cut short"),
    "png cut in its head": ("x.png", cut("PNG", 12), "damaged or cut short"),
    "gif cut": ("x.gif", cut("GIF", 0.5), "damaged or cut short"),
    "gif cut in its head": ("x.gif", cut("GIF", 40), "damaged or cut short"),
    "avif cut": ("x.avif", content(AVIF), "AVIF, damaged or unknown"),
    "bmp cut": ("x.bmp", cut("BMP", 0.5), "damaged or cut short"),
    "tiff cut": ("x.tif", cut("TIFF", 0.5), "damaged or cut short"),
    "webp cut": ("x.webp", cut("WEBP", 0.5), "damaged or cut short"),
    "text": ("x.jpg", content("gar kein Bild, nämlich Text\n".encode()), "text, not a picture"),
    "long text cut within ä": ("x.jpg", content(b"a" + "ä".encode() * 900), "text, not a picture"),
    "web page": ("x.jpg", content(PAGE), "a web page, not a picture"),
    "svg": ("x.svg", content(b'<svg xmlns="http://www.w3.org/2000/svg"/>'), "an SVG drawing"),
    "pdf": ("x.png", content(b"%PDF-1.7\n%\xe2\xe3" + bytes(99)), "a PDF document"),
    "zip": ("x.jpg", content(b"PK\x03\x04" + bytes(99)), "a ZIP archive"),
    "heic": ("x.heic", content(HEIC), "HEIC, as phones save it (convert it to JPEG)"),
    "heic named jpg": ("x.jpg", content(HEIC_2), "HEIC"),
    "film": ("x.mp4", content(FILM), "a film, not a picture"),
    "noise": ("x.jpg", content(bytes(range(128, 256)) * 9), "not a picture that can be read"),
    "three odd bytes": ("x.jpg", content(b"\xfe\xfd\xfc"), "not a picture that can be read"),
    "text that looks like a PPM": ("x.jpg", content(b"P3 is a text\n"), "text, not a picture"),
    "eps": ("x.eps", content(b"%!PS-Adobe-3.0 EPSF-3.0\n" + bytes(99)), "a PostScript drawing"),
    "one pixel": ("x.png", lambda p: scene(9, (1, 1)).save(p), "smaller than 8 × 8 pixels"),
    "a line": ("x.png", lambda p: scene(9, (500, 1)).save(p), "smaller than 8 × 8 pixels"),
    "bomb": ("x.png", bomb, "over 50 million pixels"),
    "smaller bomb": ("x.png", smaller_bomb, "over 50 million pixels"),
    "32-bit floats": ("x.tif", floats, "32 bits for each pixel"),
    "32-bit integers": ("x.tif", long_numbers, "32 bits for each pixel"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_an_unusable_file_is_left_out_with_its_reason_and_the_others_are_kept(fruit, case):
    name, make, why = UNUSABLE[case]
    make(fruit / "kiwi" / name)
    report = scan(fruit)
    assert report.counts == {"kiwi": 4, "lemon": 4}
    [(file, said)] = reasons(report).items()
    assert file == f"kiwi/{name}" and said.startswith(why)
    assert f"{said}: kiwi/{name}" in str(report)
    with pytest.raises(ValueError, match="1 file cannot be used, such as .*" + name) as error:
        load([fruit / "kiwi" / "0.png", fruit / "kiwi" / name], 32)
    assert said in str(error.value)


# Unusual files that work, compared with pixels made by hand.


def test_a_wrong_ending_works_with_a_note(fruit):
    scene(50).save(fruit / "kiwi" / "x.jpg", "PNG")
    scene(51).save(fruit / "kiwi" / "y", "PNG")
    report = scan(fruit)
    assert found(report, "x.jpg").notes == ("named .jpg but PNG, which works",)
    assert found(report, "y").notes == ("named without ending but PNG, which works",)
    assert all(p.notes == () for p in report.pictures if p.file.suffix == ".png")
    assert (load([fruit / "kiwi" / "x.jpg"], 72)[0] == np.asarray(scene(50))[:, 12:84]).all()


def colours(path, image, **options):
    """Save, load at the same size, and return the pixels."""
    image.save(path, **options)
    return load([path], image.width)[0]


def test_sixteen_bits_keep_their_brightness(fruit):
    values = np.full((16, 16), 0x8000, np.uint16)
    values[:, 8:] = 0xFFFF
    pixels = colours(fruit / "kiwi" / "x.png", Image.fromarray(values))
    assert (pixels[:, :8] == 128).all() and (pixels[:, 8:] == 255).all()
    assert found(scan(fruit), "x.png").notes == ("16 bits for each pixel, brought to 8",)


def test_sixteen_bits_in_the_other_byte_order(tmp_path):
    path = tmp_path / "x.tif"
    values = np.full((16, 16), 0x8001, ">u2")
    Image.frombytes("I;16B", (16, 16), values.tobytes()).save(path)
    assert (load([path], 16) == 128).all()


def test_sixteen_bits_as_text_do_not_turn_white(tmp_path):
    path = tmp_path / "x.pgm"
    path.write_bytes(b"P5 16 16 65535\n" + np.full((16, 16), 0x4000, ">u2").tobytes())
    assert (load([path], 16) == 64).all()


def test_twelve_bits_in_sixteen_are_dark_and_the_report_says_so(fruit):
    Image.fromarray(np.full((16, 16), 4095, np.uint16)).save(fruit / "kiwi" / "x.png")
    assert any(note.startswith("dark") for note in found(scan(fruit), "x.png").notes)


def test_cmyk(fruit):
    # No ink is white, all black ink is black: what every printer agrees on.
    image = Image.new("CMYK", (16, 16), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 8, 16, 16))
    pixels = colours(fruit / "kiwi" / "x.jpg", image, quality=100)
    assert pixels[:7].min() > 245 and pixels[9:].max() < 10
    assert "CMYK" in found(scan(fruit), "x.jpg").notes[0]


def test_palette(tmp_path):
    image = Image.new("P", (16, 16), 1)
    image.putpalette([0, 0, 0, 10, 200, 30])
    assert (colours(tmp_path / "x.png", image) == (10, 200, 30)).all()


def test_palette_with_a_transparent_colour_is_put_on_white(fruit):
    image = Image.new("P", (16, 16), 0)
    image.paste(1, (0, 0, 8, 16))
    image.putpalette([9, 9, 9, 10, 200, 30])
    pixels = colours(fruit / "kiwi" / "x.png", image, transparency=0)
    assert (pixels[:, :8] == (10, 200, 30)).all() and (pixels[:, 8:] == 255).all()
    assert found(scan(fruit), "x.png").notes == ("transparent, put on white",)


def test_grey_with_alpha_is_put_on_white(tmp_path):
    image = Image.new("LA", (16, 16), (0, 0))
    image.paste((100, 255), (0, 0, 8, 16))
    pixels = colours(tmp_path / "x.png", image)
    assert (pixels[:, :8] == 100).all() and (pixels[:, 8:] == 255).all()


def test_half_transparent_is_half_white(tmp_path):
    pixels = colours(tmp_path / "x.png", Image.new("RGBA", (16, 16), (200, 0, 100, 51)))
    # One fifth of the colour, four fifths of white.
    assert np.abs(pixels[0, 0] - np.array([244, 204, 224])).max() <= 1


@pytest.mark.parametrize("mode, value, wanted", [("1", 1, 255), ("1", 0, 0), ("L", 77, 77)])
def test_black_and_white_and_grey(tmp_path, mode, value, wanted):
    assert (colours(tmp_path / "x.png", Image.new(mode, (16, 16), value)) == wanted).all()


ARROW = np.zeros((24, 24, 3), np.uint8)
ARROW[2:8, 2:20] = (250, 0, 0)  # red along the top
ARROW[8:22, 2:8] = (0, 0, 250)  # blue down the left side
#: What a camera stores for each EXIF orientation, so that it is upright after turning.
STORED = {
    1: ARROW,
    2: ARROW[:, ::-1],
    3: ARROW[::-1, ::-1],
    4: ARROW[::-1],
    5: ARROW.transpose(1, 0, 2),
    6: np.rot90(ARROW, 1),
    7: ARROW[::-1, ::-1].transpose(1, 0, 2),
    8: np.rot90(ARROW, -1),
}


@pytest.mark.parametrize("turn", STORED)
@pytest.mark.parametrize("kind", ["png", "tif", "webp"])
def test_every_exif_orientation_is_set_upright(tmp_path, turn, kind):
    path, exif = tmp_path / f"x.{kind}", Image.Exif()
    exif[0x0112] = turn
    image = Image.fromarray(np.ascontiguousarray(STORED[turn]))
    image.save(path, exif=exif, **({"lossless": True} if kind == "webp" else {}))
    assert (load([path], 24)[0] == ARROW).all()


@pytest.mark.parametrize("turn, size", [(3, (90, 60)), (6, (60, 90))])
def test_a_turned_photograph_reports_its_upright_size(fruit, turn, size):
    exif = Image.Exif()
    exif[0x0112] = turn
    scene(60, (90, 60)).save(fruit / "kiwi" / "x.jpg", exif=exif)
    picture = found(scan(fruit), "x.jpg")
    assert (picture.width, picture.height) == size
    assert picture.notes == ("taken sideways, set upright",)


@pytest.mark.parametrize("kind", ["png", "jpg"])  # for a PNG, Pillow raises a SyntaxError
def test_damaged_exif_does_not_lose_the_picture(fruit, kind):
    path = fruit / "kiwi" / f"x.{kind}"
    scene(61).save(path, exif=b"Exif\0\0\x11\x22nonsense")
    assert found(scan(fruit), path.name).notes == ()
    assert load([path], 16).shape == (1, 16, 16, 3)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_of_an_animation_the_first_picture_is_taken(fruit, kind):
    path = fruit / "kiwi" / f"x.{kind.lower()}"
    red, blue = Image.new("RGB", (16, 16), (255, 0, 0)), Image.new("RGB", (16, 16), (0, 0, 255))
    red.save(path, kind, save_all=True, append_images=[blue], lossless=True)
    assert (load([path], 16) == (255, 0, 0)).all()
    assert found(scan(fruit), path.name).notes == (
        "several pictures in one file, the first is used",
    )


def test_webp(tmp_path):
    assert (
        colours(tmp_path / "x.webp", scene(62, (32, 32)), lossless=True)
        == np.asarray(scene(62, (32, 32)))
    ).all()


@pytest.mark.parametrize("size", [(900, 20), (20, 900)])
def test_a_very_long_picture_is_noted_and_its_middle_is_taken(fruit, size):
    image = Image.new("RGB", size, "white")
    x, y = size[0] // 2, size[1] // 2
    image.paste((0, 128, 0), (x - 10, y - 10, x + 10, y + 10))
    image.save(fruit / "kiwi" / "x.png")
    assert found(scan(fruit), "x.png").notes[0].startswith("very long")
    assert (load([fruit / "kiwi" / "x.png"], 20) == (0, 128, 0)).all()


def test_a_usual_panorama_is_not_called_very_long(fruit):
    scene(63, (320, 80)).save(fruit / "kiwi" / "x.png")
    assert found(scan(fruit), "x.png").notes == ()


def test_a_large_photograph_works(fruit):
    """56 million pixels as a JPEG: it is decoded at an eighth of its size."""
    Image.new("L", (8000, 7000), 90).save(fruit / "kiwi" / "x.jpg")
    assert found(scan(fruit), "x.jpg").width == 8000
    assert (load([fruit / "kiwi" / "x.jpg"], 64) == 90).all()


def test_shrinking_uses_every_pixel(tmp_path):
    """A fine checkerboard becomes grey, and not black or white."""
    board = np.indices((320, 320)).sum(0).astype(np.uint8) % 2 * 255
    Image.fromarray(board).save(tmp_path / "x.png")
    pixels = load([tmp_path / "x.png"], 32).astype(int)
    assert np.abs(pixels[:, 2:-2, 2:-2] - 127.5).max() < 3


def test_a_photograph_decoded_smaller_looks_the_same(tmp_path):
    """JPEGs are decoded at a fraction of their size; compare with the whole."""
    image = scene(64, (1600, 1200))
    image.save(tmp_path / "x.jpg", quality=95)
    whole = image.crop((200, 0, 1400, 1200)).resize((100, 100), Image.Resampling.BOX)
    difference = load([tmp_path / "x.jpg"], 100)[0].astype(int) - np.asarray(whole)
    assert np.abs(difference).mean() < 2


def test_the_same_crop_as_keras(fruit):
    keras = pytest.importorskip("keras")
    for name in CLASSES:
        scene(len(name), (50, 81)).save(fruit / name / "tall.png")
    data = keras.utils.image_dataset_from_directory(
        fruit, image_size=(72, 72), crop_to_aspect_ratio=True, shuffle=False, verbose=0
    )
    theirs = np.concatenate([images for images, _ in data])
    report = scan(fruit)
    ours = load([picture.file for picture in report.pictures], 72)
    same = [picture.height == 72 for picture in report.pictures]  # not resized: equal to the bit
    assert sum(same) == 8 and (ours[same] == theirs[same]).all()
    assert [p.label for p in report.pictures] == np.concatenate([y for _, y in data]).tolist()


# Names


LONG = "a" * 200 + ".png"
NAMES = [
    "Äpfel süß.png",
    "りんご.png",
    "🍋.png",
    "a b\tc.png" if os.name == "posix" else "a b.png",
    "[x] {y} 100%.png",
    LONG,
    "UPPER.PNG",
]


@pytest.mark.parametrize("name", NAMES)
def test_unusual_names_work_as_file_and_as_class(fruit, name):
    if os.name == "nt" and name == LONG:
        pytest.skip("the whole path would be too long for Windows")
    folder = fruit / name.removesuffix(".png")
    folder.mkdir()
    scene(70).save(folder / name, "PNG")
    report = scan(fruit)
    assert folder.name in report.classes and found(report, name).notes == ()
    assert (load([folder / name], 72)[0] == np.asarray(scene(70))[:, 12:84]).all()
    assert max(map(len, str(report).splitlines())) < 160


def test_a_decomposed_name_is_found_again(fruit):
    name = unicodedata.normalize("NFD", "Äpfel.png")
    scene(71).save(fruit / "kiwi" / name)
    report = scan(fruit)
    [file] = [p.file for p in report.pictures if "pfel" in p.file.name]
    assert load([file], 8).shape == (1, 8, 8, 3)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_no_screen_can_show(fruit):
    path = os.path.join(os.fsencode(fruit), b"kiwi", b"broken\xff\nname.png")
    shutil.copyfile(os.fsencode(fruit / "kiwi" / "0.png"), path)
    report = scan(fruit)
    assert len(report.left_out) == 1  # a copy
    assert "kiwi/broken??name.png" in str(report)
    str(report).encode("utf-8")


# Folders


def test_hidden_and_system_files_are_ignored_and_counted(fruit):
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._0.png", ".hidden.png"):
        (fruit / "kiwi" / name).write_bytes(b"\0\1\2")
    for name in ("__MACOSX", ".ipynb_checkpoints", ".git"):
        (fruit / name).mkdir()
        scene(80).save(fruit / name / "x.png")
    report = scan(fruit)
    assert report.classes == CLASSES and report.left_out == ()
    assert report.ignored == 8 and "8 hidden or system files" in str(report)


def test_an_empty_class_folder(fruit):
    (fruit / "plum").mkdir()
    report = scan(fruit)
    assert report.classes == CLASSES and reasons(report) == {"plum": "an empty class folder"}


def test_a_class_without_a_usable_picture(fruit):
    (fruit / "plum").mkdir()
    (fruit / "plum" / "x.jpg").write_bytes(b"")
    report = scan(fruit)
    assert report.classes == CLASSES
    assert reasons(report)["plum"] == "no usable picture in it"


def test_a_single_class_is_said_and_cannot_be_split(fruit):
    shutil.rmtree(fruit / "lemon")
    report = scan(fruit)
    assert "Only one class" in str(report)
    with pytest.raises(ValueError, match="usable pictures in 1 class; wanted are at least two"):
        folders.split(report)


def test_classes_one_folder_too_deep(tmp_path, fruit):
    with pytest.raises(ValueError, match="folders of folders") as error:
        scan(tmp_path)
    assert str(fruit) in str(error.value)


def test_train_and_test_folders_point_to_train(tmp_path, fruit):
    root = tmp_path / "data"
    for name in ("a_test", "train"):
        shutil.copytree(fruit, root / name)
    (root / "train" / "README.txt").write_text("Read me.")
    (root / "a_test" / ".DS_Store").write_bytes(b"\0")
    with pytest.raises(ValueError, match="folders of folders") as error:
        scan(root)
    assert f"Was this meant: {root / 'train'}?" in str(error.value)


def test_a_folder_within_a_class_is_said(fruit):
    (fruit / "kiwi" / "more").mkdir()
    scene(81).save(fruit / "kiwi" / "more" / "x.png")
    report = scan(fruit)
    assert report.counts["kiwi"] == 4
    assert reasons(report) == {"kiwi/more": "a folder in a class folder, not looked at"}


def test_loose_pictures_without_class_folders(fruit):
    with pytest.raises(ValueError, match="no class folders in .*, but 4 files") as error:
        scan(fruit / "kiwi")
    assert f"give the folder above: {fruit}" in str(error.value)


def test_files_beside_the_class_folders(fruit):
    (fruit / "LICENSE.txt").write_text("CC BY")
    assert reasons(scan(fruit)) == {"LICENSE.txt": "beside the class folders"}


def test_an_empty_folder(tmp_path):
    (tmp_path / ".DS_Store").write_bytes(b"\0")
    with pytest.raises(ValueError, match="no class folders in .*, but 0 files"):
        scan(tmp_path)


def test_nothing_usable_at_all_is_a_report_and_not_an_error(tmp_path):
    (tmp_path / "kiwi").mkdir()
    (tmp_path / "kiwi" / "x.jpg").write_bytes(b"")
    report = scan(tmp_path)
    assert report.pictures == () and "0 pictures in 0 classes" in str(report)
    assert "an empty file (0 bytes): kiwi/x.jpg" in str(report)
    with pytest.raises(ValueError, match="0 classes"):
        folders.split(report)


def test_a_missing_folder_names_what_exists(fruit):
    with pytest.raises(FileNotFoundError) as error:
        scan(fruit / "kiwii" / "x")
    assert str(fruit / "kiwii" / "x") in str(error.value)
    assert f"{fruit} exists" in str(error.value)


@pytest.mark.parametrize("name, unpack", [("x.png", False), ("fruit.zip", True), ("f.tgz", True)])
def test_a_file_instead_of_a_folder(tmp_path, name, unpack):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(NotADirectoryError, match="is a file; wanted is a folder") as error:
        scan(tmp_path / name)
    assert ("Unpack it first" in str(error.value)) == unpack


@pytest.fixture
def link():
    def make(place, target, folder=False):
        try:
            os.symlink(target, place, target_is_directory=folder)
        except OSError:
            pytest.skip("links are not allowed here")

    return make


def test_links_are_not_followed(tmp_path, fruit, link):
    scene(82).save(tmp_path / "outside.png")
    (tmp_path / "plum").mkdir()
    scene(83).save(tmp_path / "plum" / "x.png")
    link(fruit / "kiwi" / "out.png", tmp_path / "outside.png")
    link(fruit / "kiwi" / "nowhere.png", tmp_path / "nowhere.png")
    link(fruit / "plum", tmp_path / "plum", True)
    link(fruit / "circle", fruit, True)
    report = scan(fruit)
    assert report.classes == CLASSES and report.counts["kiwi"] == 4
    assert set(reasons(report)) == {"kiwi/out.png", "kiwi/nowhere.png", "plum", "circle"}
    assert {why.split(",")[0] for why in reasons(report).values()} == {"a link"}


def test_the_folder_itself_may_be_a_link(tmp_path, fruit, link):
    link(tmp_path / "shortcut", fruit, True)
    assert scan(tmp_path / "shortcut").counts == {"kiwi": 4, "lemon": 4}


@POSIX
def test_a_pipe_does_not_block(fruit):
    os.mkfifo(fruit / "kiwi" / "pipe.png")
    result = []
    thread = threading.Thread(target=lambda: result.append(scan(fruit)), daemon=True)
    thread.start()
    thread.join(30)
    assert result and reasons(result[0])["kiwi/pipe.png"].startswith("a pipe")


@pytest.fixture
def nobody(fruit):
    """The same folder where an ordinary user could get at it; root may read anything."""
    if os.name != "posix":
        pytest.skip("POSIX permissions")
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    scan(shutil.copytree(fruit, place / "fruit"))  # loads what is loaded when first used
    root = os.geteuid() == 0
    try:
        if root:
            os.seteuid(65534)
        yield place / "fruit", lambda path, mode: as_root(root, path, mode)
    finally:
        if root:
            os.seteuid(0)
        for path in [place, *place.rglob("*")]:
            path.chmod(0o755)
        shutil.rmtree(place)


def as_root(root, path, mode):
    if root:
        os.seteuid(0)
    path.chmod(mode)
    if root:
        os.seteuid(65534)


def test_no_permission_for_a_file_and_for_a_class(nobody):
    root, chmod = nobody
    chmod(root / "kiwi" / "0.png", 0)
    chmod(root / "lemon", 0)
    report = scan(root)
    assert report.counts == {"kiwi": 3}
    assert reasons(report) == {
        "kiwi/0.png": "no permission to read it",
        "lemon": "no permission to look inside",
    }


def test_no_permission_for_all_of_it(nobody):
    root, chmod = nobody
    chmod(root, 0)
    with pytest.raises(PermissionError, match="no permission to look into"):
        scan(root)


def test_no_permission_for_any_class_is_said(nobody):
    root, chmod = nobody
    for name in CLASSES:
        chmod(root / name, 0)
    assert set(reasons(scan(root)).values()) == {"no permission to look inside"}


# Copies


def test_copies_in_one_class_are_left_out_but_for_the_first(fruit):
    shutil.copy(fruit / "kiwi" / "0.png", fruit / "kiwi" / "x.png")
    shutil.copy(fruit / "kiwi" / "0.png", fruit / "kiwi" / "y.png")
    report = scan(fruit)
    assert report.counts == {"kiwi": 4, "lemon": 4}
    assert reasons(report) == {f"kiwi/{n}.png": "the same picture as kiwi/0.png" for n in "xy"}


def test_the_same_pixels_in_another_format_are_a_copy(fruit):
    scene(0).save(fruit / "kiwi" / "x.bmp")
    assert reasons(scan(fruit)) == {"kiwi/x.bmp": "the same picture as kiwi/0.png"}


def test_one_picture_in_two_classes_is_left_out_of_both(fruit):
    shutil.copy(fruit / "kiwi" / "0.png", fruit / "lemon" / "x.png")
    report = scan(fruit)
    assert report.counts == {"kiwi": 3, "lemon": 4}
    assert set(reasons(report)) == {"kiwi/0.png", "lemon/x.png"}
    assert "the same picture is in kiwi and lemon" in str(report)


def test_plain_pictures_of_one_colour(fruit):
    for name, colour in {"a": "red", "b": "red", "c": "blue", "d": (250, 2, 0)}.items():
        Image.new("RGB", (64, 64), colour).save(fruit / "kiwi" / f"{name}.png")
    report = scan(fruit)
    assert reasons(report) == {"kiwi/b.png": "the same picture as kiwi/a.png"}
    assert report.groups == []


def resaved(image, path):
    image.save(path, quality=30)


def shrunk(image, path):
    image.resize((image.width // 3, image.height // 3)).save(path)


def enlarged(image, path):
    image.resize((image.width * 3, image.height * 3)).save(path, quality=80)


def brighter(image, path):
    ImageEnhance.Brightness(ImageEnhance.Contrast(image).enhance(0.8)).enhance(1.1).save(path)


@pytest.mark.parametrize("change", [resaved, shrunk, enlarged, brighter])
def test_nearly_the_same_picture_stays_on_one_side(fruit, change):
    change(scene(0, (192, 144)), fruit / "kiwi" / "copy.jpg")
    scene(0, (192, 144)).save(fruit / "kiwi" / "0.png")
    report = scan(fruit)
    assert report.left_out == ()
    [group] = report.groups
    assert [p.file.name for p in group] == ["0.png", "copy.jpg"]
    assert "like kiwi/0.png: kiwi/copy.jpg" in str(report)
    for seed in range(20):
        for part in folders.split(report, (0.5, 0.5), seed=seed):
            names = {file.relative_to(report.folder).as_posix() for file in part.files}
            assert len(names & {"kiwi/0.png", "kiwi/copy.jpg"}) != 1


def test_a_chain_of_frames_is_one_group(tmp_path):
    """A film that pans: the first frame is not like the last, but each is like the next."""
    wide = scene(90, (900, 90))
    for i in range(60):
        (tmp_path / "film").mkdir(exist_ok=True)
        wide.crop((4 * i, 0, 4 * i + 300, 90)).save(tmp_path / "film" / f"{i:02}.png")
    [group] = scan(tmp_path).groups
    assert len(group) == 60
    ends = np.array(
        [np.asarray(wide.crop((x, 0, x + 300, 90)).resize((16, 16), 2)) for x in (0, 236)]
    )
    assert len(set(folders._group(ends, 0.98))) == 2


def test_one_grey_level_is_not_a_likeness():
    """Two plain pictures with the same faint shadow: noise, and no picture seen twice."""
    thumbnails = np.full((2, 16, 16, 3), 100, np.uint8)
    thumbnails[1] = 200
    thumbnails[:, 8:] += 1
    assert len(set(folders._group(thumbnails, 0.9))) == 2


@pytest.mark.parametrize("pairs", [1, 70_000, 4_000_000])
def test_groups_do_not_depend_on_the_blocks_they_are_found_in(pairs, monkeypatch):
    monkeypatch.setattr(folders, "PAIRS", pairs)
    rng = np.random.default_rng(0)
    thumbnails = rng.integers(0, 256, (700, 16, 16, 3), dtype=np.uint8)
    thumbnails[100:130] = 77  # plain: like each other, and not like themselves by correlation
    for i, j in [(3, 690), (690, 300), (255, 256), (10, 11)]:
        thumbnails[j] = np.clip(thumbnails[i].astype(int) + rng.integers(-3, 4), 0, 255)
    group = folders._group(thumbnails, 0.98)
    assert group[3] == group[690] == group[300] and group[255] == group[256]
    assert group[10] == group[11] and len(set(group)) == 696 - 29


def test_different_pictures_are_not_alike(fruit):
    report = scan(fruit)
    assert report.groups == [] and len({p.group for p in report.pictures}) == 8


def test_drawings_on_white_are_not_all_alike(tmp_path):
    """Thin strokes on much white: the hard case, for most pixels are the same."""
    for i in range(40):
        (tmp_path / str(i % 2)).mkdir(exist_ok=True)
        image = Image.new("L", (200, 200), "white")
        points = np.random.default_rng(i).integers(20, 180, (4, 2))
        ImageDraw.Draw(image).line([tuple(map(int, p)) for p in points], "black", 8)
        image.save(tmp_path / str(i % 2) / f"{i}.png")
    assert scan(tmp_path).groups == []


def test_handwritten_digits_are_not_all_alike():
    """Real ones, of 8 × 8 pixels: the same digit again is not the same picture."""
    from sklearn.datasets import load_digits

    pictures = (255 - load_digits().images * 255 / 16).astype(np.uint8)
    big = [Image.fromarray(p).resize((16, 16), Image.Resampling.BICUBIC) for p in pictures]
    group = folders._group(np.array([np.asarray(b.convert("RGB")) for b in big]), 0.98)
    together = np.bincount(group)
    assert together.max() < 60 and together[together > 1].sum() < 0.15 * len(pictures)


def test_red_and_green_of_one_shape_are_not_alike(tmp_path):
    for name, colour in {"stop": "red", "go": "green"}.items():
        (tmp_path / name).mkdir()
        image = Image.new("RGB", (64, 64), "white")
        image.paste(colour, (16, 16, 48, 48))
        image.save(tmp_path / name / "light.png")
    assert scan(tmp_path).groups == []


# The report


def test_imbalance_is_said_in_words(fruit):
    for i in range(9):
        scene(100 + i).save(fruit / "kiwi" / f"x{i}.png")
    text = str(scan(fruit))
    assert "3 times as many of kiwi as of lemon" in text
    assert "right for 76%" in text  # 13 of 17


def test_balanced_classes_are_not_called_uneven(fruit):
    for i in range(8):  # 12 against 4 is still fine
        scene(100 + i).save(fruit / "kiwi" / f"x{i}.png")
    assert "Uneven" not in str(scan(fruit))


def test_counts_and_sizes(fruit):
    scene(110, (300, 20)).save(fruit / "lemon" / "x.png")
    text = str(scan(fruit))
    assert text.startswith("fruit: 9 pictures in 2 classes")
    assert "        4  kiwi" in text and "        5  lemon" in text
    assert "Sizes: 96 to 300 pixels wide, 20 to 72 high." in text


def test_the_report_stays_short(fruit):
    for i in range(300):
        (fruit / "kiwi" / f"empty{i}.jpg").write_bytes(b"")
        (fruit / f"class {i:03}").mkdir()
        scene(200 + i).save(fruit / f"class {i:03}" / "x.png")
        shutil.copy(fruit / f"class {i:03}" / "x.png", fruit / f"class {i:03}" / "y.png")
    report = scan(fruit)
    assert len(report.left_out) == 600 and len(str(report).splitlines()) < 40
    assert "and 297 more" in str(report) and repr(report) == str(report)


def test_nothing_in_the_folder_is_changed(fruit):
    (fruit / "kiwi" / "x.jpg").write_bytes(b"text")

    def state():
        return {
            str(p): (p.stat().st_mtime_ns, p.is_file() and hashlib.sha256(p.read_bytes()).digest())
            for p in sorted(fruit.rglob("*"))
        }

    before = state()
    report = scan(fruit)
    load(folders.split(report)[0].files, 32)
    assert state() == before


def test_damaged_bytes_never_raise(tmp_path):
    """Pictures of every kind with a few bytes changed or a piece missing."""
    rng = np.random.default_rng(0)
    (tmp_path / "x").mkdir()
    for i in range(210):
        kind = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM")[i % 7]
        path = tmp_path / "x" / f"{i:03}.{kind.lower()}"
        scene(i, (40, 30)).save(path, kind)
        data = bytearray(path.read_bytes())
        for _ in range(1 + i // 50):
            place = rng.integers(min(len(data), 10 ** (1 + i % 3)))
            data[place] = rng.integers(256)
        path.write_bytes(data[: rng.integers(len(data)) if i % 5 == 0 else None])
    report = scan(tmp_path)
    files = [item.file for item in report.left_out if item.file.is_file()]
    assert len(files) + len(report.pictures) == 210
    assert len(files) > 40 and len(report.pictures) > 40


@pytest.mark.parametrize("alike", [0, -1, 98])
def test_alike_is_a_share(fruit, alike):
    with pytest.raises(ValueError, match="alike must be above 0 and at most 1"):
        scan(fruit, alike=alike)


# Splits


def report_of(counts, groups=None):
    """A report without files: one picture for each number in counts."""
    pictures = []
    for label, count in enumerate(counts):
        for i in range(count):
            group = len(pictures) if groups is None else groups[len(pictures)]
            pictures.append(folders.Picture(Path(f"{label}/{i}"), label, 9, 9, group, ()))
    names = tuple(f"class {i}" for i in range(len(counts)))
    return folders.Report(Path(), names, tuple(pictures), (), 0)


@pytest.mark.parametrize("fractions", [(0.75, 0.25), (0.6, 0.2, 0.2), (0.9, 0.1), (0.2, 0.8)])
@pytest.mark.parametrize("counts", [(100, 100), (97, 31, 10), (40, 1000)])
def test_every_class_is_cut_in_the_same_proportions(counts, fractions):
    report = report_of(counts)
    parts = folders.split(report, fractions, seed=1)
    for part, fraction in zip(parts, fractions, strict=True):
        got = np.bincount(part.labels, minlength=len(counts))
        assert np.abs(got - np.array(counts) * fraction).max() <= 1
    files = [file for part in parts for file in part.files]
    assert sorted(files) == sorted(p.file for p in report.pictures)  # each file once
    for part in parts:
        assert [int(file.parent.name) for file in part.files] == part.labels.tolist()


def test_a_seed_decides_the_split():
    report = report_of((50, 50))
    first, again, other = (folders.split(report, seed=seed)[1].files for seed in (1, 1, 2))
    assert first == again and first != other


def test_every_part_has_every_class_even_when_there_are_few():
    for part in folders.split(report_of((3, 3)), (0.9, 0.05, 0.05)):
        assert sorted(part.labels) == [0, 1]


def test_few_large_groups_still_reach_every_part():
    groups = [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, *range(10, 20)]
    train, test = folders.split(report_of((10, 10), groups), (0.95, 0.05))
    assert list(np.bincount(train.labels)) == [8, 9] and list(np.bincount(test.labels)) == [2, 1]


def test_a_large_group_does_not_upset_the_proportions():
    groups = [0, 0, 0, 0, 0, 0, *range(1, 15)]
    for seed in range(20):
        train, test = folders.split(report_of((10, 10), groups), (0.7, 0.3), seed=seed)
        assert list(np.bincount(train.labels)) == [7, 7]


def test_groups_stay_together_across_classes():
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 40, 200)
    report = report_of((100, 100), groups)
    sides = {}
    for side, part in enumerate(folders.split(report, (0.5, 0.5))):
        for file in part.files:
            sides[file] = side
    for group in range(40):
        assert len({sides[p.file] for p in report.pictures if p.group == group}) <= 1


@pytest.mark.parametrize("groups", [None, [0, 0, 0, *range(1, 11)]])
def test_a_class_that_cannot_be_split_is_named(groups):
    report = report_of((1 if groups is None else 3, 10), groups)
    with pytest.raises(
        ValueError, match="'class 0' cannot be in all 2 parts.* which leaves 1 to deal"
    ):
        folders.split(report)


@pytest.mark.parametrize("fractions", [(1.0,), (0.5, 0.6), (1.2, -0.2), (0.5, 0.5, 0), ()])
def test_fractions_that_make_no_sense(fractions):
    with pytest.raises(ValueError, match="fractions must be above 0 and 1 together"):
        folders.split(report_of((9, 9)), fractions)


# Loading


def test_order_shape_and_type(fruit):
    files = [fruit / "lemon" / "2.png", fruit / "kiwi" / "1.png", str(fruit / "lemon" / "0.png")]
    images = load(files, 72)
    assert images.shape == (3, 72, 72, 3) and images.dtype == np.uint8
    for image, seed in zip(images, (12, 1, 10), strict=True):
        assert (image == np.asarray(scene(seed))[:, 12:84]).all()


@pytest.mark.parametrize("size", [0, -3, 1.5])
def test_a_size_that_makes_no_sense(size):
    with pytest.raises(ValueError, match="size must be a whole number of at least 1"):
        load([], size)


def test_one_file_instead_of_a_list(fruit):
    with pytest.raises(TypeError, match="list of files"):
        load(str(fruit / "kiwi" / "0.png"), 32)


def test_a_file_that_vanished_after_the_scan(fruit):
    files = [p.file for p in scan(fruit).pictures]
    files[5].unlink()
    with pytest.raises(ValueError, match=r"1 file cannot be used, such as .*1\.png: cannot be op"):
        load(files, 32)


def test_more_than_the_memory_is_refused_before_it_is_taken(fruit):
    with pytest.raises(MemoryError, match="Load a part at a time"):
        load([fruit / "kiwi" / "0.png"] * 10_000, 40_000)


def test_stopping_stops(fruit, monkeypatch):
    """Ctrl-C does not wait for the thousands of files that are still to come."""
    done = []

    def one(i):
        done.append(i)
        if i == 5:
            raise KeyboardInterrupt
        threading.Event().wait(0.01)

    with pytest.raises(KeyboardInterrupt):
        folders._each(one, range(10_000), "Trying", False)
    assert len(done) < 1000


def test_stopping_while_the_bar_is_drawn_stops(monkeypatch):
    def stopped(items, *args, **options):
        yield next(iter(items))
        raise KeyboardInterrupt

    done = []
    monkeypatch.setattr("tqdm.auto.tqdm", stopped)
    with pytest.raises(KeyboardInterrupt):
        folders._each(lambda i: done.append(threading.Event().wait(0.01)), range(2000), "", True)
    assert len(done) < 200


def test_a_bar_shows_the_time_left_when_it_takes_long(monkeypatch, capfd):
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    folders._each(lambda i: threading.Event().wait(0.4), range(5), "Loading", True)
    shown = capfd.readouterr().err
    assert "Loading" in shown and "4/5" in shown and "<00:0" in shown
    folders._each(lambda i: i, range(5), "Loading", True)
    assert capfd.readouterr().err == ""  # nobody needs a bar for what is done at once


def test_warnings_of_pillow_do_not_reach_the_learner(fruit, recwarn, capfd):
    Image.new("L", (10_000, 9_000), 90).save(fruit / "kiwi" / "x.jpg")  # Pillow warns of a bomb
    report = scan(fruit)
    load([p.file for p in report.pictures], 32)
    assert found(report, "x.jpg").width == 10_000
    assert not list(recwarn) and capfd.readouterr() == ("", "")


def test_nothing_heavy_is_imported():
    code = "import tlhelpers.folders, sys; print(sorted({'PIL','scipy','tqdm'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "[]", result.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
def test_loading_takes_little_more_memory_than_its_result(tmp_path):
    for i in range(300):
        scene(i, (500, 333)).save(tmp_path / f"{i}.jpg")
    code = (
        "import re, sys; from pathlib import Path; from tlhelpers import folders\n"
        "status = Path('/proc/self/status')\n"
        "def peak(): return int(re.search(r'HWM:\\s+(\\d+)', status.read_text())[1])\n"
        "files = list(Path(sys.argv[1]).iterdir())\n"
        "folders.load(files[:8], 224, progress=False)  # loads Pillow and the like\n"
        "before = peak()\n"
        "images = folders.load(files, 224, progress=False)\n"
        "print((peak() - before) * 1024 / images.nbytes)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert 0.9 < float(result.stdout) < 1.5


@pytest.mark.slow
def test_twenty_thousand_pictures(tmp_path):
    """Time and memory stay bounded; a quarter are empty, and a quarter are copies."""
    for name in CLASSES:
        (tmp_path / name).mkdir()
    for i in range(0, 20_000, 4):
        folder = tmp_path / CLASSES[i % 8 // 4]
        scene(i, (64, 48)).save(folder / f"{i}.jpg")
        scene(i + 1, (48, 64)).save(folder / f"{i}.png", compress_level=1)
        shutil.copy(folder / f"{i}.jpg", folder / f"{i} copy.jpg")
        (folder / f"{i} empty.jpg").write_bytes(b"")
    code = (
        "import re, sys, time; from pathlib import Path; from tlhelpers import folders\n"
        "start = time.perf_counter()\n"
        "report = folders.scan(sys.argv[1], progress=False)\n"
        "images = folders.load(folders.split(report)[0].files, 32, progress=False)\n"
        "seconds = int(time.perf_counter() - start)\n"
        "status = Path('/proc/self/status').read_text() if sys.platform == 'linux' else 'HWM: 0'\n"
        "peak = int(re.search(r'HWM:\\s+(\\d+)', status)[1]) // 1024\n"
        "print(len(report.pictures), len(report.left_out), len(images), peak, seconds)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    pictures, left_out, loaded, megabytes, seconds = map(int, result.stdout.split())
    assert (pictures, left_out, loaded) == (10_000, 10_000, 7_500)
    assert megabytes < 500 and seconds < 120
