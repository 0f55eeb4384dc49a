"""Make PDFs of the notebooks and of the cheat sheet: ``make paper`` (pandoc and Typst)."""

import argparse
import base64
import json
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pypandoc
import typst

from tlhelpers.course.outputs import HIDDEN_TAG
from tlhelpers.teaching.claims import CLAIM_TYPE
from tlhelpers.teaching.exercises.showing import CHECK_TYPE

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = Path(__file__).with_name("paper.typ")
SHEET = ROOT / "docs" / "cheat_sheet.md"

#: Markdown as notebooks write it, and parts that are Typst already.
MARKDOWN = "commonmark+raw_attribute+pipe_tables+tex_math_dollars+attributes"
#: The longest line (in characters) that letters are made smaller for; longer ones are wrapped.
LONGEST = 110
#: A place in a cell where an answer belongs.
GAP = re.compile(r"(^|[=:,[]|return) *\.\.\.[],]* *(#.*)?$", re.MULTILINE)
#: No font of Typst's has these: they are printed as numbers of Unicode.
NO_LETTER = re.compile("[\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\U0001f000-\U0001faff]")


def printable(text: str) -> str:
    """Write characters for which there is no letter as numbers of Unicode.

    >>> printable("a 映")
    'a ‹U+6620›'
    """
    return NO_LETTER.sub(lambda found: f"‹U+{ord(found[0]):04X}›", text)


def quoted(text: str) -> str:
    """A text as Typst writes one in code.

    >>> quoted('say "a" ')
    '"say \\\\"a\\\\" "'
    """
    text = re.sub(r"\x1b\[[0-9;]*m", "", printable(text))  # without colours of a terminal
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def raw(code: str) -> str:
    """Code of Typst as a part of Markdown."""
    return f"\n\n`````````{{=typst}}\n{code}\n`````````\n\n"


def lines(function: str, text: str, *more: str) -> str:
    """Text in letters of one width, small enough for its longest line.

    Lines that are longer than `LONGEST` are wrapped, within a word if need be.
    """
    kept, longest = [], 0
    for line in map(printable, text.split("\n")):
        if len(line) > LONGEST:
            line = re.sub(r"(\S{30})(?=\S{20})", "\\1\u200b", line)
        else:
            longest = max(longest, len(line))
        kept.append(line)
    return raw(f"#{function}({', '.join((quoted(chr(10).join(kept)), str(longest), *more))})")


def read_outputs(cell: Any) -> Iterator[tuple[str, Any]]:
    """The outputs of a cell: ``(kind, what)``; texts that follow one another are one."""
    printed = ""
    for output in cell.get("outputs", ()):
        if output.output_type == "stream":
            printed += output.text
            continue
        if printed:
            yield "text", printed
            printed = ""
        data = output.get("data", {})
        if "image/png" in data:
            alt = output.metadata.get("image/png", {}).get("alt", "")
            yield "picture", (data["image/png"], alt or data.get("text/plain", ""))
        elif CLAIM_TYPE in data:
            yield "claim", data["text/plain"]
        elif CHECK_TYPE in data:
            continue  # it says that nothing is answered yet
        elif "text/markdown" in data:
            yield "markdown", data["text/markdown"]
        elif "text/plain" in data:
            yield "text", data["text/plain"]
        elif output.output_type == "error":
            yield "text", "\n".join(output.traceback)
    if printed:
        yield "text", printed


def write_outputs(cell: Any, folder: Path, where: str) -> Iterator[str]:
    """What a code cell shows, for paper."""
    found = list(read_outputs(cell))
    for number, (kind, what) in enumerate(found):
        before = found[number - 1] if number else ("", "")
        after = found[number + 1] if number + 1 < len(found) else ("", "")
        if kind == "text" and what.strip():
            yield lines("printed", what.strip("\n"))
        elif kind == "claim":
            yield raw(f"#claim({quoted(what)})")
        elif kind == "picture":
            png, alt = what
            if not alt:
                sys.exit(f"{where}, cell {cell.id}: a picture without an alternative text")
            name = f"{cell.id}-{number}.png"
            (folder / name).write_bytes(base64.b64decode(png))
            caption = ""
            if after[0] == "markdown" and after[1].startswith("*Figure"):
                caption = printable(after[1].strip().strip("*"))
            yield raw(f"#picture({quoted(name)}, {quoted(alt)}, {quoted(caption)})")
        elif kind == "markdown":
            if before[0] == "picture" and what.startswith("*Figure"):
                continue  # its caption, which stands there already
            if "tl.progress(" in cell.source and what.startswith("**Nothing solved yet"):
                continue  # of a computer, and not of a sheet of paper
            what = re.sub(r"\n\n\*Run this cell to answer, .*", "", what)  # one can tick on paper
            yield raw("#shown[") + what + raw("]")


