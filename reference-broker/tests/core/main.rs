//! The broker's core, driven in virtual time.

mod connecting;
mod publishing;
mod retaining;
mod subscribing;
mod world;
