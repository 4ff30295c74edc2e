"""The compose file of a mode, from what the mode declares: its state, its routing, and a store if it needs one."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from authlab.model.mode import Mode

HEAD: Final = "# Made from the mode's declaration (src/authlab/model/modes.py) by `make generated`.\n"
"""The first line of the files in compose/."""

_ON_A_RING: Final = "consistent-hash"
_BY_COOKIE: Final = ("sticky-cookie", "hash", _ON_A_RING)
_ROUND_ROBIN: Final = "round-robin"  # base.yml mounts it


def compose_file(mode: Mode, folder: Path | None = None) -> str:
    """The file's text. It stands in the folder compose/, or elsewhere if it is told where that `folder` is."""
    beside, below = ("", "./") if folder is None else (f"{folder.absolute()}/", f"{folder.absolute()}/")

    def extends(service: str) -> str:
        return f"extends: {{file: {_quoted(beside + 'base.yml')}, service: {service}}}"

    environment = [f"AUTHLAB_STATE: {mode.state}"]
    if mode.needs_store:
        environment += ['AUTHLAB_REDIS_HOST: "${AUTHLAB_REDIS_HOST:-redis}"']
        environment += [f'AUTHLAB_REDIS_PREFIX: "authlab:{mode.name}:"']
    lines = [f"# {mode.note[0].upper()}{mode.note[1:]}."]
    if mode.needs_store:
        lines += ["# AUTHLAB_REDIS_HOST=link with `--profile link` puts a link in front of Redis."]
    lines += [f"name: authlab-{mode.name}", f"include: [{_quoted(beside + 'common.yml')}]", "services:"]
    lines += ["  worker:", f"    {extends('worker')}", f"    environment: {{{', '.join(environment)}}}"]
    lines += ["    networks: [store]"] if mode.needs_store else []
    lines += ["  proxy:", f"    {extends('proxy')}", *_routing(mode.routing, below)]
    if mode.needs_store:
        lines += [f"  redis: {{{extends('redis')}}}", f"  link: {{{extends('link')}, profiles: [link]}}"]
    return "".join(f"{line}\n" for line in lines)


def _routing(routing: str, below: str) -> list[str]:
    if routing == _ROUND_ROBIN:
        return []
    mounted = [f"{below}nginx/{routing}.conf:/etc/authlab/upstream.conf:ro"]
    scripts = ["named.sh"] if routing in _BY_COOKIE else []
    scripts = ["ring.sh", *scripts] if routing == _ON_A_RING else scripts
    mounted += [f"{below}nginx/{script}:/etc/authlab/{script}:ro" for script in scripts]
    lines = [f"    entrypoint: [sh, /etc/authlab/{scripts[0]}]"] if scripts else []
    return [*lines, "    volumes:", *(f"      - {_quoted(each)}" for each in mounted)]


def _quoted(text: str) -> str:
    """As YAML wants it, with Compose's own `$` doubled: a path may hold anything."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{escaped}"'
