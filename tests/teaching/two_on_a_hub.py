"""Try the recipe for JupyterHub for real: two users at once run notebook 00 to its end.

As root, on Linux, with a checkout that users may read, after `make setup` there and
`.venv/bin/pip install jupyterhub`, and with configurable-http-proxy on the path:

    sudo python tests/teaching/two_on_a_hub.py --course /srv/transfer-learning

It makes two users of its own and removes them. Everything stays on this computer.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

USERS = ("tl-trial-a", "tl-trial-b")
NOTEBOOK = "my_course/00_start_here.ipynb"

#: The recipe, but for who may come in, and where.
CONFIG = """
exec(compile(open({recipe!r}).read(), {recipe!r}, "exec"))
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_port = {hub_port}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.JupyterHub.db_url = "sqlite://"
c.JupyterHub.cookie_secret_file = {folder!r} + "/secret"
c.ConfigurableHTTPProxy.pid_file = {folder!r} + "/proxy.pid"
c.JupyterHub.services = [{{"name": "trial", "api_token": {token!r}}}]
c.JupyterHub.load_roles = [
    {{"name": "trial", "services": ["trial"], "scopes": ["admin:users", "admin:servers",
      "access:servers"]}}
]
"""


def free_port() -> int:
    """Return a port of this computer that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Hub:
    """A hub on loopback, and what the trial asks of it."""

    def __init__(self, course: Path, mirror: str, proxy: str, folder: Path) -> None:
        self.token, self.port = secrets.token_hex(16), free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        recipe = course / "docs" / "teaching" / "jupyterhub" / "jupyterhub_config.py"
        config = folder / "config.py"
        config.write_text(
            CONFIG.format(
                recipe=str(recipe),
                port=self.port,
                hub_port=free_port(),
                proxy_port=free_port(),
                proxy=proxy,
                folder=str(folder),
                token=self.token,
            )
        )
        env = os.environ | {"COURSE": str(course), "MIRROR": mirror, "SPAWNER": "local"}
        env["USERS"] = " ".join(USERS)
        self.log = open(folder / "hub.log", "w")
        command = [str(course / ".venv/bin/python"), "-m", "jupyterhub", "-f", str(config)]
        self.process = subprocess.Popen(
            command, cwd=folder, env=env, stdout=self.log, stderr=subprocess.STDOUT
        )

    def ask(self, method: str, path: str, body: object = None):
        """Ask the hub or a user's server, and return what it answers."""
        import requests

        answer = requests.request(
            method,
            self.base + path,
            headers={"Authorization": f"token {self.token}"},
            json=body,
            timeout=60,
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def wait(self, path: str, ready, seconds: float = 120):
        """Ask again and again until the answer is as it should be."""
        until = time.monotonic() + seconds
        while True:
            try:
                answer = self.ask("GET", path)
                if ready(answer):
                    return answer
            except OSError:
                pass
            if time.monotonic() > until or self.process.poll() is not None:
                raise SystemExit(f"{path} was not ready in {seconds} s; see {self.log.name}")
            time.sleep(0.5)

    def stop(self) -> None:
        """End the hub, its proxy, and the users' servers."""
        self.process.terminate()
        self.process.wait(60)
        self.log.close()


async def run_notebook(hub: Hub, user: str) -> dict:
    """Run the user's notebook 00 in a kernel of theirs, cell by cell."""
    from tornado.httpclient import HTTPRequest
    from tornado.websocket import websocket_connect

    loop = asyncio.get_running_loop()
    place = f"/user/{user}/api"
    notebook = await loop.run_in_executor(None, hub.ask, "GET", f"{place}/contents/{NOTEBOOK}")
    made = {"path": NOTEBOOK, "type": "notebook", "name": "", "kernel": {"name": "python3"}}
    session = await loop.run_in_executor(None, hub.ask, "POST", f"{place}/sessions", made)
    address = f"ws://127.0.0.1:{hub.port}{place}/kernels/{session['kernel']['id']}/channels"
    headers = {"Authorization": f"token {hub.token}"}
    socket_ = await websocket_connect(HTTPRequest(address, headers=headers))
    began, errors, claims = time.monotonic(), [], 0
    for cell in notebook["content"]["cells"]:
        if cell["cell_type"] != "code":
            continue
        number = secrets.token_hex(8)
        header = {"msg_id": number, "msg_type": "execute_request", "username": user}
        header |= {"session": "trial", "version": "5.3", "date": ""}
        content = {"code": cell["source"], "silent": False, "store_history": True}
        content |= {"user_expressions": {}, "allow_stdin": False, "stop_on_error": True}
        message = {"channel": "shell", "header": header, "content": content}
        await socket_.write_message(
            json.dumps(message | {"parent_header": {}, "metadata": {}, "buffers": []})
        )
        while True:
            said = json.loads(await asyncio.wait_for(socket_.read_message(), 300))
            if said["parent_header"].get("msg_id") != number:
                continue
            if said["msg_type"] == "error":
                errors.append(f"{said['content']['ename']}: {said['content']['evalue'][:200]}")
            data = said["content"].get("data", {}) if "content" in said else {}
            claims += "application/vnd.tlhelpers.claim+json" in data
            if said["msg_type"] == "status" and said["content"]["execution_state"] == "idle":
                break
    socket_.close()
    return {"errors": errors, "claims": claims, "seconds": time.monotonic() - began}


async def watch_memory(users: tuple[str, ...], peak: dict[str, float], done: asyncio.Event) -> None:
    """Note the most memory (in GB) that the processes of each user held together."""
    import psutil

    while not done.is_set():
        for user in users:
            held = 0
            for process in psutil.process_iter(["username"]):
                if process.info["username"] == user:
                    try:
                        held += process.memory_info().rss
                    except psutil.Error:
                        pass
            peak[user] = max(peak.get(user, 0), held / 1e9)
        await asyncio.sleep(1)


def as_user(user: str, command: str) -> str:
    """Run a command as a user, and return what it prints."""
    words = ["su", user, "-s", "/bin/sh", "-c", command]
    return subprocess.run(words, capture_output=True, text=True, timeout=120).stdout


def look_around(course: Path, mirror: str) -> list[tuple[str, str]]:
    """Return what one user can see of the other, and change in what is shared."""
    a, b = USERS
    readable = as_user(b, f"find /home/{a} -mindepth 1 -readable 2>/dev/null | head -5")
    shared = [str(course), *([mirror] if mirror else [])]
    writable = as_user(b, f"find {' '.join(shared)} -writable ! -type l 2>/dev/null | head -5")
    kept = as_user(a, f"find /home/{a} -type f | wc -l")
    return [
        ("files of one that the other can read", readable.strip() or "none"),
        ("shared files and folders that a user can change", writable.strip() or "none"),
        ("files of one's own", kept.strip()),
    ]


async def trial(hub: Hub) -> tuple[list[dict], dict[str, float]]:
    """Let both users run the notebook at the same time."""
    peak: dict[str, float] = {}
    done = asyncio.Event()
    watch = asyncio.create_task(watch_memory(USERS, peak, done))
    results = await asyncio.gather(*(run_notebook(hub, user) for user in USERS))
    done.set()
    await watch
    return list(results), peak


def main() -> int:
    """Make the users, start the hub, run the trial, print a table, and clean up."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--course", type=Path, required=True)
    parser.add_argument("--mirror", default="")
    parser.add_argument("--proxy", default="configurable-http-proxy")
    args = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("Only root can start servers as other users.")
    made = []
    with tempfile.TemporaryDirectory() as folder:
        hub = None
        try:
            for user in USERS:
                subprocess.run(["useradd", "--create-home", user], check=True)
                made.append(user)
                os.chmod(f"/home/{user}", 0o700)
            hub = Hub(args.course.resolve(), args.mirror, args.proxy, Path(folder))
            hub.wait("/hub/api/", lambda answer: "version" in answer)
            began = time.monotonic()
            for user in USERS:
                hub.ask("POST", f"/hub/api/users/{user}/server")
            for user in USERS:
                hub.wait(f"/hub/api/users/{user}", lambda answer: answer["server"])
            rows = [("seconds until both servers run", f"{time.monotonic() - began:.0f}")]
            results, peak = asyncio.run(trial(hub))
            for user, result in zip(USERS, results, strict=True):
                green = "green" if not result["errors"] else "; ".join(result["errors"])
                text = f"{green}, {result['claims']} claims, {result['seconds']:.0f} s"
                rows.append((f"{user}: notebook 00", f"{text}, {peak[user]:.1f} GB at most"))
            rows += look_around(args.course.resolve(), args.mirror)
        finally:
            if hub:
                hub.stop()
                if sys.exc_info()[0]:
                    print(Path(folder, "hub.log").read_text()[-3000:])
            for user in made:
                subprocess.run(["userdel", "--remove", user], check=False, capture_output=True)
    print("| what | measured |\n|---|---|")
    for what, figure in rows:
        print(f"| {what} | {figure} |")
    return 0 if all(not result["errors"] for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
