//! Packet captures.
//!
//! [`synthesis`] makes the frames that a conversation would have been on a network; [`pcapng`] writes frames to a file.

pub mod pcapng;
pub mod synthesis;
