#!/bin/sh
# Start the course for one user of JupyterHub: start.sh COURSE ARGUMENTS OF THE SERVER
set -eu
course=$1
shift
umask 077  # what a user makes, no other user reads
cd "$HOME"
PATH="$course/.venv/bin:$PATH"
export PATH
tlhelpers lab --folder "$HOME/my_course" --copies-only
exec jupyterhub-singleuser "$@"
