"""What the kernels of a run print through: pieces that no reader has to take as a whole."""

from __future__ import annotations

from ipykernel.iostream import OutStream

MOST_PRINTED = 11_000_000  # characters at once: more than the runner keeps of a cell


class PiecewiseStream(OutStream):
    """A standard stream of a kernel; what is too long for one message is cut."""

    waiting = 0

    def write(self, string: str) -> int:
        """Write a text, or its beginning."""
        if self.waiting + len(string) <= MOST_PRINTED:
            self.waiting += len(string)
            super().write(string)
        else:
            self.flush()
            self.waiting = min(len(string), MOST_PRINTED)
            super().write(string[:MOST_PRINTED])
        return len(string)
