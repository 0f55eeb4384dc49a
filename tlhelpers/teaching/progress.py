"""Remember what is solved, in a small file in the learner's own folder.

The file stays on this computer; nothing is ever sent anywhere.  Trouble with
it costs a note, and never the answer to an exercise.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TypeVar

from tlhelpers.fetching.places import NoFolder, learner_folder
from tlhelpers.fetching.whole_files import lock_if_possible, write_whole

PATIENCE = 5.0  # seconds to wait for another notebook that is writing

T = TypeVar("T")


def progress_path() -> Path:
    """Return where the file is; it need not exist."""
    return learner_folder() / "progress.json"


def read_solved() -> tuple[dict[str, str], str]:
    """Return what is solved, and a note for the learner if there is trouble.

    Returns
    -------
    solved
        Id of the exercise or quiz → the day, such as ``"2026-01-31"``.
    note
        A sentence, or nothing.
    """
    # With the lock, because a damaged file is set aside.
    data, note = _locked(_read, only_if_there=True)
    return (data or {}).get("solved", {}), note


def remember_solved(item_id: str) -> str:
    """Remember that an exercise or a quiz is solved, and return a note if that failed.

    What another notebook wrote in the meantime is kept.

    Parameters
    ----------
    item_id
        Such as ``"0.3"``.
    """

    def add() -> tuple[dict, str]:
        data, note = _read()
        if item_id not in data["solved"]:
            data["solved"][item_id] = date.today().isoformat()
            _write(data)
        return data, note

    return _locked(add)[1]


def forget_solved(prefix: str = "") -> tuple[list[str], str]:
    """Forget what is solved.

    Parameters
    ----------
    prefix
        Only what begins like this: ``"2."`` is all of notebook 02.

    Returns
    -------
    forgotten
        The ids that were solved before.
    note
        A sentence, or nothing.
    """

    def remove() -> tuple[list[str], str]:
        data, note = _read()
        gone = [item_id for item_id in data["solved"] if item_id.startswith(prefix)]
        for item_id in gone:
            del data["solved"][item_id]
        if gone:
            _write(data)
        return gone, note

    gone, note = _locked(remove, only_if_there=True)
    return gone or [], note


def _locked(
    work: Callable[[], tuple[T, str]], *, only_if_there: bool = False
) -> tuple[T | None, str]:
    """Do some work while no other notebook is at the file; trouble becomes a note."""
    import filelock

    try:
        path = progress_path()
        # Looking leaves nothing behind.  (exists() hides no folder that may not be entered.)
        if only_if_there and not path.exists():
            return None, ""
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(path.with_name(".progress.lock"))
        lock_if_possible(lock, PATIENCE)
        try:
            return work()
        finally:
            lock.release()
    except NoFolder as problem:
        return None, f"(Your progress cannot be kept: {problem}.)"
    except filelock.Timeout:
        return None, f"(Your progress cannot be kept in {path}: another notebook is at it.)"
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        return None, (
            f"(Your progress cannot be kept in {path}: {reason}. "
            "To keep it, set TLHELPERS_DATA to a folder of yours.)"
        )


def _read() -> tuple[dict, str]:
    """Return the content of the file; a damaged one is set aside, and a new one is begun."""
    try:
        data = json.loads(progress_path().read_text(encoding="utf-8"))
        entries = data["solved"].items()  # other keys, of a later version, are kept
        if all(isinstance(key, str) and isinstance(value, str) for key, value in entries):
            return data, ""
    except FileNotFoundError:
        return {"solved": {}}, ""
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    number = 1
    while (aside := progress_path().with_name(f"progress.damaged-{number}.json")).exists():
        number += 1
    os.replace(progress_path(), aside)
    note = f"(Your progress file was damaged. It is kept as {aside}, and a new one was begun.)"
    return {"solved": {}}, note


def _write(data: dict) -> None:
    text = json.dumps(data, indent=1, sort_keys=True) + "\n"
    write_whole(progress_path(), lambda file: file.write_text(text, encoding="utf-8", newline="\n"))
