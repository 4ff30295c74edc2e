"""The proxy: nginx with compose/nginx/nginx.conf and the two small files that it includes."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
from collections.abc import Sequence
from pathlib import Path

from authlab.host.content import content_root
from authlab.host.ports import LOOPBACK
from authlab.host.processes import Guardian, Process
from authlab.stack.programs import Program

ROUTING_COOKIE = "authlab_route"

# Routing by nginx directive. `path=/`: without it the cookie is set per folder, and after a crash and a new log-in
# two paths can stay with two workers for ever.
_DIRECTIVES = {
    "round-robin": "",
    "sticky-cookie": f"sticky cookie {ROUTING_COOKIE} path=/ httponly samesite=lax;",
}

# Idle connections to the workers that the proxy may keep: more than users ever wait at once.
_IDLE_CONNECTIONS = 256


def upstream_conf(routing: str, addresses: Sequence[str]) -> str:
    """`upstream.conf`: the workers at `addresses` ("host:port") behind one of `model.modes.ROUTINGS`.

    max_fails=0: nginx's default takes a worker out for ten seconds after one failure, which turns a rolling
    restart into "no live upstreams".
    """
    lines = [
        "zone workers 256k;",
        *(f"server {address} max_fails=0;" for address in addresses),
        _DIRECTIVES[routing],
        f"keepalive {_IDLE_CONNECTIONS};",
        "keepalive_requests 1000000;",
        "keepalive_timeout 60s;",
    ]
    return "upstream workers {\n" + "".join(f"    {line}\n" for line in lines if line) + "}\n"


def listen_conf(address: str, read_timeout_s: float, *, log: str = "access.log authlab") -> str:
    """`listen.conf`: where the proxy listens, its access log, and how long a worker may take to answer."""
    return f"listen {address};\naccess_log {log};\nproxy_read_timeout {round(read_timeout_s * 1000)}ms;\n"


def prepare(folder: Path, *, routing: str, port: int, workers: Sequence[int], read_timeout_s: float, log: Path) -> None:
    """Fill nginx's `folder` (its prefix): configuration for the given ports, temporary folders, log.

    The access log is a link in the folder to `log`, so that no path of the user's is ever quoted for nginx.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(content_root() / "compose" / "nginx" / "nginx.conf", folder / "nginx.conf")
    addresses = [f"{LOOPBACK}:{worker}" for worker in workers]
    (folder / "upstream.conf").write_text(upstream_conf(routing, addresses))
    (folder / "listen.conf").write_text(listen_conf(f"{LOOPBACK}:{port}", read_timeout_s))
    link_into(folder, "access.log", log)


def link_into(folder: Path, name: str, target: Path) -> None:
    """A link `name` in nginx's `folder` to what is elsewhere, in place of the one that may be there."""
    link = folder / name
    link.unlink(missing_ok=True)
    link.symlink_to(target.absolute())


def start(guardian: Guardian, program: Program, name: str, folder: Path, log: Path) -> Process:
    """Start nginx on a prepared `folder`; what it says itself goes to `log`.

    Started as root, nginx would give its worker to `nobody`, who cannot enter a private folder: the worker stays
    who we are. Where we aren't root the directive would only earn a warning.
    """
    command_line = ["daemon off", "pid nginx.pid", "error_log stderr warn"]
    if os.geteuid() == 0:
        us = pwd.getpwuid(0)
        command_line.append(f"user {us.pw_name} {grp.getgrgid(us.pw_gid).gr_name}")
    argv = [str(program.path), "-p", f"{folder.absolute()}/", "-c", "nginx.conf", "-e", "stderr"]
    return guardian.spawn(name, [*argv, "-g", "; ".join(command_line) + ";"], log=log, cwd=folder)
