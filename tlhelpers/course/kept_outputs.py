"""How much of its output the runner keeps for each cell: a loop may print without end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # both take a while to import, so functions import what they need
    from nbclient import NotebookClient
    from nbformat import NotebookNode

MOST_KEPT = 10_000_000  # characters for each cell
OVERHEAD = 1000  # what an output takes, however little is in it
OURS = "application/vnd.tlhelpers."  # claims and photo sections: few, small, and always kept


def new_client(nb: NotebookNode, **settings: Any) -> NotebookClient:
    """Return a client that keeps at most `MOST_KEPT` of each cell's output.

    Parameters
    ----------
    nb
        The notebook.
    settings
        As for ``nbclient.NotebookClient``.
    """
    from nbclient import NotebookClient

    class Client(NotebookClient):
        kept, cell = 0, -1

        def output(self, outs, msg, display_id, cell_index):  # type: ignore[no-untyped-def]
            """Handle output, as the class above does, or drop it."""
            if cell_index != self.cell or not outs or self.clear_before_next_output:
                self.kept, self.cell = 0, cell_index
            content = msg["content"]
            if msg["msg_type"] == "error" or any(k.startswith(OURS) for k in _data(content)):
                return super().output(outs, msg, display_id, cell_index)
            room = MOST_KEPT - self.kept
            self.kept += OVERHEAD + _size(content)
            if room < 0:
                return None  # it was said already
            if self.kept > MOST_KEPT:
                said = (
                    f"\n[This cell has more output; the first {MOST_KEPT:,} characters are kept.]\n"
                )
                text = content.get("text", "")[:room] + said
                content = {"name": content.get("name", "stderr"), "text": text}
                msg = msg | {"msg_type": "stream", "content": content}
                msg["header"] = msg["header"] | {"msg_type": "stream"}
            return super().output(outs, msg, display_id, cell_index)

    return Client(nb, **settings)


def _data(content: dict) -> dict:
    return content.get("data") or {}


def _size(content: dict) -> int:
    return len(content.get("text", "")) + sum(len(str(part)) for part in _data(content).values())
