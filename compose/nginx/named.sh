#!/bin/sh
# The proxy of the modes that route by a cookie. Browsers send cookies to every port of a host, so the routing cookie of
# each instance has a name of its own: authlab_route_8080. nginx can't take a name from the environment. This script
# therefore writes it into a copy of the configuration.
set -eu
conf=/etc/authlab
if test -n "$AUTHLAB_INSTANCE"; then
    sed "s/authlab_route/&_$AUTHLAB_INSTANCE/g" $conf/upstream.conf >/tmp/upstream.conf
    cp $conf/nginx.conf $conf/listen.conf /tmp/
    conf=/tmp
fi
exec nginx -p /tmp/ -c $conf/nginx.conf -e stderr "$@"
