//! A reference MQTT broker.
