//! `mqttspec broker --explain`.

use std::{
    env, fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    process,
    time::Duration,
};

use super::broker::Broker;

#[test]
fn the_log_names_the_rules_below_each_packet() {
    let file = env::temp_dir().join(format!("mqttspec-explain-{}", process::id()));
    let broker = Broker::start(&["--explain", &file.display().to_string()]).unwrap();
    let mut stream = TcpStream::connect(broker.url().trim_start_matches("mqtt://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x0a\x00\x01a\xC0\x00").unwrap();
    let mut answers = [0; 6];
    stream.read_exact(&mut answers).unwrap();
    assert_eq!(answers[4], 0xD0, "PINGRESP");
    let log = fs::read_to_string(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let ping = log.split_once("> PINGREQ\n").unwrap().1;
    let rule = "pingreq-answered: PINGREQ is answered with PINGRESP. v3.1.1:3.12.4-1\n";
    assert!(ping.contains(rule) && ping.ends_with(" \"a\" < PINGRESP\n"), "{log}");
}
