"""paho-mqtt against a broker, in both versions over every transport.

usage: python_paho.py CA URL...      with CA the certificate to trust, and URLs like mqtts://127.0.0.1:8883
"""

import os
import queue
import sys
import time
from urllib.parse import urlparse

from paho.mqtt import client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

DEADLINE = 60
VERSIONS = {"3.1.1": paho.MQTTv311, "5.0": paho.MQTTv5}
LARGE = 10_000_000
TOPICS = 10_000


class WholeFrames(paho._WebsocketWrapper):
    """paho's WebSocket, without two faults of version 2.1 that packets of megabytes bring out."""

    def send(self, data):
        """Sends the frame to its end. paho's own says 0 for one that the socket takes in part, and its client then forgets
        the packet; if this raises `BlockingIOError` or what TLS has for it, the client comes again with the same packet."""
        if not self._sendbuffer:
            self._sendbuffer += self._create_frame(self.OPCODE_BINARY, bytearray(data))
        while self._sendbuffer:
            del self._sendbuffer[: self._socket.send(self._sendbuffer)]
        return len(data)

    def _create_frame(self, opcode, data, do_masking=1):
        """Masks a frame as one number: byte by byte, 10 MB take more than a second."""
        frame = super()._create_frame(opcode, data, do_masking=0)
        if not do_masking:
            return frame
        head, key = frame[: len(frame) - len(data)], os.urandom(4)
        head[1] |= 0x80
        keys = (key * (len(data) // 4 + 1))[: len(data)]
        masked = int.from_bytes(data, "big") ^ int.from_bytes(keys, "big")
        return head + key + masked.to_bytes(len(data), "big")


paho._WebsocketWrapper = WholeFrames


class Client:
    """A client with a thread of its own, whose events wait in queues."""

    def __init__(self, place, name, resume=False, will=None):
        self.place, self.messages = place, queue.Queue()
        self.connected, self.subscribed, self.published = queue.Queue(), queue.Queue(), queue.Queue()
        is_five = place.protocol == paho.MQTTv5
        clean = {} if is_five else {"clean_session": not resume}
        self.paho = paho.Client(
            paho.CallbackAPIVersion.VERSION2, name, protocol=place.protocol, transport=place.transport, **clean
        )
        self.paho.max_queued_messages_set(0)
        self.paho.on_connect = lambda client, data, flags, reason, properties: self.connected.put((flags, reason))
        self.paho.on_subscribe = lambda client, data, id, reasons, properties: self.subscribed.put(reasons)
        self.paho.on_publish = lambda client, data, id, reason, properties: self.published.put(id)
        self.paho.on_message = lambda client, data, message: self.messages.put(message)
        if place.ca:
            self.paho.tls_set(ca_certs=place.ca)
        if will:
            self.paho.will_set(*will, qos=1)
        options = {}
        if is_five:
            options["clean_start"] = not resume
            options["properties"] = Properties(PacketTypes.CONNECT)
            options["properties"].SessionExpiryInterval = 60 if resume else 0
        self.paho.connect(place.host, place.port, 60, **options)
        self.paho.loop_start()
        self.flags, reason = self.connected.get(timeout=DEADLINE)
        assert reason == "Success", reason

    def subscribe(self, *filters, qos=0):
        self.paho.subscribe([(filter, qos) for filter in filters])
        reasons = self.subscribed.get(timeout=DEADLINE)
        assert [reason.value for reason in reasons] == [qos] * len(filters), reasons

    def publish(self, topic, payload, qos=0, retain=False):
        """Publishes, and waits for what acknowledges it."""
        self.paho.publish(topic, payload, qos, retain).wait_for_publish(DEADLINE)

    def expect(self, topic, payload, qos=None, retain=False):
        message = self.messages.get(timeout=DEADLINE)
        got = (message.topic, message.payload, message.retain)
        assert got == (topic, payload, retain), (got[0], got[1][:99], got[2])
        assert qos is None or message.qos == qos, message.qos

    def leave(self):
        self.paho.disconnect()
        self.paho.loop_stop()

    def vanish(self):
        """Loses the network connection."""
        self.paho.socket().close()
        self.paho.loop_stop()


class Place:
    """Where a broker listens, and in which version to speak to it."""

    def __init__(self, url, version, ca):
        self.scheme, self.host, self.port = url.scheme, url.hostname, url.port
        self.protocol = VERSIONS[version]
        self.transport = "websockets" if url.scheme in ("ws", "wss") else "tcp"
        self.ca = ca if url.scheme in ("mqtts", "wss") else None
        self.topic = f"paho/{url.scheme}/{version}"
        self.count = 0

    def client(self, **options):
        self.count += 1
        return Client(self, f"{self.topic}/{self.count}", **options)


def qos_levels(place):
    # paho counts QoS 2 messages that it receives against those that it sends, so one client does not do both.
    client, publisher = place.client(), place.client()
    for qos in (0, 1, 2):
        client.subscribe(f"{place.topic}/qos{qos}", qos=qos)
        for number in range(100):
            publisher.paho.publish(f"{place.topic}/qos{qos}", str(number), qos)
        for number in range(100):
            client.expect(f"{place.topic}/qos{qos}", str(number).encode(), qos)
    publisher.leave()
    client.leave()


def retained(place):
    client = place.client()
    topic = f"{place.topic}/retained"
    client.publish(topic, b"kept", 1, retain=True)
    client.subscribe(topic, qos=1)
    client.expect(topic, b"kept", 1, retain=True)
    client.publish(topic, b"", 1, retain=True)
    client.leave()


def wills(place):
    watcher = place.client()
    topic = f"{place.topic}/will"
    watcher.subscribe(topic, qos=1)
    place.client(will=(topic, b"gone")).vanish()
    watcher.expect(topic, b"gone", 1)
    place.client(will=(topic, b"not published")).leave()
    watcher.publish(topic, b"next", 1)
    watcher.expect(topic, b"next", 1)
    watcher.leave()


def resumed(place):
    name, topic = f"{place.topic}/sleeper", f"{place.topic}/kept"
    sleeper = Client(place, name, resume=True)
    sleeper.subscribe(topic, qos=2)
    sleeper.leave()
    publisher = place.client()
    for qos in (1, 2):
        publisher.publish(topic, f"at {qos}", qos)
    publisher.leave()
    sleeper = Client(place, name, resume=True)
    assert sleeper.flags.session_present
    for qos in (1, 2):
        sleeper.expect(topic, f"at {qos}".encode(), qos)
    sleeper.leave()


def shared(place):
    members = [place.client() for _ in range(2)]
    for member in members:
        member.subscribe(f"$share/group/{place.topic}/shared", qos=1)
    publisher = place.client()
    for number in range(50):
        publisher.publish(f"{place.topic}/shared", str(number), 1)
    got = []
    deadline = time.monotonic() + DEADLINE
    while len(got) < 50 and time.monotonic() < deadline:
        for member in members:
            try:
                got.append(int(member.messages.get(timeout=0.01).payload))
            except queue.Empty:
                pass
    assert sorted(got) == list(range(50)), got
    for client in (*members, publisher):
        client.leave()


def large(place):
    client = place.client()
    payload = (bytes(range(256)) * (LARGE // 256 + 1))[:LARGE]
    client.subscribe(f"{place.topic}/large", qos=1)
    client.publish(f"{place.topic}/large", payload, 1)
    client.expect(f"{place.topic}/large", payload, 1)
    client.leave()


def topics(place):
    client = place.client()
    names = [f"{place.topic}/many/{number}" for number in range(TOPICS)]
    for start in range(0, TOPICS, 1_000):
        client.subscribe(*names[start : start + 1_000], qos=0)
    for name in names:
        client.paho.publish(name, name, 0)
    for name in names:
        client.expect(name, name.encode(), 0)
    client.leave()


def main(ca, urls):
    for url in map(urlparse, urls):
        for version in VERSIONS:
            place = Place(url, version, ca)
            behaviours = [qos_levels, retained, wills, resumed, large, topics]
            if version == "5.0":
                behaviours.append(shared)
            for behaviour in behaviours:
                try:
                    behaviour(place)
                except Exception as error:
                    sys.exit(f"paho, {url.scheme}, MQTT {version}, {behaviour.__name__}: {error!r}")
            print(f"paho, {url.scheme}, MQTT {version}: {', '.join(b.__name__ for b in behaviours)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
