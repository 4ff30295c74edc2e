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
"""The routing cookie's name, to which `routing_cookie` adds the instance."""

# Routing by nginx directive. Without `path=/` the cookie is set per folder. After a crash and a new log-in, two paths
# can then stay with two workers forever.
_DIRECTIVES = {
    "round-robin": "",
    "sticky-cookie": f"sticky cookie {ROUTING_COOKIE} path=/ httponly samesite=lax;",
    "ip-hash": "ip_hash;",
    "hash": "hash $lab_route;",
    "consistent-hash": "hash $lab_route consistent;",
}

_LIMITS = (f"keepalive {IDLE_CONNECTIONS};", "keepalive_requests 1000000;", "keepalive_timeout 60s;")

_ONE_POOL = ("map $scheme $lab_pool {", "    default workers;", "}")

# The client's key if it has one of the right form, else a new one. The new key already routes this request. Only the
# answer to a log-in that went well puts it into the cookie. If a client sends several requests at once without a
# cookie, the log-in's key stays. A key proves nothing and is no secret.
_BY_KEY = (
    *_ONE_POOL,
    f"map $cookie_{ROUTING_COOKIE} $lab_route {{",
    f'    "~^[0-9a-f]{{32}}$" $cookie_{ROUTING_COOKIE};',
    "    default $request_id;",
    "}",
    f'map "$request_method $uri $status $cookie_{ROUTING_COOKIE}" $lab_new_route {{',
    '    "~^POST /login 200 [0-9a-f]{32}$" "";',
    f'    "~^POST /login 200 " "{ROUTING_COOKIE}=$request_id; Path=/; HttpOnly; SameSite=Lax";',
    '    default "";',
    "}",
    "add_header Set-Cookie $lab_new_route always;",
)

# `sticky` sets its cookie in every answer. If a client sends several requests at once without a cookie, the last answer
# would decide. Requests without a cookie therefore go to any worker and get none, except for log-ins.
_AROUND_STICKY = (
    f'map "$request_method $uri $cookie_{ROUTING_COOKIE}" $lab_pool {{',
    '    "~^POST /login " workers;',
    '    "~ $" anyone;',
    "    default workers;",
    "}",
)

# What a routing needs beside its upstream. nginx trusts every peer to name its client: the proxy listens on loopback,
# and in containers on their private networks.
_BESIDE: dict[str, tuple[str, ...]] = {
    "round-robin": _ONE_POOL,
    "sticky-cookie": _AROUND_STICKY,
    "ip-hash": (
        *_ONE_POOL,
        "real_ip_header X-Forwarded-For;",
        *(f"set_real_ip_from {net};" for net in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")),
    ),
    "hash": _BY_KEY,
    "consistent-hash": _BY_KEY,
}


def routing_cookie(instance: str) -> str:
    """The routing cookie's name. Browsers send cookies to every port of a host, so each instance there has its own."""
    return f"{ROUTING_COOKIE}_{instance}" if instance else ROUTING_COOKIE


def named_for(instance: str, conf: str) -> str:
    """`upstream.conf` with this instance's routing cookie, as compose/nginx/named.sh makes it."""
    return conf.replace(ROUTING_COOKIE, routing_cookie(instance))


def upstream_conf(routing: str, addresses: Sequence[str], drained: Collection[str] = (), instance: str = "") -> str:
    """`upstream.conf`: the workers at `addresses` ("host:port") behind one of `model.modes.ROUTINGS`.

    Those that are also in `drained` get only clients that are bound to them. `instance` is part of the routing
    cookie's name.

    max_fails=0: by default nginx takes a worker out for ten seconds after one failure, which turns a rolling restart
    into "no live upstreams".
    """

    def pool(name: str, directive: str, left_out: str) -> list[str]:
        servers = [f"server {each} max_fails=0{left_out if each in drained else ''};" for each in addresses]
        lines = [f"zone {name} 256k;", *servers, directive, *_LIMITS]
        return [f"upstream {name} {{", *(f"    {line}" for line in lines if line), "}"]

    lines = [*_BESIDE[routing], *pool("workers", _DIRECTIVES[routing], " drain")]
    if routing == "sticky-cookie":
        lines += pool("anyone", "", " down")
    return named_for(instance, "".join(f"{line}\n" for line in lines))


def listen_conf(address: str, read_timeout_s: float, *, log: str = "access.log authlab") -> str:
    """`listen.conf`: where the proxy listens, its access log, and how long a worker may take to answer."""
    return f"listen {address};\naccess_log {log};\nproxy_read_timeout {round(read_timeout_s * 1000)}ms;\n"


def prepare(folder: Path, *, routing: str, port: int, workers: Sequence[int], read_timeout_s: float, log: Path) -> None:
    """Fill nginx's `folder` (its prefix): configuration for the given ports, temporary folders, log.

    The proxy's `port` is also the name of the instance (see `routing_cookie`).

    The access log is a link in the folder to `log`, so that no path of the user's has to be quoted for nginx.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(content_root() / "compose" / "nginx" / "nginx.conf", folder / "nginx.conf")
    addresses = [f"{LOOPBACK}:{worker}" for worker in workers]
    (folder / "upstream.conf").write_text(upstream_conf(routing, addresses, instance=str(port)))
    (folder / "listen.conf").write_text(listen_conf(f"{LOOPBACK}:{port}", read_timeout_s))
    link_into(folder, "access.log", log)


def rewrite_upstream(
    folder: Path, routing: str, addresses: Sequence[str], drained: Collection[str], instance: str
) -> None:
    """Give a prepared `folder` other workers. nginx reads them at SIGHUP."""
    draft = folder / "upstream.conf.new"
    draft.write_text(upstream_conf(routing, addresses, drained, instance))
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
