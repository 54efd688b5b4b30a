//! A fleet while it plays: a line in the terminal, a page, and numbers for Prometheus.

mod page;
mod reading;
mod server;

pub use self::{
    reading::{Meter, Reading},
    server::Live,
};
