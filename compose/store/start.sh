#!/bin/sh
# Starts Redis with a maxmemory below the container's limit (AUTHLAB_REDIS_MEMORY, as Docker writes sizes; 0: no limit).
# A full store then refuses log-ins. Without it the kernel would kill the store, and everybody would be logged out.
# Buffers and fragmentation come on top of maxmemory, and a copy of what changes while an append-only file is rewritten:
# hence three quarters of the limit, or half of it with such a file.
set -eu

limit() {
    size=$(echo "$1" | tr 'KMGB' 'kmgb')
    size=${size%b}
    number=${size%[kmg]}
    whole=${number%%.*}
    tenths=$(echo "$number" | sed -n 's/^[0-9]*\.\([0-9]\).*/\1/p')
    if ! echo "$number" | grep -qE '^[0-9]+(\.[0-9]+)?$'; then
        echo "AUTHLAB_REDIS_MEMORY is '$1'; it must be a number and b, k, m or g, like 512m" >&2
        return 78
    fi
    case $size in
        *k) unit=1024 ;;
        *m) unit=1048576 ;;
        *g) unit=1073741824 ;;
        *) unit=1 ;;
    esac
    echo $((whole * unit + ${tenths:-0} * unit / 10))
}

bytes=$(limit "${AUTHLAB_REDIS_MEMORY:-0}")
share=3
if grep -q '^appendonly yes' /run/authlab/store/store.conf 2>/dev/null; then share=2; fi
# The password is in the included file; on the command line everybody could read it.
exec redis-server /etc/authlab/redis.conf --include /run/authlab/store/store.conf --dir /data \
    --maxmemory $((bytes / 4 * share)) "$@"
