# What one does here all day. `just` alone lists it.

[private]
default:
    @just --list --unsorted

# Run every test of the workspace
test *arguments:
    cargo test --workspace {{arguments}}

# What a change has to pass besides its tests
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# Format the code
fmt:
    cargo fmt --all

# Check licences, duplicates and sources of the dependencies (needs cargo-deny)
deny:
    cargo deny check bans licenses sources

# Play the suite against the embedded broker, or against a URL: `just run mqtt://127.0.0.1:1883`
run *arguments:
    cargo run --release -- run {{arguments}}

# Play the suite against a mosquitto of its own on a free loopback port
mosquitto *arguments:
    cargo build --release
    .ci/with-broker mosquitto sh -c 'target/release/mqttspec run "$MQTT_URL" "$@"' mqttspec {{arguments}}

# Have other people's clients use the embedded broker
interop:
    cargo build --release
    .ci/interop

# Measure the embedded broker with mosquitto beside it, and write docs/benchmark.md
bench:
    .ci/bench

# Measure fleets over sockets with a bare client beside them, and write docs/fleet-benchmark.md
bench-fleet:
    .ci/bench-fleet

# Measure fleets of up to a million devices in virtual time, and write docs/fleet-virtual.md
bench-fleet-virtual:
    .ci/bench-fleet-virtual

# Measure how fast captures are judged, with tshark beside it
bench-captures:
    .ci/bench-captures

# Measure what watching costs clients and a broker
bench-watch:
    .ci/bench-watch

# Everything that CI does
ci:
    .ci/run
