#!/bin/sh
# The proxy of consistent-hash.yml. nginx makes its ring from the servers' names, and takes turns among the addresses of
# one name. This script therefore lists each worker by its address, and reloads nginx when the name server's answer
# changes. Asking once a second costs a few milliseconds of CPU, which the proxies of the other modes don't spend.
set -eu

list() {
    getent ahostsv4 worker | sort | while read -r address kind _; do
        test "$kind" != STREAM || echo "server $address:8000 max_fails=0;"
    done
}

write() {
    listed=$1
    echo "${listed:-server 127.0.0.1:1 down;}" >/tmp/workers.conf # nginx needs a server, even if there is none
}

write "$(list)"
while sleep 1; do
    now=$(list)
    if test "$now" != "$listed"; then
        write "$now"
        kill -HUP $$ # this process is nginx by now
    fi
done &
exec sh /etc/authlab/named.sh "$@"
