"""Set up the course: make .venv and install the pinned packages into it.

    python bootstrap.py                 set up; says so at once if nothing is to do
    python bootstrap.py --check         only say whether the set-up is up to date
    python bootstrap.py --python PATH   use this Python (so does TLHELPERS_PYTHON=PATH)

It needs nothing but the standard library, and it may be started by any Python
from 3.6 on: it looks for one that the course supports.  Keep it readable for
such an old Python.
"""

import argparse
import glob
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys

MINORS = (11, 12, 13)  # Python 3.11 to 3.13, as in pyproject.toml
SPACE = 4  # GB of disk that the packages and the installer need together

#: Where TensorFlow can be installed from a ready package.
PLATFORMS = (
    ("Linux", "x86_64"),
    ("Linux", "aarch64"),
    ("Darwin", "arm64"),
    ("Windows", "AMD64"),
)

HERE = os.path.dirname(os.path.abspath(__file__))
WINDOWS = os.name == "nt"

#: A candidate runs this and says what it is.  Only running it tells: a command
#: such as python3.13 may be on the PATH and still not work.
PROBE = """
import json, platform, struct, sys, sysconfig
try:
    import ensurepip, venv
    venv = True
except ImportError:
    venv = False
print(json.dumps({
    "version": list(sys.version_info[:3]),
    "implementation": platform.python_implementation(),
    "bits": struct.calcsize("P") * 8,
    "threads": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "platform": [platform.system(), platform.machine()],
    "venv": venv,
    "base": getattr(sys, "_base_executable", None) or sys.executable,
}))
"""


class Stop(Exception):
    """The set-up cannot go on.  The message says why and what to do."""


# --- choosing a Python ---------------------------------------------------------------------------


def supported():
    """Return the supported Pythons in words: "3.11, 3.12 or 3.13"."""
    names = [f"3.{minor}" for minor in MINORS]
    return ", ".join(names[:-1]) + " or " + names[-1]


def clean_environment():
    """Return the environment without what would lead a Python or pip astray."""
    astray = ("PYTHONHOME", "PYTHONPATH", "PIP_PREFIX", "PIP_TARGET", "PIP_USER")
    return {name: value for name, value in os.environ.items() if name not in astray}


def probe(command):
    """Run a Python and return what it is, or None if it does not work."""
    try:
        done = subprocess.run(
            command + ["-c", PROBE],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=clean_environment(),
            timeout=60,
        )
        facts = json.loads(done.stdout.decode("utf-8", "replace").strip().splitlines()[-1])
        return facts if done.returncode == 0 else None
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None


def dotted(facts):
    return ".".join(str(number) for number in facts["version"])


def objection(facts):
    """Return why the course cannot use this Python, or "" if it can."""
    major, minor = facts["version"][:2]
    system, machine = facts["platform"]
    if major != 3 or minor not in MINORS:
        return f"is Python {dotted(facts)}"
    if facts["implementation"] != "CPython":
        return f"is {facts['implementation']}, and TensorFlow needs CPython"
    if facts["bits"] != 64:
        return f"is a {facts['bits']}-bit Python, and TensorFlow needs a 64-bit one"
    if facts["threads"]:
        return "is a free-threaded Python, and TensorFlow needs an ordinary one"
    if (system, machine) == ("Darwin", "x86_64"):
        return (
            "is built for Intel Macs, for which TensorFlow is no longer published"
            " (on a newer Mac, install the Python for Apple silicon)"
        )
    if (system, machine) not in PLATFORMS:
        return f"runs on {system} {machine}, for which TensorFlow is not published"
    if not facts["venv"]:
        return (
            "cannot make virtual environments"
            f" (on Debian and Ubuntu: sudo apt install python3.{minor}-venv)"
        )
    return ""


def candidates():
    """Yield the commands that may be a supported Python, the best first."""
    newest_first = sorted(MINORS, reverse=True)
    if WINDOWS:
        for minor in newest_first:
            yield ["py", f"-3.{minor}"]
    for minor in newest_first:
        yield [f"python3.{minor}"]
    if sys.executable:
        yield [sys.executable]
    yield ["python3"]
    yield ["python"]


def choose_python(wanted=None):
    """Return what is known about the Python that the course will use.

    ``wanted`` is a path or a command.  Without it, the first candidate that
    works and that the course supports is taken.
    """
    if wanted:
        wanted = os.path.expanduser(wanted)
        facts = probe([wanted])
        if facts is None:
            raise Stop(
                f"{wanted} does not run as a Python."
                f" Name a Python {supported()}, or name none to have one looked for."
            )
        reason = objection(facts)
        if reason:
            raise Stop(
                f"{wanted} {reason}. The course needs Python {supported()}: name another one."
            )
        return facts

    seen = []
    for command in candidates():
        path = shutil.which(command[0])
        if path is None:
            continue
        facts = probe([path] + command[1:])
        reason = "does not run" if facts is None else objection(facts)
        if not reason:
            return facts
        words = " ".join(command) + " " + reason
        if words not in seen:
            seen.append(words)
    raise Stop(
        f"The course needs Python {supported()}, and none was found"
        f" ({'; '.join(seen) or 'there is no python on the PATH'})."
        " Install one (for example from python.org) and run this again,"
        " or name one: python bootstrap.py --python PATH"
    )


