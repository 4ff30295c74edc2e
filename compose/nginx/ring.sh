#!/bin/sh
# The proxy of consistent-hash.yml. nginx's ring is made of the servers' names, and among the addresses of one name it
# takes turns: so each worker is listed by its address, and nginx reads the list again when the name server gives another.
# Asking once a second costs a few milliseconds of CPU, which the proxies of the other modes don't spend.
set -eu

list() {
    getent ahostsv4 worker | sort | while read -r address kind _; do
        test "$kind" != STREAM || echo "server $address:8000 max_fails=0;"
    done
}

write() {
    listed=$1
    echo "${listed:-server 127.0.0.1:1 down;}" >/tmp/workers.conf # nginx wants one, also while there is nobody
}

write "$(list)"
while sleep 1; do
    now=$(list)
    if test "$now" != "$listed"; then
        write "$now"
        kill -HUP $$ # nginx by now
    fi
done &
exec nginx -p /tmp/ -c /etc/authlab/nginx.conf -e stderr "$@"
