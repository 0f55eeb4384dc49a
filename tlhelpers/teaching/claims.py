"""Sentences that state a result and fail when the result is not there."""

from __future__ import annotations

import html
import os

from tlhelpers.teaching.publishing import publish

#: The kind of output that carries a claim, so that programs can count claims.
CLAIM_TYPE = "application/vnd.tlhelpers.claim+json"

#: With this set in the environment, a claim that is false is noted and not raised:
#: ``tlhelpers verify`` wants to see them all.
GO_ON = "TLHELPERS_CLAIMS_GO_ON"


def claim(condition: bool, sentence: str) -> None:
    """Print a sentence with its numbers, or fail if it is not true.

    The course uses this for every result that its text speaks about.  A claim
    that no longer holds stops the notebook, so no sentence can be out of date.

    Parameters
    ----------
    condition
        What must be true.
    sentence
        The sentence, with its numbers already filled in.

    Raises
    ------
    AssertionError
        If the condition is false (under ``tlhelpers verify`` it is only noted).

    Examples
    --------
    >>> claim(2 > 1, "Two is more than one.")
    ✔ Two is more than one.
    """
    try:
        holds = bool(condition)
    except Exception as problem:  # an array of several, a symbol
        raise TypeError(f"A claim is true or false as a whole: {problem}") from None
    if not holds and not os.environ.get(GO_ON):
        raise AssertionError(f"This claim does not hold in this run: {sentence}")
    text = f"\N{HEAVY CHECK MARK} {sentence}" if holds else f"\N{BALLOT X} {sentence}"
    data = {"sentence": sentence} if holds else {"sentence": sentence, "false": True}
    # As HTML, because JupyterLab breaks the lines of plain text within words.
    publish({"text/plain": text, "text/html": f"<p>{html.escape(text)}</p>", CLAIM_TYPE: data})
