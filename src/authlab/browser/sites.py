"""The sites of the browser lab, as configuration of its own nginx on loopback."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from authlab.host.ports import LOOPBACK

APP: Final = "app.test"
API: Final = "api.app.test"
SIBLING: Final = "sibling.app.test"
STRICT: Final = "strict.app.test"
PLAIN: Final = "plain.app.test"
EVIL: Final = "evil.test"

CERTIFIED: Final = (APP, f"*.{APP}", EVIL)
"""The names that the certificate is for, and that the lab's browser knows."""

HSTS_S: Final = 600

_USUAL: Final = (
    "add_header X-Content-Type-Options nosniff always;",
    "add_header Referrer-Policy strict-origin-when-cross-origin always;",
    "add_header X-Frame-Options DENY always;",
    "add_header Cross-Origin-Opener-Policy same-origin always;",
)
_HSTS: Final = f'add_header Strict-Transport-Security "max-age={HSTS_S}" always;'
_CSP: Final = (
    "add_header Content-Security-Policy \"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    f"img-src 'self' data:; font-src 'self'; connect-src 'self' https://{API}; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'\" always;"
)
_MODE_UPSTREAM: Final = (
    "    upstream mode {{ server {0}:{1} max_fails=0; keepalive 16; }}\n"
    # The mode's service gets requests without TLS, so its own origin is http. The page's own origin, and no other, is
    # translated to that. Any other origin is passed on unchanged, and a mode that checks it refuses the request.
    '    map $http_origin $mode_origin {{ "https://{2}" "http://{2}"; default $http_origin; }}\n'
)
_REFUSAL: Final = (
    '{"type":"urn:authlab:problem:tls_required","title":"Only by HTTPS","status":403,"reason":"tls_required"}'
)


@dataclass(frozen=True)
class Ports:
    """Loopback ports: nginx with TLS, nginx without, the API, and a mode's proxy if one is shown (else 0), with the
    name to show for it."""

    https: int
    http: int
    api: int
    mode: int = 0
    mode_name: str = ""


def resolver_rules(https: int, http: int) -> str:
    """The value of `--host-resolver-rules`: the lab's names go to these loopback ports, every other name nowhere."""
    rules = []
    for name in CERTIFIED:
        rules += [f"MAP {name}:443 {LOOPBACK}:{https}", f"MAP {name}:80 {LOOPBACK}:{http}"]
    return ", ".join([*rules, "MAP * ~NOTFOUND"])


def nginx_conf(ports: Ports) -> str:
    """nginx.conf. Its folder also has `app`, `attacks`, `chain.pem`, `key.pem` and `access.log`."""
    servers = [
        _server(APP, ports, tls=True, lines=[_HSTS, *_USUAL, *_mode(ports), *_app()]),
        _server(STRICT, ports, tls=True, lines=[_HSTS, _CSP, *_USUAL, *_app()]),
        _server(API, ports, tls=True, lines=[_HSTS, *_api()]),
        # A proxy without these rules: everything over HTTP, nothing upgraded.
        _server(PLAIN, ports, tls=True, lines=[*_blank(), *_api()]),
        _server(PLAIN, ports, tls=False, lines=[*_blank(), *_api()]),
        _server(f"{APP} {STRICT}", ports, tls=False, lines=[*_USUAL, *_public_only()]),
        _server(API, ports, tls=False, lines=_refused()),
    ]
    for tls in (True, False):
        servers.append(_server(SIBLING, ports, tls=tls, lines=_attacks()))
        servers.append(_server(EVIL, ports, tls=tls, lines=[*_loot(), *_attacks()]))
    return (
        "worker_processes 1;\nevents { worker_connections 1024; }\nhttp {\n"
        "    server_tokens off;\n    default_type application/octet-stream;\n"
        "    types { text/html html; text/css css; text/javascript js mjs; image/svg+xml svg; image/png png;\n"
        "            application/json json map; font/woff2 woff2; image/x-icon ico; text/plain txt; }\n"
        '    log_format sites escape=json \'{"msec":$msec,"scheme":"$scheme","host":"$host",'
        '"method":"$request_method","uri":"$uri","status":$status}\';\n'
        "    access_log access.log sites;\n"
        "    ssl_certificate chain.pem;\n    ssl_certificate_key key.pem;\n    ssl_protocols TLSv1.2 TLSv1.3;\n"
        f"    upstream api {{ server {LOOPBACK}:{ports.api} max_fails=0; keepalive 16; }}\n"
        + (_MODE_UPSTREAM.format(LOOPBACK, ports.mode, APP) if ports.mode else "")
        # The lab uses this server to check that nginx is up: no browser reaches it.
        + _server("_", ports, tls=False, lines=["location = /healthz { return 200 ok; }", "location / { return 404; }"])
        + "".join(servers)
        + "}\n"
    )


def _server(names: str, ports: Ports, *, tls: bool, lines: list[str]) -> str:
    port, more = (ports.https, " ssl") if tls else (ports.http, "")
    default = " default_server" if names == "_" else ""
    body = "".join(f"        {line}\n" for line in lines)
    return (
        f"    server {{\n        listen {LOOPBACK}:{port}{more}{default};\n        server_name {names};\n{body}    }}\n"
    )


def _app() -> list[str]:
    return ["root app;", "location / { try_files $uri /index.html; }"]


def _attacks() -> list[str]:
    """Pages and scripts for anybody: another origin can load a module only if CORS allows it."""
    return [
        "root attacks;",
        "add_header Access-Control-Allow-Origin * always;",
        "add_header Cache-Control no-store always;",
        "location / { try_files $uri =404; }",
        "location = / { return 200 'the attacker lives here'; default_type text/plain; }",
    ]


def _passed_on(upstream: str) -> str:
    return (
        f"proxy_pass http://{upstream}; proxy_http_version 1.1; proxy_set_header Connection ''; "
        "proxy_set_header Host $host; proxy_set_header X-Forwarded-Proto $scheme;"
    )


def _api() -> list[str]:
    return [
        f"location = /lab/requests {{ {_passed_on('api')} }}",
        "location /lab/ { return 404; }",
        "location /loot { return 404; }",
        f"location / {{ {_passed_on('api')} }}",
    ]


def _loot() -> list[str]:
    return [f"location = /loot {{ {_passed_on('api')} }}"]


def _mode(ports: Ports) -> list[str]:
    """The mode of `authlab up MODE --browser`, on the page's own origin, because its service grants nobody CORS."""
    if not ports.mode:
        return []
    name = re.sub(r"[^A-Za-z0-9._ -]", "?", ports.mode_name)
    origin = "proxy_set_header Origin $mode_origin;"
    return [
        f"location = /mode-name {{ default_type text/plain; return 200 '{name}'; }}",
        f"location /mode/ {{ rewrite ^/mode(/.*)$ $1 break; {_passed_on('mode')} {origin} }}",
    ]


def _blank() -> list[str]:
    return ["location = /blank { default_type text/html; return 200 '<!doctype html><title>blank</title>'; }"]


def _public_only() -> list[str]:
    return [
        "root app;",
        "location = /public { try_files /index.html =404; }",
        "location /assets/ { try_files $uri =404; }",
        "location / { return 301 https://$host$request_uri; }",
    ]


def _refused() -> list[str]:
    """A redirect would come after the credential was sent in clear. So does this refusal, but no client relies on
    it."""
    return [
        "default_type application/problem+json;",
        f"location / {{ return 403 '{_REFUSAL}'; }}",
    ]
