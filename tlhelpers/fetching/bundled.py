"""The weights that the course brings: where they lie, what their card says, are they whole?"""

from __future__ import annotations

import json
from pathlib import Path

from tlhelpers.fetching import checksums
from tlhelpers.fetching.places import PACKAGE

_RESTORE = (
    "To restore it, run 'git checkout -- data' in the course folder, "
    "or train the network again with '{}'."
)


def bundled_folder() -> Path:
    """Return the folder of the weights that the course brings, in a checkout or installed.

    Examples
    --------
    >>> (bundled_folder() / "digits_backbone.json").is_file()
    True
    """
    checkout = PACKAGE.parent / "data"  # beside an installed package, this may be anybody's
    known = (checkout / "digits_backbone.json").is_file()
    return checkout if known else PACKAGE / "_data"


def read_card(path: Path, command: str) -> dict:
    """Return what a card says of a network.

    Parameters
    ----------
    path
        The card, a JSON file.
    command
        What makes network and card again.

    Raises
    ------
    FileNotFoundError
        If the card is missing or damaged, with what restores it.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FileNotFoundError(
            f"{path} is missing or cannot be read ({error}). {_RESTORE.format(command)}"
        ) from error


def check_weights(path: Path, card: Path, command: str) -> Path:
    """Check that weights are complete, and return their path.

    Parameters
    ----------
    path
        The weights.
    card, command
        As for `read_card`.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    ValueError
        If the checksum is not the one on the card (damaged or exchanged).
    """
    restore = _RESTORE.format(command)
    if not path.is_file():
        raise FileNotFoundError(f"The weights file {path} is missing. {restore}")
    wanted, found = read_card(card, command)["sha256"], checksums.checksum_of(path)
    if wanted != found:
        raise ValueError(
            f"The weights file {path} is damaged or not the one of this course.\n"
            f"  SHA-256 wanted: {wanted}\n  SHA-256 found:  {found}\n{restore}"
        )
    return path
