//! Shows a fleet while it plays: in the terminal, and to whoever asks over HTTP.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use mqttspec_fleet::{layout::Layout, world::Progress};

use super::super::{
    BadInput,
    terminal::{Terminal, complain},
};
use crate::fleet::live::{Live, Meter};

/// How often it is shown.
const AGAIN: Duration = Duration::from_millis(500);

/// Shows a fleet while it plays.
#[derive(Debug)]
pub(super) struct Watching<'a> {
    meter: Meter<'a>,
    draws: bool,
    live: Option<Live>,
    shown: Option<Instant>,
}

impl<'a> Watching<'a> {
    /// In the terminal, if it is one, and at this address, if there is one. `about` says against what it is played.
    pub(super) fn new(
        layout: &'a Layout,
        about: &str,
        address: Option<SocketAddr>,
        terminal: Terminal,
    ) -> Result<Self, BadInput> {
        let serve = |address| {
            let served = Live::serve(address, &layout.plan.title, about);
            served.map_err(|error| BadInput::new(format!("cannot show the fleet at {address}: {error}")))
        };
        let live = address.map(serve).transpose()?;
        if let Some(live) = &live {
            let address = live.address();
            complain(&format!(
                "the fleet is shown at http://{address}/, its numbers at http://{address}/metrics\n"
            ));
        }
        Ok(Self { meter: Meter::new(layout), draws: terminal.redraw_width.is_some(), live, shown: None })
    }

    /// Shows it, if it was not shown just now.
    pub(super) fn look(&mut self, progress: &Progress<'_>) {
        let is_due = self.shown.is_none_or(|shown| shown.elapsed() >= AGAIN);
        if !is_due || !self.draws && self.live.is_none() {
            return;
        }
        self.shown = Some(Instant::now());
        let reading = self.meter.read(progress);
        if self.draws {
            complain(&format!("\r\u{1b}[K{reading}"));
        }
        if let Some(live) = &self.live {
            live.tell(reading);
        }
    }

    /// It is over.
    pub(super) fn clear(&self) {
        if self.draws && self.shown.is_some() {
            complain("\r\u{1b}[K");
        }
    }

    /// Tells what it came to.
    pub(super) fn conclude(self, conclusion: String) {
        if let Some(live) = self.live {
            live.conclude(conclusion);
        }
    }
}
