"""Load what a section on photographs needs, or say in a line what is missing."""

from __future__ import annotations

from tlhelpers.fetching import fetch
from tlhelpers.inputs import read_choice
from tlhelpers.labs import imagenet
from tlhelpers.labs.lab import Lab
from tlhelpers.labs.load import load_lab
from tlhelpers.networks import table
from tlhelpers.teaching.publishing import publish

#: The kind of output in which a photo section says {"status": "run"} or "skipped".
PHOTOS_TYPE = "application/vnd.tlhelpers.photos+json"


def load_photos(
    architecture: str = "EfficientNetLite0",
    *,
    lab: str = "flowers",
    download: bool = False,
    announce: bool = True,
) -> Lab | None:
    """Load a lab of photographs if it can be had; otherwise say in one line what is missing.

    Made for sections of notebooks that are skipped where there are no
    photographs: ``photos = load_photos()`` and then ``if photos: ...``.

    Parameters
    ----------
    architecture, download
        As for `load_lab`.
    lab
        Which photographs: ``"flowers"`` or ``"solar"``.
    announce
        Print what was loaded, too.

    Returns
    -------
    Lab or None
        None if something is not here.
    """
    try:
        loaded = load_lab(
            read_choice(lab, "lab of photographs", ("flowers", "solar")),
            architecture=architecture,
            download=download,
        )
    except fetch.FileNotHere as missing:
        say_photos("skipped", f"This section on photographs is left out: {missing}")
        return None
    text = (
        f"{len(loaded.train.labels)} photographs to learn from, {len(loaded.test.labels)} to test "
        f"on; weights: {loaded.weights}."
    )
    say_photos("run", text if announce else "")
    return loaded


def load_imagenet(*names: str) -> dict[str, imagenet.Pretrained]:
    """Load those of these networks whose weights are here, and say which are not.

    Made for sections of notebooks, too: ``networks = load_imagenet("MobileNetV2",
    "ResNet50")`` and then ``if networks: ...``.  At most 20 MB are downloaded;
    a further network, once one is here, comes from this computer or a mirror.

    Parameters
    ----------
    names
        Names in `table.ARCHITECTURES`.

    Returns
    -------
    dict
        Name → `Pretrained`, in the order asked for; empty if none is here.

    Raises
    ------
    ValueError
        If a name is unknown, or none is given.
    """
    if not names:
        raise ValueError('Give the name of a network, such as load_imagenet("MobileNetV2").')
    for name in names:
        table.find_architecture(name)  # a misspelt name is noticed before the long work
    found: dict[str, imagenet.Pretrained] = {}
    lines = []
    for name in names:
        try:
            if not imagenet.may_be_here(name, internet=not found):
                raise fetch.FileNotHere
            found[name] = imagenet.load_pretrained(name)
            lines.append(f"{found[name].weights}: ready, {found[name].size} x {found[name].size}.")
        except fetch.FileNotHere:
            what, command = imagenet.missing_part(name)
            lines.append(f"{what} is not on this computer. To get it: {command}")
    if not found:
        lines = [f"This section on photographs is left out: {lines[0]}"]
    say_photos("run" if found else "skipped", "\n".join(lines))
    return found


def say_photos(status: str, text: str) -> None:
    """Print a text, and tell programs that read the notebook whether its photo section ran.

    Parameters
    ----------
    status
        ``"run"`` or ``"skipped"``.
    text
        What the learner reads; may be empty.

    Examples
    --------
    >>> say_photos("skipped", "There are no photographs here.")
    There are no photographs here.
    """
    publish({"text/plain": text, PHOTOS_TYPE: {"status": status}})
