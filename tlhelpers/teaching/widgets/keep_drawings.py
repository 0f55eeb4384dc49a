"""``tl.widgets.draw_pictures()``: draw with the mouse, and keep the drawings as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tlhelpers import plots
from tlhelpers.data import folders
from tlhelpers.data.names import as_path
from tlhelpers.data.wording import printable_name
from tlhelpers.fetching.places import learner_folder
from tlhelpers.inputs import read_text
from tlhelpers.teaching.widgets.drawing import to_sheet
from tlhelpers.teaching.widgets.sheet import Sheet, button
from tlhelpers.teaching.widgets.showing import ShownPicture, Turns, Words, live
from tlhelpers.teaching.widgets.uploads import safe_name

if TYPE_CHECKING:  # for readers and type checkers only: they take a while to import
    import ipywidgets
    from matplotlib.figure import Figure

Strokes = Sequence[Sequence[Sequence[float]]]


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
        If nothing is drawn, or no class is named.
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
    root = as_path(folder)
    inside = sorted(root.iterdir()) if root.is_dir() else []
    counts = {
        place.name: sum(file.suffix == ".png" for file in place.iterdir())
        for place in inside
        if place.is_dir() and not folders.is_hidden_name(place.name)
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
    picture, words = ShownPicture(), Words()
    turns = Turns(words)
    sheet = Sheet(turns)
    name = ipywidgets.Text(
        value=str(sheet.digit),
        description="This is a",
        placeholder="such as 3",
        tooltip="What the drawing shows: the name of its class",
        layout={"width": "12em"},
        style={"description_width": "5em"},
    )
    save = button("Save", "Save the drawing into the folder of this class")

    def look() -> None:
        strokes = sheet.pad.strokes
        alt = f"A sheet with a drawing of a {name.value}, black on white, as it will be saved."
        alt = alt if strokes else "An empty sheet: nothing is drawn on it yet."
        picture.show(_figure(strokes), alt)

    @turns.take
    def drawn(_: object) -> None:
        if sheet.digit is not None:
            name.value = str(sheet.digit)
        look()

    @turns.take
    def on_save(_: object) -> None:
        file = save_drawing(sheet.pad.strokes, name.value, root)
        counts = ", ".join(
            f"{count} of {printable_name(what)}" for what, count in count_drawings(root).items()
        )
        sheet.pad.strokes = []
        words.say(f"Saved as {printable_name(file.parent.name)}/{file.name}. So far: {counts}.")

    sheet.pad.observe(drawn, "strokes")
    save.on_click(on_save)
    words.say("Draw, say what it is, press Save.")
    look()
    side = ipywidgets.VBox(
        [ipywidgets.HBox([name, save]), ipywidgets.HBox([sheet.clear, sheet.another])]
    )
    upper = ipywidgets.HBox([sheet.pad, side, picture.widget], layout={"flex_flow": "row wrap"})
    return live(
        [upper, words.widget, sheet.how],
        picture,
        words=words,
        folder=root,
        pad=sheet.pad,
        name=name,
        buttons={each.description: each for each in (save, sheet.clear, sheet.another)},
    )
