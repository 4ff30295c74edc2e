"""The proxy: nginx with compose/nginx/nginx.conf and the two small files that it includes."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
from collections.abc import Collection, Sequence
from pathlib import Path

from authlab.host.content import content_root
from authlab.host.ports import LOOPBACK
from authlab.host.processes import Guardian, Process
from authlab.stack.programs import Program

CONNECTIONS = 16384
"""`worker_connections` of compose/nginx/nginx.conf, over clients and workers."""

IDLE_CONNECTIONS = 256
"""Idle connections to the workers that the proxy may keep: more than users ever wait at once."""

ROUTING_COOKIE = "authlab_route"

# Routing by nginx directive. Without `path=/` the cookie is set per folder. After a crash and a new log-in, two paths
# can then stay with two workers forever.
_DIRECTIVES = {
    "round-robin": "",
    "sticky-cookie": f"sticky cookie {ROUTING_COOKIE} path=/ httponly samesite=lax;",
    "ip-hash": "ip_hash;",
    "hash": "hash $lab_route;",
    "consistent-hash": "hash $lab_route consistent;",
}

# A key that the client has before it logs in. Without `merge` this line would hide the server's own add_header.
_GIVE_ROUTE = ("add_header_inherit merge;", "add_header Set-Cookie $lab_new_route always;")

# What a routing needs beside its upstream. nginx trusts every peer to name its client: the proxy listens on loopback,
# and in containers on their private networks.
_BESIDE: dict[str, tuple[str, ...]] = {
    "ip-hash": (
        "real_ip_header X-Forwarded-For;",
        *(f"set_real_ip_from {net};" for net in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")),
    ),
    "hash": _GIVE_ROUTE,
    "consistent-hash": _GIVE_ROUTE,
}


def upstream_conf(routing: str, addresses: Sequence[str], drained: Collection[str] = ()) -> str:
    """`upstream.conf`: the workers at `addresses` ("host:port") behind one of `model.modes.ROUTINGS`.

    Those that are also in `drained` get only clients that are bound to them.

    max_fails=0: by default nginx takes a worker out for ten seconds after one failure, which turns a rolling restart
    into "no live upstreams".
    """
    lines = [
        "zone workers 256k;",
        *(f"server {address} max_fails=0{' drain' if address in drained else ''};" for address in addresses),
        _DIRECTIVES[routing],
        f"keepalive {IDLE_CONNECTIONS};",
        "keepalive_requests 1000000;",
        "keepalive_timeout 60s;",
    ]
    beside = "".join(f"{line}\n" for line in _BESIDE.get(routing, ()))
    return beside + "upstream workers {\n" + "".join(f"    {line}\n" for line in lines if line) + "}\n"


def listen_conf(address: str, read_timeout_s: float, *, log: str = "access.log authlab") -> str:
    """`listen.conf`: where the proxy listens, its access log, and how long a worker may take to answer."""
    return f"listen {address};\naccess_log {log};\nproxy_read_timeout {round(read_timeout_s * 1000)}ms;\n"


def prepare(folder: Path, *, routing: str, port: int, workers: Sequence[int], read_timeout_s: float, log: Path) -> None:
    """Fill nginx's `folder` (its prefix): configuration for the given ports, temporary folders, log.

    The access log is a link in the folder to `log`, so that no path of the user's has to be quoted for nginx.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(content_root() / "compose" / "nginx" / "nginx.conf", folder / "nginx.conf")
    addresses = [f"{LOOPBACK}:{worker}" for worker in workers]
    (folder / "upstream.conf").write_text(upstream_conf(routing, addresses))
    (folder / "listen.conf").write_text(listen_conf(f"{LOOPBACK}:{port}", read_timeout_s))
    link_into(folder, "access.log", log)


def rewrite_upstream(folder: Path, routing: str, addresses: Sequence[str], drained: Collection[str]) -> None:
    """Give a prepared `folder` other workers. nginx reads them at SIGHUP."""
    draft = folder / "upstream.conf.new"
    draft.write_text(upstream_conf(routing, addresses, drained))
    draft.replace(folder / "upstream.conf")


def link_into(folder: Path, name: str, target: Path) -> None:
    """A link `name` in nginx's `folder` to a path elsewhere. Replaces an existing one."""
    link = folder / name
    link.unlink(missing_ok=True)
    link.symlink_to(target.absolute())


def start(guardian: Guardian, program: Program, name: str, folder: Path, log: Path) -> Process:
    """Start nginx on a prepared `folder`. Its own output goes to `log`.

    Started as root, nginx would run its worker as `nobody`, who cannot enter a private folder. The directive keeps our
    own user. If we are not root, the directive would only cause a warning.
    """
    command_line = ["daemon off", "pid nginx.pid", "error_log stderr warn"]
    if os.geteuid() == 0:
        us = pwd.getpwuid(0)
        command_line.append(f"user {us.pw_name} {grp.getgrgid(us.pw_gid).gr_name}")
    argv = [str(program.path), "-p", f"{folder.absolute()}/", "-c", "nginx.conf", "-e", "stderr"]
    return guardian.spawn(name, [*argv, "-g", "; ".join(command_line) + ";"], log=log, cwd=folder)