# --- the state of .venv --------------------------------------------------------------------------


def venv_path(root):
    return os.path.join(root, ".venv")


def venv_python(root):
    parts = ("Scripts", "python.exe") if WINDOWS else ("bin", "python")
    return os.path.join(venv_path(root), *parts)


def stamp_path(root):
    return os.path.join(venv_path(root), "tlhelpers-set-up.json")


def lines_of(path):
    """Return the lines of a file that are neither empty nor a comment."""
    with open(path, encoding="utf-8") as file:
        lines = [line.strip() for line in file]
    return [line for line in lines if line and not line.startswith("#")]


def project_lines(root):
    """Return the lines that an installation of the project itself depends on."""
    lines, wanted = [], False
    for line in lines_of(os.path.join(root, "pyproject.toml")):
        table = re.match(r"\[+([\w.-]+)\]+", line)
        if table:
            wanted = re.match(r"(build-system|project|tool\.hatch)\b", table.group(1))
        if wanted:
            lines.append(line)
    version = lines_of(os.path.join(root, "tlhelpers", "__init__.py"))
    return lines + [line for line in version if line.startswith("__version__")]


def stamp(root, facts):
    """Return what a finished set-up of this checkout with this Python is stamped with."""

    def digest(lines):
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    return {
        "python": dotted(facts),
        # The commands in .venv know their own path, so a moved checkout needs a
        # new one.  As bytes, the path is the same in every locale.
        "root": os.fsencode(os.path.realpath(root)).decode("utf-8", "surrogateescape"),
        "pins": digest(lines_of(os.path.join(root, "requirements.txt"))),
        "project": digest(project_lines(root)),
    }


def read_stamp(root):
    try:
        with open(stamp_path(root), encoding="utf-8") as file:
            found = json.load(file)
        return found if isinstance(found, dict) else None
    except (OSError, ValueError):
        return None


def state(root, wanted=None):
    """Return ``(what, words)``: what .venv is, and a sentence that says so.

    ``what`` is "ready", "stale" (it works, but pins have changed) or
    "unusable" (it has to be made again).  ``wanted`` are the facts about the
    Python that was asked for, if one was.
    """
    if not os.path.lexists(venv_path(root)):
        return "unusable", "There is no .venv yet."
    found = read_stamp(root)
    if found is None:
        return "unusable", "The set-up in .venv was not finished."
    facts = probe([venv_python(root)])
    if facts is None or facts["version"][1] not in MINORS:
        return "unusable", "The Python in .venv does not work any more."
    if wanted and wanted["version"] != facts["version"]:
        words = f".venv has Python {dotted(facts)}, and {dotted(wanted)} was asked for."
        return "unusable", words
    right = stamp(root, facts)
    # A Python that got a small update still runs what was installed for it.
    minor = str(found.get("python")).split(".")[:2]
    if found.get("root") != right["root"] or minor != right["python"].split(".")[:2]:
        return "unusable", ".venv was made in another folder or with another Python."
    if found.get("pins") != right["pins"]:
        return "stale", "The pinned packages have changed since .venv was made."
    if found.get("project") != right["project"]:
        return "stale", "The course's own package has changed since .venv was made."
    return "ready", f"The set-up is up to date (Python {dotted(facts)} in .venv)."


# --- making it -----------------------------------------------------------------------------------


def make_venv(root, facts):
    """Make an empty .venv, in the place of a broken or half-made one."""
    path = venv_path(root)
    if os.path.lexists(path):
        ours = ("pyvenv.cfg", "bin", "Scripts", os.path.basename(stamp_path(root)))
        inside = os.listdir(path) if os.path.isdir(path) else ["a file"]
        if inside and not set(ours) & set(inside):
            raise Stop(f"{path} is not a virtual environment. Move it away and run this again.")
    done = subprocess.run(
        [facts["base"], "-m", "venv", "--clear", path],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=clean_environment(),
    )
    if done.returncode != 0:
        words = done.stdout.decode("utf-8", "replace").strip()
        raise Stop(
            f"{facts['base']} could not make {path}. It said:\n{words}\n"
            "Close whatever still uses that folder (JupyterLab, a terminal) and run this again."
        )


def check_space(root):
    free = shutil.disk_usage(root).free / 1e9
    if free < SPACE:
        raise Stop(
            f"The packages need about {SPACE} GB of disk, and {root} has {free:.1f} GB left."
            " Make room and run this again."
        )


