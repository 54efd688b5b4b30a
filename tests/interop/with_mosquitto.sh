#!/usr/bin/env bash
# Mosquitto's clients against a broker, in both versions over TCP and TLS; they speak no WebSocket.
#
# usage: with_mosquitto.sh CA FOLDER TCP_PORT TLS_PORT      with CA the certificate to trust, FOLDER for what is written
set -euo pipefail

ca=$1 folder=$2 tcp=$3 tls=$4
out=$folder/out
subscriber=
members=()

fail() {
    echo "mosquitto, $scheme, $version: $1; the subscriber says:" >&2
    tail -n 20 "$out" >&2
    exit 1
}

trap 'kill $subscriber "${members[@]}" 2>/dev/null || true' EXIT

publish() {
    mosquitto_pub "${place[@]}" -V "$version" "$@"
}

# subscribe OPTION...: starts a subscriber that prints `message TOPIC PAYLOAD QOS RETAINED`, and awaits its SUBACK, which
# one that resumes a session may not need.
subscribe() {
    : >"$out"
    stdbuf -oL mosquitto_sub "${place[@]}" -V "$version" -W 60 -d -F 'message %t %p %q %r' "$@" >"$out" 2>&1 &
    subscriber=$!
    until grep -q '^Subscribed' "$out"; do
        # One that has left by now may have subscribed before.
        kill -0 "$subscriber" 2>/dev/null || grep -q '^message\|^Subscribed' "$out" || fail "it did not subscribe"
        ! grep -q '^message' "$out" || break
        sleep 0.02
    done
}

# received LINE...: the subscriber ends by itself, and these are its messages in this order.
received() {
    wait "$subscriber" || fail "not all messages came"
    subscriber=
    [[ $(grep '^message' "$out") == "$(printf 'message %s\n' "$@")" ]] || fail "other messages came than $*"
}

qos_levels() {
    for qos in 0 1 2; do
        subscribe -q "$qos" -t "$topic/+/$qos" -C 2
        publish -q "$qos" -t "$topic/live/$qos" -m one
        publish -q "$qos" -t "$topic/live/$qos" -m two
        received "$topic/live/$qos one $qos 0" "$topic/live/$qos two $qos 0"
    done
}

retained() {
    publish -q 1 -t "$topic/retained" -m kept --retain
    subscribe -q 1 -t "$topic/retained" -C 1
    received "$topic/retained kept 1 1"
    publish -q 1 -t "$topic/retained" -n --retain
}

# The one that is killed has its will published, the one that takes its leave has not.
wills() {
    subscribe -q 1 -t "$topic/will" -C 2
    local mortal
    # What an earlier one said must not be taken for this one's.
    : >"$folder/mortal"
    stdbuf -oL mosquitto_sub "${place[@]}" -V "$version" -d -t "$topic/x" --will-topic "$topic/will" --will-payload gone \
        --will-qos 1 >"$folder/mortal" 2>&1 &
    mortal=$!
    until grep -qi 'suback\|^Subscribed' "$folder/mortal"; do
        kill -0 "$mortal" 2>/dev/null || fail "the client with a will ended"
        sleep 0.02
    done
    { kill -KILL "$mortal" && wait "$mortal"; } 2>/dev/null || true
    until grep -q '^message' "$out"; do
        kill -0 "$subscriber" 2>/dev/null || fail "the will did not come"
        sleep 0.02
    done
    mosquitto_sub "${place[@]}" -V "$version" -t "$topic/x" --will-topic "$topic/will" --will-payload 'not published' -E
    publish -q 1 -t "$topic/will" -m next
    received "$topic/will gone 1 0" "$topic/will next 1 0"
}

resumed() {
    local kept=(-c -i "sleeper-$scheme-$version" -q 2 -t "$topic/kept")
    [[ $version == mqttv5 ]] && kept+=(-x 60)
    subscribe "${kept[@]}" -E
    wait "$subscriber" || fail "it did not leave"
    publish -q 1 -t "$topic/kept" -m 'while away'
    publish -q 2 -t "$topic/kept" -m 'still away'
    subscribe "${kept[@]}" -C 2
    received "$topic/kept while away 1 0" "$topic/kept still away 2 0"
}

large() {
    head -c 10000000 /dev/zero | tr '\0' 'x' >"$folder/large"
    : >"$out"
    mosquitto_sub "${place[@]}" -V "$version" -W 60 -q 1 -t "$topic/large" -C 1 -N >"$folder/got" 2>"$out" &
    subscriber=$!
    until cmp -s "$folder/large" "$folder/got"; do
        kill -0 "$subscriber" 2>/dev/null || fail "another payload came"
        publish -q 1 -t "$topic/large" -f "$folder/large"
        sleep 0.2
    done
    wait "$subscriber"
    subscriber=
}

# Each message comes to one of two members.
shared() {
    local number expected
    members=()
    for number in 1 2; do
        subscribe -q 1 -t "\$share/group/$topic/shared"
        members+=("$subscriber")
        out=$folder/other
    done
    for number in {0..9}; do
        publish -q 1 -t "$topic/shared" -m "$number"
    done
    expected=$(printf "message $topic/shared %s 1 0\n" {0..9})
    until [[ $(shares | wc -l) -ge 10 ]]; do
        kill -0 "${members[@]}" 2>/dev/null || fail "not all messages came"
        sleep 0.02
    done
    { kill "${members[@]}" && wait "${members[@]}"; } 2>/dev/null || true
    [[ $(shares | sort) == "$expected" ]] || fail "other messages came than 0 to 9"
    out=$folder/out subscriber=
    members=()
}

shares() {
    grep -h '^message' "$folder/out" "$folder/other" || true
}

# A publisher knows one topic only, so not each of them has one.
topics() {
    local filters=() number expected=()
    for number in {1..10000}; do
        filters+=(-t "$topic/many/$number")
    done
    subscribe "${filters[@]}" -C 100
    for number in {100..10000..100}; do
        publish -t "$topic/many/$number" -m "at $number"
        expected+=("$topic/many/$number at $number 0 0")
    done
    received "${expected[@]}"
}

for scheme in mqtt mqtts; do
    case $scheme in
    mqtt) place=(-h 127.0.0.1 -p "$tcp") ;;
    mqtts) place=(-h 127.0.0.1 -p "$tls" --cafile "$ca") ;;
    esac
    for version in mqttv311 mqttv5; do
        topic=mosquitto/$scheme/$version
        behaviours=(qos_levels retained wills resumed large topics)
        [[ $version == mqttv311 ]] || behaviours+=(shared)
        for behaviour in "${behaviours[@]}"; do
            "$behaviour"
        done
        echo "mosquitto, $scheme, $version: ${behaviours[*]}"
    done
done