def write_notebook(path: Path, folder: Path) -> str:
    """A notebook as Markdown with parts in Typst; its pictures go into ``folder``."""
    parts, asked = [], ""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            exercises = re.findall(r"\*\*Exercise (\d+\.\d+)\.", cell.source)
            asked = exercises[-1] if exercises else asked
            continue
        if HIDDEN_TAG not in cell.metadata.get("tags", ()):
            parts.append(lines("code", cell.source, '"python"'))
            if asked and GAP.search(cell.source):
                rows = 1 if cell.source.count("\n") < 2 else 5
                parts.append(raw(f"#answer({quoted(asked)}, {rows})"))
            asked = ""  # the first cell after the text is what is to be filled in
        parts.extend(write_outputs(cell, folder, path.name))
    return "\n\n".join(parts)


def title_of(path: Path) -> str:
    """Number and short title of a notebook.

    >>> title_of(ROOT / "notebooks" / "03_fine_tuning.ipynb")
    '03 Fine-tuning'
    """
    first = nbformat.read(path, as_version=4).cells[0].source.splitlines()[0]
    return f"{path.name[:2]} {re.split('[:,]', first.removeprefix('# '))[0]}"


def walk(part: Any, change: Callable[[dict[str, Any]], list[Any] | None]) -> Any:
    """Pandoc's tree of a document, with what ``change`` puts in place of an element."""
    if isinstance(part, list):
        made = []
        for each in part:
            new = change(each) if isinstance(each, dict) and "t" in each else None
            made.extend([walk(each, change)] if new is None else new)
        return made
    if isinstance(part, dict):
        return {key: walk(value, change) for key, value in part.items()}
    return part


def plain(part: Any) -> str:
    """The words in a part of the tree."""
    if isinstance(part, list):
        return "".join(map(plain, part))
    if isinstance(part, dict):
        if part["t"] in ("Space", "SoftBreak"):
            return " "
        if part["t"] in ("Code", "Math"):
            return str(part["c"][1])
        if part["t"] in ("Link", "Span"):
            return plain(part["c"][1])
        if part["t"] == "RawInline":  # of an address, which may break at each part
            return re.sub(r'^.*#address\("(.*)"\)|.*', r"\1", part["c"][1]).replace("/", " /")
        return plain(part.get("c", ""))
    return part if isinstance(part, str) else ""


def inline(code: str) -> dict[str, Any]:
    """Code of Typst as a part of the tree."""
    return {"t": "RawInline", "c": ["typst", code]}


def share_width(table: list[Any], narrow: int) -> None:
    """Give columns widths by what is in them, if it is more than ``narrow`` characters."""
    _, _, columns, head, bodies, _ = table
    rows = head[1] + [row for body in bodies for row in body[3]]
    cells = list(zip(*[[plain(cell[4]) for cell in row[1]] for row in rows], strict=True))
    if sum(max(map(len, column)) for column in cells) <= narrow:
        for column in columns:
            column[1] = {"t": "ColWidthDefault"}
        return
    sizes = []
    for column in cells:
        words = " ".join(column).split() or ["-"]
        sizes.append(sum(map(len, column)) / len(column) + max(map(len, words)) / 2)
    for column, size in zip(columns, sizes, strict=True):
        column[1] = {"t": "ColWidth", "c": size / sum(sizes)}


