"""Cut a Python process off from every network but this machine's own.

The tests put this folder on PYTHONPATH, so every Python that they start (a
command, a Jupyter kernel, a kernel's child) imports this file before anything
else.  A course that works without a network can only be shown without one.

Compiled code that opens its own sockets is not held back; Python's is.
"""

import importlib.machinery
import importlib.util
import ipaddress
import os
import socket
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


def _is_here(host):
    """Say whether a host is this machine."""
    if host is None:
        return True
    if isinstance(host, (bytes, bytearray)):
        host = bytes(host).decode("ascii", "replace")
    host = str(host).lower()
    if host in ("", "localhost", "ip6-localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _refuse(host):
    raise OSError(
        f"The tests run without a network: a connection to {host!r} was refused. "
        "Use a file, a server on localhost, or make the test not need it."
    )


def _guard_socket(name, place):
    """Guard a method of sockets whose argument number ``place`` is an address."""
    original = getattr(socket.socket, name)

    def guarded(self, *args):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            # Without an address, data goes where the socket is connected to.
            address = args[place] if -len(args) <= place < len(args) else None
            if isinstance(address, tuple) and address and not _is_here(address[0]):
                _refuse(address[0])
        return original(self, *args)

    guarded.__name__ = name
    setattr(socket.socket, name, guarded)


def _guard_lookup(name):
    """Guard a function that asks for the address of a name."""
    original = getattr(socket, name)
    own_name = socket.gethostname().lower()

    def guarded(host, *args, **keywords):
        # A machine may look up its own name; to connect is another matter.
        if not _is_here(host) and str(host).lower() != own_name:
            _refuse(host)
        return original(host, *args, **keywords)

    guarded.__name__ = name
    setattr(socket, name, guarded)


def block():
    """Block every connection of this process that would leave this machine."""
    if getattr(socket, "_only_this_machine", False):
        return
    _guard_socket("connect", 0)
    _guard_socket("connect_ex", 0)
    _guard_socket("sendto", -1)
    if hasattr(socket.socket, "sendmsg"):  # Windows has none
        _guard_socket("sendmsg", 3)
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr"):
        _guard_lookup(name)
    socket._only_this_machine = True


def run_the_next_one():
    """Run the sitecustomize that this one hides, if there is one."""
    others = [path for path in sys.path if os.path.abspath(path or ".") != _HERE]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", others)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


if __name__ == "sitecustomize":
    block()
    run_the_next_one()
