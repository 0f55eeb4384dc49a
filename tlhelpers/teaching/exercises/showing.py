"""Show a few lines of Markdown, in a notebook or anywhere else."""

from __future__ import annotations

from tlhelpers.teaching.publishing import publish

#: The kind of output that says which exercise was judged and how, for programs.
CHECK_TYPE = "application/vnd.tlhelpers.check+json"


def show_markdown(markdown: str, **facts: str) -> None:
    """Show Markdown as one output, and as plain text where there is no Markdown.

    Parameters
    ----------
    markdown
        A few lines.  No colours: they are readable in light and dark themes.
    facts
        What a program may want to know about it, such as ``id`` and ``status``.

    Examples
    --------
    >>> show_markdown("**Right.** Well read.")
    Right. Well read.
    """
    data: dict[str, object] = {"text/plain": plain_text(markdown), "text/markdown": markdown}
    if facts:
        data[CHECK_TYPE] = facts
    publish(data)


def plain_text(markdown: str) -> str:
    """Return Markdown without its marks for bold type and for blocks of code.

    Examples
    --------
    >>> plain_text("**A** `b`")
    'A `b`'
    """
    lines = [line for line in markdown.replace("**", "").splitlines() if line[:3] != "```"]
    return "\n".join(lines)
