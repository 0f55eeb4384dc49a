"""``tl.widgets.draw_pictures()``: draw with the mouse, and keep the drawings as files."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tlhelpers import plots
from tlhelpers.data.names import as_path
from tlhelpers.data.wording import printable_name
from tlhelpers.fetching.places import learner_folder
from tlhelpers.inputs import read_text
from tlhelpers.teaching.widgets.class_shelves import saved_files, shelves
from tlhelpers.teaching.widgets.drawing import Strokes, to_sheet
from tlhelpers.teaching.widgets.sheet import (
    COLUMN,
    WRAPPING,
    Sheet,
    button,
    first_drawing,
    is_another,
)
from tlhelpers.teaching.widgets.showing import ShownPicture, Turns, Words, live
from tlhelpers.teaching.widgets.uploads import safe_name

if TYPE_CHECKING:  # for readers and type checkers only: they take a while to import
    import ipywidgets
    from matplotlib.figure import Figure


def drawings_folder() -> Path:
    """Return where drawings are kept, one folder for each class."""
    return learner_folder() / "drawings"


def save_drawing(strokes: Strokes, class_name: str, folder: str | Path | None = None) -> Path:
    """Save a drawing as a PNG file in the folder of its class; nothing is overwritten.

    Parameters
    ----------
    strokes
        As for `to_sheet`.
    class_name
        What it shows, such as ``"3"``.
    folder
        Where the class folders are; by default `drawings_folder`.

    Returns
    -------
    pathlib.Path
        The new file: 96 × 96 pixels, black on white.

    Raises
    ------
    ValueError
        If nothing is drawn (`BadDrawing`), or no class is named.
    OSError
        If the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_drawing([[(0.5, 0.1), (0.5, 0.9)]], "1", folder).name
    '1.png'
    """
    from PIL import Image

    sheet = to_sheet(strokes)
    if not read_text(class_name, "class_name").strip():
        raise ValueError("Say first what it is: the name of its class.")
    root = as_path(folder) if folder is not None else drawings_folder()
    place = root / safe_name(class_name.strip(), otherwise="class")
    place.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        file = place / f"{number}.png"
        try:
            file.open("xb").close()  # the name is ours now, also if another notebook wants it
            break
        except FileExistsError:
            number += 1
    try:
        Image.fromarray(sheet).save(file)
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    return file


def count_drawings(folder: str | Path) -> dict[str, int]:
    """Count the drawings in each class folder.

    Examples
    --------
    >>> count_drawings("no such folder")
    {}
    """
    counts = {
        name: sum(file.suffix == ".png" for file in files)
        for name, files in saved_files(as_path(folder)).items()
    }
    return {name: count for name, count in counts.items() if count}


def _figure(strokes: Strokes) -> Figure:
    from matplotlib.figure import Figure

    with plots.style():
        figure = Figure(figsize=(1.6, 1.9))
        axis = figure.add_axes((0.05, 0.02, 0.9, 0.8))
        if strokes:
            axis.imshow(to_sheet(strokes), cmap="gray", vmin=0, vmax=255)
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
        axis.set_title("what is saved", fontsize=10)
        axis.grid(False)
    return figure


def draw_pictures(folder: str | Path | None = None) -> ipywidgets.VBox:
    """Show a sheet to draw on, and save each drawing into the folder of its class.

    Then go on with ``tl.Lab.from_folder(box.folder, "digits")``, if ``box`` is
    what this returned.  Without a mouse, arrow keys draw.

    Parameters
    ----------
    folder
        Where the class folders are; by default the learner's own
        (`drawings_folder`).  It stays when the notebook is closed.

    Returns
    -------
    ipywidgets.VBox
        Its ``folder`` is where the drawings go, its ``pad`` the sheet.  Where
        widgets do not run, a recorded drawing stands in.
    """
    import ipywidgets

    root = as_path(folder) if folder is not None else drawings_folder()
    picture, stand_in, words = ShownPicture(), ShownPicture(), Words()
    turns = Turns(words)
    sheet = Sheet(turns)
    pad = sheet.pad
    name = ipywidgets.Combobox(
        description="This is a",
        placeholder="such as 3",
        continuous_update=False,  # else a click overtakes the last letters: "k" for "kiwi"
        tooltip="What the drawing shows: the name of its class",
        layout={"width": "14em"},
        style={"description_width": "5em"},
    )
    save = button("Save", "Save the drawing into the folder of this class", main=True)
    undo = button("Undo the last", "Delete the drawing that was saved last, and show it again")
    shelf = ipywidgets.HTML()
    saved: list[tuple[Path, bytes, list]] = []  # here, since the fields are shown

    def look() -> None:
        alt = "A sheet with a drawing, black on white, as it will be saved."
        alt = alt if pad.strokes else "An empty sheet: nothing is drawn on it yet."
        picture.show(_figure(pad.strokes), alt)

    def show_saved() -> None:
        shelf.value = shelves(root)
        name.options = tuple(count_drawings(root))

    @turns.take
    def drawn(change: Mapping) -> None:
        if is_another(change):  # what it shows has not been said
            name.value = ""
        look()

    @turns.take
    def on_save(_: object) -> None:
        to_sheet(pad.strokes)  # or say why this cannot be saved
        if not name.value.strip():
            words.say("What does it show? Write it at This is a, then save it.")
            return
        try:
            file = save_drawing(pad.strokes, name.value, root)
        except OSError as error:
            words.say(f"Not saved: {error.strerror or error} ({root}).")
            return
        saved.append((file, file.read_bytes(), pad.strokes))
        counts = ", ".join(
            f"{count} of {printable_name(what)}" for what, count in count_drawings(root).items()
        )
        sheet.empty()  # and with it what it shows
        show_saved()
        words.say(f"Saved as {printable_name(file.parent.name)}/{file.name}. So far: {counts}.")

    @turns.take
    def on_undo(_: object) -> None:
        if not saved:
            words.say("There is nothing to undo: since this cell ran, nothing was saved here.")
            return
        file, content, strokes = saved[-1]
        try:
            if file.exists() and file.read_bytes() != content:
                saved.pop()
                words.say(f"Not deleted: {file} is another drawing now.")
                return
            file.unlink(missing_ok=True)
        except OSError as error:
            words.say(f"Not deleted: {error.strerror or error} ({file}).")
            return
        saved.pop()
        with contextlib.suppress(OSError):  # it stays if there is something in it
            file.parent.rmdir()
        shown = "" if pad.strokes else " The drawing is on the sheet again."
        pad.strokes = pad.strokes or strokes
        show_saved()
        words.say(f"{printable_name(file.parent.name)}/{file.name} is deleted.{shown}")

    pad.observe(drawn, "strokes")
    save.on_click(on_save)
    undo.on_click(on_undo)
    words.say("Draw, say what it is, press Save.")
    look()
    show_saved()
    stand_in.show(
        _figure(first_drawing()),
        "A sheet with a drawing of a 3, black on white, as it will be saved.",
    )
    rows = [[sheet.clear, sheet.another], [name, save], [undo]]
    side = ipywidgets.VBox([ipywidgets.HBox(row, layout=WRAPPING) for row in rows], layout=COLUMN)
    upper = ipywidgets.HBox([pad, side, picture.widget], layout=WRAPPING)
    return live(
        [sheet.how, upper, words.widget, shelf],
        picture,
        stand_in,
        words=words,
        folder=root,
        pad=pad,
        name=name,
        shelf=shelf,
        buttons={each.description: each for each in (sheet.clear, sheet.another, save, undo)},
    )
