"""``tl.widgets.upload()``: choose pictures in the browser, and save them class by class."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tlhelpers.data.names import as_path
from tlhelpers.data.wording import counted, printable_name
from tlhelpers.fetching.archives import is_archive
from tlhelpers.teaching.widgets.class_shelves import saved_files, shelves
from tlhelpers.teaching.widgets.sheet import WRAPPING, button
from tlhelpers.teaching.widgets.showing import ShownPicture, Turns, Words, live, small_print
from tlhelpers.teaching.widgets.thumbnails import MOST, Thumbnail, of_file, row
from tlhelpers.teaching.widgets.uploads import save_files, uploads_folder

if TYPE_CHECKING:  # for readers and type checkers only
    import ipywidgets

    from tlhelpers.teaching.widgets.file_picker import ChosenFile

HOW = (
    "Say what is to be seen, choose pictures of it, press Save; then the next class. An archive "
    "(ZIP, tar) with one folder for each class needs no class. By keyboard: Tab goes on, the space "
    "bar presses a button."
)


def upload(folder: str | Path | None = None) -> ipywidgets.VBox:
    """Show fields to upload pictures with, class by class.

    Say what is to be seen, choose files (pictures, or a ZIP archive with one
    folder for each class), and press *Save*.  Files come in parts, so that
    they may be large.  Then go on with ``tl.Lab.from_folder(box.folder)``, if
    ``box`` is what this returned.  Without a mouse: Tab goes on, and the space
    bar presses a button.

    Parameters
    ----------
    folder
        Where the class folders are; by default the learner's own
        (`uploads_folder`).  It stays when the notebook is closed.

    Returns
    -------
    ipywidgets.VBox
        Its ``folder`` is where the pictures go; its ``class_name`` and
        ``picker`` are the field for the class and the one for files.

    Examples
    --------
    >>> box = upload("my pictures")
    >>> box.class_name.description, list(box.buttons), box.folder.name
    ('Class', ['Save', 'Remove chosen'], 'my pictures')
    """
    import ipywidgets

    from tlhelpers.teaching.widgets.file_picker import FilePicker

    root = as_path(folder) if folder is not None else uploads_folder()
    words = Words()
    turns = Turns(words)
    class_name = ipywidgets.Combobox(
        description="Class",
        placeholder="what is to be seen, such as kiwi",
        continuous_update=False,  # else a click overtakes the last letters: "k" for "kiwi"
        tooltip="The class of the pictures: what is to be seen in them",
        layout={"width": "24em", "max_width": "100%"},
        style={"description_width": "5em"},
    )
    picker = FilePicker(
        tooltip="Choose pictures, or an archive with one folder for each class",
        accept="image/*,.zip,.tar,.tgz,.gz",
    )
    save = button("Save", "Save the chosen files under this class", main=True)
    remove = button("Remove chosen", "Forget the chosen files; what is saved stays")
    chosen, shelf = ipywidgets.HTML(), ipywidgets.HTML()

    def show() -> None:
        chosen.value = chosen_row(picker.files)
        shelf.value = shelves(root)
        try:
            class_name.options = tuple(saved_files(root))
        except OSError:
            class_name.options = ()

    @turns.take
    def on_chosen() -> None:
        show()
        next_step = "Say what is to be seen, then press Save." if picker.files else ""
        words.say("\n".join([*picker.refused, f"{_chosen(picker.files)} {next_step}".strip()]))

    @turns.take
    def on_save(_: object) -> None:
        label, files = class_name.value.strip(), picker.files
        if not files:
            words.say("No files are chosen yet.")
            return
        if not label and not all(_is_archive(file) for file in files):
            words.say(
                "What is to be seen in them? Write it at Class, then press Save again. "
                f"{_stay(files)}"
            )
            return
        words.say("Saving...")
        try:
            value = [{"name": file.name, "content": file.path} for file in files]
            lines, _, again = save_files(value, label, root)
        except OSError as error:
            words.say(f"Not saved: {error.strerror or error} ({root}). {_stay(files)}")
            return
        picker.keep([files[number] for number in again])
        if picker.files:
            lines = [*lines, f"{_stay(picker.files)} Save tries again."]
        else:
            class_name.value = ""  # the next files may show something else
        show()
        words.say("\n".join(lines))

    @turns.take
    def on_remove(_: object) -> None:
        picker.keep()
        show()
        words.say("No files are chosen now.")

    picker.on_chosen = on_chosen
    save.on_click(on_save)
    remove.on_click(on_remove)
    show()
    stand_in = ShownPicture()
    stand_in.alt = "Fields to upload pictures with: run this cell to see them."
    return live(
        [
            small_print(HOW),
            ipywidgets.HBox([class_name, picker], layout=WRAPPING),
            chosen,
            ipywidgets.HBox([save, remove], layout=WRAPPING),
            words.widget,
            shelf,
        ],
        stand_in,
        words=words,
        folder=root,
        class_name=class_name,
        picker=picker,
        chosen=chosen,
        shelf=shelf,
        buttons={each.description: each for each in (save, remove)},
    )


def chosen_row(files: list[ChosenFile]) -> str:
    """Return the files that wait to be saved as a row of small pictures; nothing if none."""
    if not files:
        return ""
    small = [
        Thumbnail(
            of_file(file.path),
            printable_name(file.name),
            "archive" if _is_archive(file) else "no picture",
        )
        for file in files[:MOST]
    ]
    return row(small, _chosen(files), len(files) - len(small))


def _chosen(files: list[ChosenFile]) -> str:
    size = sum(file.path.stat().st_size for file in files) / 1e6
    large = f"{size:,.1f} MB" if size >= 0.1 else "under 0.1 MB"
    return f"Chosen and not saved yet: {counted(len(files), 'file')}, {large}."


def _stay(files: list[ChosenFile]) -> str:
    return "The file stays chosen." if len(files) == 1 else f"All {len(files):,} files stay chosen."


def _is_archive(file: ChosenFile) -> bool:
    with file.path.open("rb") as opened:
        return is_archive(opened.read(512))
