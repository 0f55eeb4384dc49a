"""JupyterHub for the course, on one computer with Linux: one server for each user.

Read README.md beside this file first.  What to adapt stands in the first lines.
"""

import os

COURSE = os.environ.get("COURSE", "/srv/transfer-learning")  # the checkout, after make setup
MIRROR = os.environ.get("MIRROR", "/srv/transfer-learning-mirror")  # or "" without one
MEMORY = "6G"  # most for one user: notebook 07 needs up to 4 GB, the others 2.7 GB
IDLE = 3600  # seconds after which a kernel that does nothing is ended

c = get_config()  # noqa: F821  (JupyterHub gives it)

# Only this computer can reach it. For others, put a web server with a certificate before it.
c.JupyterHub.bind_url = "http://127.0.0.1:8000"
c.JupyterHub.cleanup_servers = True

# Users are those of the computer (PAM). Say who may come in: nobody is let in unasked.
c.Authenticator.allowed_users = set(os.environ.get("USERS", "").split())

# systemd holds each user to their memory: pip install jupyterhub-systemdspawner.
# Without it, every server runs as its user, and nothing limits its memory.
if os.environ.get("SPAWNER", "systemd") == "systemd":
    c.JupyterHub.spawner_class = "systemd"
    c.SystemdSpawner.mem_limit = MEMORY
    c.SystemdSpawner.isolate_tmp = True

# start.sh brings the user's copies of the notebooks up to date, and then starts the server.
c.Spawner.cmd = ["/bin/sh", f"{COURSE}/docs/teaching/jupyterhub/start.sh", COURSE]
c.Spawner.notebook_dir = "~"
c.Spawner.default_url = "/lab/tree/my_course/00_start_here.ipynb"
c.Spawner.http_timeout = 60  # the first start of a day reads from the disk
c.Spawner.environment = {"TLHELPERS_MIRROR": MIRROR, "TLHELPERS_OFFLINE": "1"}
c.Spawner.args = [
    f"--MappingKernelManager.cull_idle_timeout={IDLE}",
    f"--LabApp.app_settings_dir={COURSE}/tlhelpers/course/jupyterlab",
    "--ContentsManager.pre_save_hook=tlhelpers.course.saving.before_saving",
    "--ServerApp.tornado_settings={'websocket_max_message_size': 536870912}",
]
