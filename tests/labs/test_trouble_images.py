"""The table of troubles quotes what is really said."""

import ast
import re


def texts(folder):
    """All text in the code of a folder; f-strings with a gap for each value."""
    for file in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.JoinedStr):
                yield "§".join(str(getattr(part, "value", "")) for part in node.values)


def test_each_quoted_message_is_one_of_ours(root):
    said = "\n".join(texts(root / "tlhelpers"))
    table = (root / "docs" / "trouble_images.md").read_text(encoding="utf-8")
    rows = [line.split("|")[2] for line in table.splitlines() if line.startswith("| ")]
    quotes = [q for row in rows for q in re.findall("`([^`]+)`", row) if "(" not in q[:12]]
    checked, missing = 0, []
    for quote in quotes:
        pieces = re.split(r"…|[\d,.]+|kiwi|lemon|[:;]", quote)  # between what differs each time
        pieces = [p.strip().rstrip(".s") for p in pieces if len(p.strip()) > 12]  # plurals, too
        checked += bool(pieces)
        if pieces and not any(piece in said for piece in pieces):
            missing.append(quote)
    assert missing == [] and checked > 40
