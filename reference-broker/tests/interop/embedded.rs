//! A broker in tests that are tasks of tokio, with clients that are tasks, too.

use std::time::{Duration, Instant};

use reference_broker::net::Embedded;
use rumqttc::v5::{AsyncClient, Event, Incoming, MqttOptions, mqttbytes::QoS};
use tokio::sync::mpsc;

/// A message makes its way, and the broker ends in no time, although a client may not be able to go on meanwhile.
async fn serves_and_ends() {
    let broker = Embedded::start().unwrap();
    let options = MqttOptions::new("a", "127.0.0.1", broker.address().port());
    let (client, mut events) = AsyncClient::new(options, 10);
    let (tell, mut told) = mpsc::channel(10);
    let task = tokio::spawn(async move {
        while let Ok(event) = events.poll().await {
            if let Event::Incoming(Incoming::Publish(message)) = event {
                tell.send(message.payload).await.unwrap();
            }
        }
    });
    client.subscribe("t", QoS::AtLeastOnce).await.unwrap();
    client.publish("t", QoS::AtLeastOnce, false, "x").await.unwrap();
    assert_eq!(told.recv().await.unwrap(), "x");
    let started = Instant::now();
    drop(broker);
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    // The client is told.
    task.await.unwrap();
}

#[tokio::test]
async fn in_one_thread() {
    serves_and_ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_many_threads() {
    serves_and_ends().await;
}
