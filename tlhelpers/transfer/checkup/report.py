"""What a check-up found, and what it could not see, as an object that shows itself."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Finding(NamedTuple):
    """Something that looks like a mistake."""

    name: str  #: of the exhibit in notebook 11, such as ``"range"``
    seen: str  #: where, and with which number
    do: str  #: what to do about it


class NotSeen(NamedTuple):
    """A mistake that may be there or not."""

    name: str  #: as in `Finding`
    why: str  #: why it could not be looked for, or what to hand over


@dataclass(frozen=True, repr=False)
class Checkup:
    """What `tlhelpers.transfer.checkup.checkup` returns.  Print it: it is made to be read.

    Attributes
    ----------
    findings
        What looks like a mistake, one for each name.
    not_seen
        What could not be looked at.
    looked_at
        How many images of what were looked at, in words.
    """

    findings: tuple[Finding, ...]
    not_seen: tuple[NotSeen, ...]
    looked_at: str

    @property
    def names(self) -> set[str]:
        """The names of what was found."""
        return {finding.name for finding in self.findings}

    def __str__(self) -> str:
        lines = [self._title()]
        for name, seen, do in self.findings:
            lines += _wrapped(f"{name}: {seen}", "✘ ") + _wrapped(f"To do: {do}", "  ")
        if self.not_seen:
            lines.append("Not seen, and possible all the same:")
        for names, why in self._reasons():
            lines += _wrapped(f"{', '.join(names)}: {why}", "· ")
        return "\n".join([*lines, self.looked_at])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return the same as tables, in the colours of the page, for a notebook."""
        rows = [(name, seen, do) for name, seen, do in self.findings]
        parts = [f"<p><strong>{_escaped(self._title())}</strong></p>"]
        if rows:
            parts.append(_table("What was found", ("Mistake", "Seen", "To do"), rows))
        unseen = [(", ".join(names), why) for names, why in self._reasons()]
        if unseen:
            title = f"Not seen, and possible all the same ({len(self.not_seen)})"
            table = _table("What could not be looked at", ("Mistake", "Why, or what helps"), unseen)
            parts.append(f"<details><summary>{title}</summary>{table}</details>")
        parts.append(f"<p>{_escaped(self.looked_at)}</p>")
        return f'<div style="color: var(--jp-content-font-color1, inherit)">{"".join(parts)}</div>'

    def _title(self) -> str:
        if not self.findings:
            return "Nothing found that looks like a mistake. That is no proof that there is none."
        found = "1 thing looks" if len(self.findings) == 1 else f"{len(self.findings)} things look"
        return f"{found} like a mistake."

    def _reasons(self) -> list[tuple[list[str], str]]:
        """Return each reason once, with the names that it holds for."""
        found: dict[str, list[str]] = {}
        for name, why in self.not_seen:
            found.setdefault(why, []).append(name)
        return [(names, why) for why, names in found.items()]


def _wrapped(text: str, start: str) -> list[str]:
    return textwrap.wrap(text, 96, initial_indent=start, subsequent_indent="    ")


def _escaped(text: str) -> str:
    return html.escape(text)


def _table(caption: str, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table whose first cell in each row names the row, also for those who hear it."""
    left = 'style="text-align: left; white-space: normal; vertical-align: top"'
    heads = "".join(f'<th scope="col" {left}>{_escaped(text)}</th>' for text in head)
    body = ""
    for first, *others in rows:
        cells = "".join(f"<td {left}>{_escaped(text)}</td>" for text in others)
        body += f'<tr><th scope="row" {left}>{_escaped(first)}</th>{cells}</tr>'
    return (
        f"<table><caption {left}>{_escaped(caption)}</caption>"
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
    )
