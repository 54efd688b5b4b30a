//! rumqttc against a broker, in both versions over every transport.
//!
//! usage: rust-rumqttc CA URL...      with CA the certificate to trust, and URLs like mqtts://127.0.0.1:8883

mod client;

use std::{env, error::Error, fs, process::ExitCode};

use client::{Client, Wishes};
use tokio::runtime;

const LARGE: usize = 10_000_000;
const TOPICS: usize = 10_000;

type Failure = Box<dyn Error>;

/// Where a broker listens, and in which version to speak to it.
struct Place {
    scheme: String,
    name: String,
    port: u16,
    version: u8,
    ca: Vec<u8>,
}

impl Place {
    fn new(url: &str, version: u8, ca: &[u8]) -> Result<Self, Failure> {
        let (scheme, rest) = url.split_once("://").ok_or("a URL has ://")?;
        let (name, port) = rest.split_once(':').ok_or("a URL has a port")?;
        let (scheme, name) = (scheme.to_owned(), name.to_owned());
        Ok(Self { scheme, name, port: port.parse()?, version, ca: ca.to_vec() })
    }

    fn topic(&self, name: &str) -> String {
        format!("rumqttc/{}/{}/{name}", self.scheme, self.version)
    }

    async fn client(&self, name: &str) -> Result<Client, Failure> {
        Client::open(self, &self.topic(name), Wishes::default()).await
    }
}

async fn qos_levels(place: &Place) -> Result<(), Failure> {
    let (mut client, publisher) = (place.client("c").await?, place.client("p").await?);
    for qos in 0..3 {
        let topic = place.topic(&format!("qos{qos}"));
        client.subscribe(std::slice::from_ref(&topic), qos).await?;
        for number in 0..100 {
            publisher.publish(&topic, number.to_string().as_bytes(), qos, false).await?;
        }
        for number in 0..100 {
            client.expect(&topic, number.to_string().as_bytes(), qos, false).await?;
        }
    }
    publisher.leave().await?;
    client.leave().await
}

async fn retained(place: &Place) -> Result<(), Failure> {
    let mut client = place.client("c").await?;
    let topic = place.topic("retained");
    client.publish(&topic, b"kept", 1, true).await?;
    client.published().await?;
    client.subscribe(std::slice::from_ref(&topic), 1).await?;
    client.expect(&topic, b"kept", 1, true).await?;
    client.publish(&topic, b"", 1, true).await?;
    client.published().await?;
    client.leave().await
}

async fn wills(place: &Place) -> Result<(), Failure> {
    let mut watcher = place.client("w").await?;
    let topic = place.topic("will");
    watcher.subscribe(std::slice::from_ref(&topic), 1).await?;
    let mortal = |payload| Wishes { will: Some((&topic, payload)), ..Wishes::default() };
    Client::open(place, &place.topic("mortal"), mortal("gone")).await?.vanish();
    watcher.expect(&topic, b"gone", 1, false).await?;
    Client::open(place, &place.topic("polite"), mortal("not published")).await?.leave().await?;
    watcher.publish(&topic, b"next", 1, false).await?;
    watcher.expect(&topic, b"next", 1, false).await?;
    watcher.leave().await
}

async fn resumed(place: &Place) -> Result<(), Failure> {
    let (name, topic) = (place.topic("sleeper"), place.topic("kept"));
    let wishes = || Wishes { resumes: true, will: None };
    let mut sleeper = Client::open(place, &name, wishes()).await?;
    sleeper.subscribe(std::slice::from_ref(&topic), 2).await?;
    sleeper.leave().await?;
    let mut publisher = place.client("p").await?;
    for qos in 1..3 {
        publisher.publish(&topic, format!("at {qos}").as_bytes(), qos, false).await?;
        publisher.published().await?;
    }
    publisher.leave().await?;
    let mut sleeper = Client::open(place, &name, wishes()).await?;
    if !sleeper.resumed {
        return Err("there is no session".into());
    }
    for qos in 1..3 {
        sleeper.expect(&topic, format!("at {qos}").as_bytes(), qos, false).await?;
    }
    sleeper.leave().await
}

/// Each message comes to one of two members.
async fn shared(place: &Place) -> Result<(), Failure> {
    let filter = [format!("$share/group/{}", place.topic("shared"))];
    let (mut one, mut other) = (place.client("one").await?, place.client("other").await?);
    one.subscribe(&filter, 1).await?;
    other.subscribe(&filter, 1).await?;
    let publisher = place.client("p").await?;
    let mut got = Vec::new();
    for number in 0..50 {
        publisher.publish(&place.topic("shared"), &[number], 1, false).await?;
    }
    while got.len() < 50 {
        tokio::select! {
            message = one.message() => got.extend(message?.payload),
            message = other.message() => got.extend(message?.payload),
        }
    }
    got.sort_unstable();
    if got != (0..50).collect::<Vec<_>>() {
        return Err(format!("these came: {got:?}").into());
    }
    for client in [one, other, publisher] {
        client.leave().await?;
    }
    Ok(())
}

async fn large(place: &Place) -> Result<(), Failure> {
    let mut client = place.client("c").await?;
    let (topic, payload) = (place.topic("large"), b"0123456789".repeat(LARGE / 10));
    client.subscribe(std::slice::from_ref(&topic), 1).await?;
    client.publish(&topic, &payload, 1, false).await?;
    client.expect(&topic, &payload, 1, false).await?;
    client.leave().await
}

async fn topics(place: &Place) -> Result<(), Failure> {
    let (mut client, publisher) = (place.client("c").await?, place.client("p").await?);
    let names: Vec<_> = (0..TOPICS).map(|number| place.topic(&format!("many/{number}"))).collect();
    for some in names.chunks(100) {
        client.subscribe(some, 0).await?;
    }
    for name in &names {
        publisher.publish(name, name.as_bytes(), 0, false).await?;
        client.expect(name, name.as_bytes(), 0, false).await?;
    }
    publisher.leave().await?;
    client.leave().await
}

async fn behave(place: &Place) -> Result<(), String> {
    let said = |behaviour: &'static str| move |failure: Failure| format!("{behaviour}: {failure}");
    qos_levels(place).await.map_err(said("qos levels"))?;
    retained(place).await.map_err(said("retained"))?;
    wills(place).await.map_err(said("wills"))?;
    resumed(place).await.map_err(said("resumed"))?;
    large(place).await.map_err(said("large"))?;
    topics(place).await.map_err(said("topics"))?;
    if place.version == 5 {
        shared(place).await.map_err(said("shared"))?;
    }
    Ok(())
}

async fn run(ca: &[u8], urls: &[String]) -> Result<(), String> {
    for url in urls {
        for (version, name) in [(4, "3.1.1"), (5, "5.0")] {
            let place = Place::new(url, version, ca).map_err(|failure| format!("{url}: {failure}"))?;
            behave(&place).await.map_err(|failure| format!("rumqttc, {}, MQTT {name}, {failure}", place.scheme))?;
            println!("rumqttc, {}, MQTT {name}: everything", place.scheme);
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let Some((ca, urls)) = arguments.split_first() else {
        eprintln!("usage: rust-rumqttc CA URL...");
        return ExitCode::from(2);
    };
    let done = fs::read(ca).map_err(|error| format!("{ca}: {error}")).and_then(|ca| {
        rustls::crypto::ring::default_provider().install_default().map_err(|_| "TLS has a provider".to_owned())?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
        runtime.block_on(run(&ca, urls))
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(complaint) => {
            eprintln!("{complaint}");
            ExitCode::FAILURE
        }
    }
}
