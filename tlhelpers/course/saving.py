"""What JupyterLab leaves out of a notebook when it saves it: widgets that would come back dead."""

from __future__ import annotations

import re
from typing import Any

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
_PROGRESS_BAR = re.compile(r"\d+%\||\d+it \[")  # as tqdm writes one


def before_saving(model: dict[str, Any], **_: object) -> None:
    """Keep of each widget the text or picture that stands in for it; JupyterLab calls this.

    A widget lives in the kernel.  In a notebook that is opened again without a
    run, JupyterLab would show "model not found" in its place.  The open notebook
    keeps its widgets: only the file does without.

    Parameters
    ----------
    model
        What is to be saved, as Jupyter's contents API has it.  Changed in place.
    """
    content = model.get("content")
    cells = content.get("cells") if isinstance(content, dict) else None
    for cell in cells if isinstance(cells, list) else ():
        if "outputs" in cell:
            cell["outputs"] = [output for output in cell["outputs"] if _stays(output)]


def _stays(output: dict[str, Any]) -> bool:
    """Take the widget out of an output, and say whether anything is left."""
    data = output.get("data", {})
    if data.pop(WIDGET_VIEW, None) is None:
        return True
    text = data.get("text/plain", "")
    is_bar = _PROGRESS_BAR.search(text if isinstance(text, str) else "".join(text))
    return bool(data) and not is_bar
