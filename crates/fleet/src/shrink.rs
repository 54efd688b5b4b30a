//! From a run in which something broke to the smallest one in which it still breaks: fewer devices, fewer faults, no
//! delays, less time.

use crate::{
    history::{Decision, Finding, Promise},
    layout::Layout,
    plan::{Micros, SECOND},
    world::{LeftOut, Options, Outcome, World},
};

/// How many runs may be spent.
const RUNS: u32 = 400;

/// How many messages are tried to be left out.
const MESSAGES: usize = 10_000;

/// A smaller run.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// What it leaves out.
    pub left_out: LeftOut,
    /// The finding as it shows in it.
    pub finding: Finding,
    /// How many runs it took to find.
    pub runs: u32,
}

/// Looks for a small run that breaks the same promise; `None` if it does not break again at all. `stop` ends the search
/// early.
pub fn shrink(
    layout: &Layout,
    options: &Options,
    finding: &Finding,
    stop: &dyn Fn() -> bool,
) -> Option<Shrunk> {
    let mut search = Search { layout, options, promise: finding.promise, runs: 0, stop };
    let mut best = options.left_out.clone();
    let (_, mut found) = search.attempt(&best)?;
    let involved = {
        let mut devices = finding.devices.clone();
        devices.sort_unstable();
        devices.dedup();
        devices
    };
    search.improve(&mut best, &mut found, |left_out| left_out.devices = Some(involved.clone()));
    // What was needed may not be any more once something else is left out.
    loop {
        let before = best.clone();
        if search.round(&mut best, &mut found).is_none() || best == before {
            break;
        }
    }
    Some(Shrunk { left_out: best, finding: found, runs: search.runs })
}

fn devices(layout: &Layout) -> u32 {
    u32::try_from(layout.devices.len()).unwrap_or(u32::MAX)
}

struct Search<'a> {
    layout: &'a Layout,
    options: &'a Options,
    promise: Promise,
    runs: u32,
    stop: &'a dyn Fn() -> bool,
}

impl Search<'_> {
    /// Tries to leave out something of each kind.
    fn round(&mut self, best: &mut LeftOut, found: &mut Finding) -> Option<()> {
        let present = best.devices.clone().unwrap_or_else(|| (0..devices(self.layout)).collect());
        self.thin(best, found, present, |left_out, devices| left_out.devices = Some(devices));
        self.improve(best, found, |left_out| left_out.delays = true);
        let (outcome, _) = self.attempt(best)?;
        let mut faults = outcome.faults;
        faults.sort_unstable();
        faults.dedup();
        self.thin(best, found, faults, |left_out, faults| left_out.faults = Some(faults));
        self.shorten(best, found);
        self.fewer_messages(best, found);
        Some(())
    }

    /// Plays a run, and says how the promise breaks in it.
    fn attempt(&mut self, left_out: &LeftOut) -> Option<(Outcome, Finding)> {
        if self.runs >= RUNS || (self.stop)() {
            return None;
        }
        self.runs += 1;
        let options = Options { left_out: left_out.clone(), ..self.options.clone() };
        let outcome = World::new(self.layout, &options).play(|_| !(self.stop)());
        let same =
            |finding: &&Finding| finding.decision == Decision::Broken && finding.promise == self.promise;
        let finding = outcome.verdict.findings.iter().find(same)?.clone();
        Some((outcome, finding))
    }

    /// Makes a change if the promise still breaks with it. Whether it does.
    fn improve(
        &mut self,
        best: &mut LeftOut,
        found: &mut Finding,
        change: impl FnOnce(&mut LeftOut),
    ) -> bool {
        let mut changed = best.clone();
        change(&mut changed);
        if changed == *best {
            return false;
        }
        let Some((_, finding)) = self.attempt(&changed) else { return false };
        (*best, *found) = (changed, finding);
        true
    }

    /// Leaves out as many of `all` as possible: first halves, then quarters, at last single ones.
    fn thin<T: Clone>(
        &mut self,
        best: &mut LeftOut,
        found: &mut Finding,
        mut all: Vec<T>,
        set: impl Fn(&mut LeftOut, Vec<T>),
    ) {
        if self.improve(best, found, |left_out| set(left_out, Vec::new())) {
            return;
        }
        let mut size = all.len().div_ceil(2);
        while size > 0 && !all.is_empty() {
            let mut at = 0;
            while at < all.len() {
                let kept: Vec<T> = all.iter().take(at).chain(all.iter().skip(at + size)).cloned().collect();
                if self.improve(best, found, |left_out| set(left_out, kept.clone())) {
                    all = kept;
                } else {
                    at += size;
                }
            }
            size = if size == 1 { 0 } else { size.div_ceil(2) };
        }
    }

    /// Leaves out messages, those of the finding last.
    fn fewer_messages(&mut self, best: &mut LeftOut, found: &mut Finding) {
        let Some((outcome, _)) = self.attempt(best) else { return };
        let made = outcome.made.iter().flat_map(|(device, made)| (1..=*made).map(|nth| (*device, nth)));
        let messages: Vec<(u32, u32)> = made.take(MESSAGES).collect();
        self.thin(best, found, messages, |left_out, messages| left_out.messages = Some(messages));
    }

    /// Ends the run earlier: halves the time as long as that works, then takes smaller steps.
    fn shorten(&mut self, best: &mut LeftOut, found: &mut Finding) {
        let mut length: Micros = best.until.unwrap_or_else(|| self.layout.plan.length());
        let mut step = length / 2;
        while step >= SECOND {
            if self.improve(best, found, |left_out| left_out.until = Some(length - step)) {
                length -= step;
            }
            step = step.min(length) / 2;
        }
    }
}