def for_paper(here: Path, brief: bool) -> Callable[[dict[str, Any]], list[Any] | None]:
    """What is changed in the tree: formulas say what they are, and links where they lead.

    Where space is short, ``brief`` leaves the links with their words.
    """

    def change(element: dict[str, Any]) -> list[Any] | None:
        if element["t"] == "Math":
            return [inline(f"#formula({quoted(element['c'][1])})["), element, inline("]")]
        if element["t"] == "Table":
            parts = walk(element["c"], change)
            share_width(parts, narrow=70 if brief else 100)
            return [{"t": "Table", "c": parts}]
        if element["t"] == "Str":
            return [{"t": "Str", "c": printable(element["c"])}]
        if element["t"] in ("Code", "CodeBlock"):
            look, code = element["c"]
            return [{"t": element["t"], "c": [look, printable(code)]}]
        if element["t"] != "Link":
            return None
        _, words, (address, _) = element["c"]
        words = walk(words, change)
        said = plain(words)
        if re.match(r"(https?:|mailto:)", address):
            bare = re.sub(r"^(https?://(www\.)?|mailto:)|/$", "", address)
            more = [] if brief or bare in said else [inline(f" #address({quoted(bare)})")]
            return [inline(f"#link({quoted(address)})["), *words, inline("]"), *more]
        file, _, _ = address.partition("#")
        target = (here / file).resolve()
        if target.suffix == ".ipynb" and target.is_file():
            title = title_of(target)
            if not brief and title[3:].casefold() not in said.casefold():
                name = title[3:] if title[:2] in said else title
                words = [*words, {"t": "Str", "c": f" ({name})"}]
            place = quoted(f"{target.stem}.pdf")
            return [inline(f"#link({place})["), *words, inline("]")]
        if file and target.is_relative_to(ROOT):
            name = target.relative_to(ROOT).as_posix()
            if not brief and name not in said:
                words = [*words, {"t": "Space"}, inline(f"#address({quoted(name)})")]
        return words

    return change


def to_typst(markdown: str, here: Path, brief: bool = False) -> str:
    """Markdown, with parts in Typst, as Typst."""
    tree = json.loads(pypandoc.convert_text(markdown, "json", MARKDOWN))
    tree["blocks"] = walk(tree["blocks"], for_paper(here, brief))
    made = pypandoc.convert_text(json.dumps(tree), "typst", "json", extra_args=["--wrap=none"])
    return str(made).replace("align(center)[#table(", "align(left)[#table(")


def compile_pdf(body: str, folder: Path, out: Path, **words: str) -> None:
    """Make a PDF, tagged for screen readers, of a body in Typst; the pictures are in ``folder``.

    Typst refuses to make it if it is not as PDF/UA-1 wants it: so each picture and each
    formula has an alternative text, and headings leave no level out.
    """
    (folder / "paper.typ").write_text(TEMPLATE.read_text("utf-8"), "utf-8")
    head = '#import "paper.typ": *\n'
    settings = ", ".join(f"{name}: {quoted(value)}" for name, value in words.items())
    main = folder / "main.typ"
    main.write_text(f"{head}#show: paper.with({settings})\n\n{body}", "utf-8")
    out.parent.mkdir(parents=True, exist_ok=True)
    pdf = typst.compile(
        main,
        root=folder,
        font_paths=typst.Fonts(include_system_fonts=False),  # the same letters everywhere
        pdf_standards="ua-1",
        timestamp=0,  # and the same bytes
    )
    out.write_bytes(pdf)


def make_notebook(path: Path, out: Path, size: str = "a4") -> None:
    """Make the PDF of a notebook."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        markdown = write_notebook(path, folder).replace("# ", f"# {path.name[:2]} ", 1)
        body = to_typst(markdown, path.parent)
        compile_pdf(body, folder, out, title=title_of(path), size=size)


def make_sheet(path: Path, out: Path, size: str = "a4") -> None:
    """Make the PDF of the cheat sheet, which is one page."""
    with tempfile.TemporaryDirectory() as name:
        body = to_typst(path.read_text("utf-8"), path.parent, brief=True)
        words = {"title": "Cheat sheet: transfer learning with Keras", "size": size}
        compile_pdf(body, Path(name), out, look="sheet", **words)


def main() -> None:
    """Make what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="such as 03, or sheet (without: everything)")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "paper")
    words = "of the pages of notebooks (the cheat sheet is made for both)"
    parser.add_argument("--size", default="a4", choices=("a4", "us-letter"), help=words)
    args = parser.parse_args()
    known = {path.name[:2]: path for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
    unknown = set(args.names) - {*known, "sheet"}
    if unknown:
        sys.exit(f"There is no {', '.join(unknown)}. There are: {' '.join(known)} sheet")
    jobs = []
    for name in args.names or [*known, "sheet"]:
        if name in known:
            jobs.append((make_notebook, known[name], f"{known[name].stem}.pdf", args.size))
        else:
            jobs.append((make_sheet, SHEET, "cheat_sheet.pdf", "a4"))
            jobs.append((make_sheet, SHEET, "cheat_sheet_letter.pdf", "us-letter"))
    for make, path, name, size in jobs:
        start = time.perf_counter()
        out = args.out / name
        make(path, out, size)
        seconds = time.perf_counter() - start
        print(f"{out}  {out.stat().st_size / 1e6:.1f} MB, {seconds:.1f} s")


if __name__ == "__main__":
    main()