class Progress:
    """One line that says what pip is doing; silent where nobody watches."""

    def __init__(self, total):
        self.total, self.count, self.shown = total, 0, False
        self.live = sys.stdout.isatty()

    def see(self, line):
        words = line.split()
        if not self.live or not words:
            return
        if words[0] == "Collecting":
            self.count += 1
        if words[0] in ("Collecting", "Downloading"):
            what = os.path.basename(words[1])
            size = " ".join(words[2:4]) if words[0] == "Downloading" else ""
            self.show(f"  {self.count} of about {self.total}: {what} {size}")
        elif line.startswith("Installing collected"):
            self.show("  All here. Unpacking them takes a minute ...")

    def show(self, text):
        width = shutil.get_terminal_size().columns - 1
        sys.stdout.write("\r" + text[:width].ljust(width))
        sys.stdout.flush()
        self.shown = True

    def close(self):
        if self.shown:
            self.show("")
            sys.stdout.write("\r")
            sys.stdout.flush()


def pip(root, arguments, total=1):
    """Run pip in .venv.  What it says goes to a file, and onto the screen only if it fails."""
    log = os.path.join(venv_path(root), "set-up.log")
    command = [venv_python(root), "-m", "pip", "install", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar", "off"] + arguments
    progress, lines = Progress(total), []
    process = subprocess.Popen(
        command,
        cwd=root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=clean_environment(),
    )
    try:
        with open(log, "ab") as file:
            for raw in process.stdout:
                file.write(raw)
                lines.append(raw.decode("utf-8", "replace").rstrip())
                progress.see(lines[-1])
        code = process.wait()
    finally:
        progress.close()
        if process.poll() is None:  # we were interrupted: leave no pip behind
            process.kill()
            process.wait()
    if code != 0:
        last = "\n".join("  " + line for line in lines[-12:])
        raise Stop(
            f"pip could not install the packages. The last it said:\n{last}\n"
            f"All of it is in {log}\n"
            "Check the network connection and run this again: what was downloaded is kept."
        )


def install(root, what):
    """Install the pinned packages, or the project itself in place, or both."""
    if "pins" in what:
        with open(os.path.join(root, "requirements.txt"), encoding="utf-8") as file:
            total = len(re.findall(r"^[a-z0-9][^ ]*==", file.read(), re.M))
        # Ready packages only: a pin that has none for this machine is an error
        # that can be read, and not a compiler's.
        pinned = ["--require-hashes", "--only-binary", ":all:", "-r", "requirements.txt"]
        pip(root, pinned, total)
    if "project" in what:
        pip(root, ["--no-deps", "--no-build-isolation", "-e", "."])
        point_at_project(root)


#: Puts the folder around .venv on Python's path, also where .venv is used
#: through a link to it.
POINTER = (
    "import os, sys; here = os.path.dirname(sys.prefix); "
    "sys.path.append(here if os.path.isdir(os.path.join(here, 'tlhelpers'))"
    " else os.path.dirname(os.path.realpath(sys.prefix)))\n"
)


def point_at_project(root):
    """Let .venv find the project without naming a path.

    pip writes the path of this folder into the file, in UTF-8.  Before 3.13
    Python reads such files in the encoding of the system, and does not find a
    folder with an umlaut, or does not even start.
    """
    parts = ("Lib",) if WINDOWS else ("lib", "python3.*")
    pattern = os.path.join(glob.escape(venv_path(root)), *parts, "site-packages")
    for path in glob.glob(pattern):
        with open(os.path.join(path, "_tlhelpers.pth"), "w", encoding="ascii") as file:
            file.write(POINTER)


def set_up(root, wanted=None):
    """Bring .venv up to date; return the last sentence to print."""
    python = choose_python(wanted) if wanted else None
    what, words = state(root, python)
    if what == "ready":
        return words
    if what == "stale":
        print(words)
        there = read_stamp(root)
        # From here until the new stamp, an interruption leaves it unfinished.
        os.remove(stamp_path(root))
    else:
        # Nothing is touched before a Python is found that can do it.
        python = python or choose_python()
        print(f"{words} Making it with Python {dotted(python)} ({python['base']}).")
        make_venv(root, python)
        check_space(root)
        there = {}
    print("Installing the packages: a few minutes the first time.")
    sys.stdout.flush()
    right = stamp(root, probe([venv_python(root)]))
    install(root, [part for part in ("pins", "project") if there.get(part) != right[part]])
    with open(stamp_path(root), "w", encoding="utf-8") as file:
        json.dump(right, file, indent=1)
    start = os.path.join(".venv", "Scripts" if WINDOWS else "bin", "tlhelpers")
    return f"The set-up is ready. To start the course: {start} lab"


def main(arguments=None, root=HERE):
    parser = argparse.ArgumentParser(
        prog="bootstrap.py", description="Set the course up in .venv, or say that it is up to date."
    )
    parser.add_argument("--python", metavar="PATH", help=f"the Python to use ({supported()})")
    parser.add_argument("--check", action="store_true", help="only say what the state is")
    options = parser.parse_args(arguments)
    wanted = options.python or os.environ.get("TLHELPERS_PYTHON")
    try:
        if options.check:
            what, words = state(root, choose_python(wanted) if wanted else None)
            print(words if what == "ready" else words + " Run: python bootstrap.py")
            return 0 if what == "ready" else 1
        print(set_up(root, wanted))
        return 0
    except Stop as reason:
        print(reason, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. Run this again to finish the set-up.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    # A polite request to end gets the same answer as Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
