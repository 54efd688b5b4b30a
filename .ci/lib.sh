# Sourced by the scripts in this folder.

PATH="$PATH:/usr/sbin:/sbin"
export PYTHONDONTWRITEBYTECODE=1
mqttspec=${MQTTSPEC:-${CARGO_TARGET_DIR:-target}/release/mqttspec}

# fail MESSAGE: ends the script.
fail() {
    echo "error: $1" >&2
    exit 1
}

# now_ms: milliseconds since the script began.
now_ms() {
    local micros=${EPOCHREALTIME/[.,]/}
    echo $((micros / 1000 - LIB_EPOCH_MS))
}

# seconds MILLISECONDS: the same with a decimal point.
seconds() {
    printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000))
}

# step TITLE COMMAND...: runs a command, says which and how long it took.
step() {
    local title=$1 start
    shift
    start=$(now_ms)
    printf '\n== %s\n' "$title"
    "$@"
    printf -- '-- %s: %s s\n' "$title" "$(seconds $(($(now_ms) - start)))"
}

# free_port: a TCP port of the loopback interface that nobody listens on, nor on the two that follow it. It is none of those
# that the system gives to outgoing connections, which could take it before the broker does.
free_port() {
    python3 - <<'PROGRAM'
import random, socket

def is_free(port):
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) != 0

while not all(map(is_free, range(port := random.randrange(16384, 32766), port + 3))):
    pass
print(port)
PROGRAM
}

# await COMMAND...: tries a command until it succeeds, for at most 10 seconds, or $AWAIT_MS milliseconds.
await() {
    local deadline=$(($(now_ms) + ${AWAIT_MS:-10000}))
    until "$@"; do
        (($(now_ms) < deadline)) || return 1
        sleep 0.05
    done
}

# listens PORT: whether somebody accepts connections there.
listens() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# on_exit COMMAND: runs it when the script ends, however it ends.
on_exit() {
    trap "$1" EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

# end PID: ends a process that this script started, and waits for it.
end() {
    [[ -n ${1:-} ]] || return 0
    kill "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

LIB_EPOCH_MS=0
LIB_EPOCH_MS=$(now_ms)
