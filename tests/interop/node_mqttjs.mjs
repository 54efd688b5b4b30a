// MQTT.js against a broker, in both versions over every transport.
//
// usage: node node_mqttjs.mjs CA URL...      with CA the certificate to trust, and URLs like mqtts://127.0.0.1:8883

import { readFileSync } from "node:fs";
import { connect } from "mqtt";

const DEADLINE = 60_000;
const LARGE = 10_000_000;
const TOPICS = 10_000;

/** Fails if the promise takes too long. */
function soon(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} takes too long`)), DEADLINE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function same(got, expected) {
  const [one, other] = [JSON.stringify(got), JSON.stringify(expected)];
  if (one !== other) throw new Error(`expected ${other?.slice(0, 99)}, got ${one?.slice(0, 99)}`);
}

/** A client, whose messages wait until they are asked for. */
class Client {
  #waiting = [];
  #asked = [];

  static async open(place, name, { resume = false, will } = {}) {
    const self = new Client();
    const properties = place.version === 5 ? { sessionExpiryInterval: resume ? 60 : 0 } : undefined;
    const options = {
      clientId: name, protocolVersion: place.version, clean: !resume, will, properties,
      reconnectPeriod: 0, ca: place.ca, rejectUnauthorized: true, manualConnect: true,
    };
    self.mqtt = connect(place.url, options);
    self.mqtt.on("message", (topic, payload, packet) => self.#take({ topic, payload, packet }));
    const connected = new Promise((resolve, reject) => {
      self.mqtt.once("connect", resolve);
      self.mqtt.once("error", reject);
      self.mqtt.once("close", () => reject(new Error("the connection was closed")));
    });
    self.mqtt.connect();
    self.connack = await soon(connected, "connecting");
    return self;
  }

  #take(message) {
    const next = this.#asked.shift();
    if (next) next(message);
    else this.#waiting.push(message);
  }

  next() {
    const message = this.#waiting.shift();
    if (message) return Promise.resolve(message);
    return soon(new Promise((resolve) => this.#asked.push(resolve)), "a message");
  }

  async subscribe(filters, qos) {
    const granted = await soon(this.mqtt.subscribeAsync(filters, { qos }), "subscribing");
    same(granted.map((one) => one.qos), granted.map(() => qos));
  }

  publish(topic, payload, options) {
    return soon(this.mqtt.publishAsync(topic, payload, options), "publishing");
  }

  async expect(topic, payload, qos, retain = false) {
    const got = await this.next();
    same([got.topic, got.packet.qos, got.packet.retain], [topic, qos, retain]);
    if (!got.payload.equals(Buffer.from(payload))) throw new Error(`another payload: ${got.payload.subarray(0, 99)}`);
  }

  leave() {
    return soon(this.mqtt.endAsync(), "leaving");
  }

  /** Loses the network connection. */
  vanish() {
    this.mqtt.stream.destroy();
    return soon(this.mqtt.endAsync(true), "vanishing");
  }
}

class Place {
  #count = 0;

  constructor(url, version, ca) {
    this.url = url;
    this.version = version;
    this.ca = ca;
    this.scheme = new URL(url).protocol.slice(0, -1);
    this.topic = `mqttjs/${this.scheme}/${version}`;
  }

  client(options) {
    this.#count += 1;
    return Client.open(this, `${this.topic}/${this.#count}`, options);
  }
}

async function qosLevels(place) {
  const client = await place.client();
  for (const qos of [0, 1, 2]) {
    const topic = `${place.topic}/qos${qos}`;
    await client.subscribe(topic, qos);
    // All at once: MQTT.js does not heed the Receive Maximum of a server by itself.
    const numbers = [...Array(100).keys()].map(String);
    const published = Promise.all(numbers.map((number) => client.publish(topic, number, { qos })));
    for (const number of numbers) await client.expect(topic, number, qos);
    await published;
  }
  await client.leave();
}

async function retained(place) {
  const client = await place.client();
  const topic = `${place.topic}/retained`;
  await client.publish(topic, "kept", { qos: 1, retain: true });
  await client.subscribe(topic, 1);
  await client.expect(topic, "kept", 1, true);
  await client.publish(topic, "", { qos: 1, retain: true });
  await client.leave();
}

async function wills(place) {
  const watcher = await place.client();
  const topic = `${place.topic}/will`;
  await watcher.subscribe(topic, 1);
  const will = (payload) => ({ will: { topic, payload: Buffer.from(payload), qos: 1, retain: false } });
  await (await place.client(will("gone"))).vanish();
  await watcher.expect(topic, "gone", 1);
  await (await place.client(will("not published"))).leave();
  await watcher.publish(topic, "next", { qos: 1 });
  await watcher.expect(topic, "next", 1);
  await watcher.leave();
}

async function resumed(place) {
  const [name, topic] = [`${place.topic}/sleeper`, `${place.topic}/kept`];
  let sleeper = await Client.open(place, name, { resume: true });
  await sleeper.subscribe(topic, 2);
  await sleeper.leave();
  const publisher = await place.client();
  for (const qos of [1, 2]) await publisher.publish(topic, `at ${qos}`, { qos });
  await publisher.leave();
  sleeper = await Client.open(place, name, { resume: true });
  same(sleeper.connack.sessionPresent, true);
  for (const qos of [1, 2]) await sleeper.expect(topic, `at ${qos}`, qos);
  await sleeper.leave();
}

async function shared(place) {
  const members = [await place.client(), await place.client()];
  for (const member of members) await member.subscribe(`$share/group/${place.topic}/shared`, 1);
  const publisher = await place.client();
  const got = [];
  const all = new Promise((resolve) => {
    for (const member of members) {
      member.mqtt.on("message", (_, payload) => {
        got.push(Number(payload));
        if (got.length === 50) resolve();
      });
    }
  });
  for (let number = 0; number < 50; number += 1) {
    await publisher.publish(`${place.topic}/shared`, String(number), { qos: 1 });
  }
  await soon(all, "what is shared");
  same(got.sort((one, other) => one - other), [...Array(50).keys()]);
  for (const client of [...members, publisher]) await client.leave();
}

async function large(place) {
  const client = await place.client();
  const payload = Buffer.alloc(LARGE, "0123456789");
  await client.subscribe(`${place.topic}/large`, 1);
  await client.publish(`${place.topic}/large`, payload, { qos: 1 });
  await client.expect(`${place.topic}/large`, payload, 1);
  await client.leave();
}

async function topics(place) {
  const client = await place.client();
  const names = [...Array(TOPICS).keys()].map((number) => `${place.topic}/many/${number}`);
  for (let start = 0; start < TOPICS; start += 1_000) await client.subscribe(names.slice(start, start + 1_000), 0);
  for (const name of names) client.mqtt.publish(name, name);
  for (const name of names) await client.expect(name, name, 0);
  await client.leave();
}

const [caFile, ...urls] = process.argv.slice(2);
const ca = readFileSync(caFile);
for (const url of urls) {
  for (const [version, number] of [["3.1.1", 4], ["5.0", 5]]) {
    const place = new Place(url, number, ca);
    const behaviours = [qosLevels, retained, wills, resumed, large, topics];
    if (number === 5) behaviours.push(shared);
    for (const behaviour of behaviours) {
      try {
        await behaviour(place);
      } catch (error) {
        console.error(`MQTT.js, ${place.scheme}, MQTT ${version}, ${behaviour.name}: ${error.stack}`);
        process.exit(1);
      }
    }
    console.log(`MQTT.js, ${place.scheme}, MQTT ${version}: ${behaviours.map((one) => one.name).join(", ")}`);
  }
}
