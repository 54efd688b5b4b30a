//! What the world wants done on the network.

use std::{cell::RefCell, collections::VecDeque, rc::Rc};

use mqttspec_fleet::{plan::Micros, world::Far};
use reference_broker::{Input, Output};

/// Something that is to be done.
#[derive(Debug)]
pub(super) enum Wish {
    /// To tell the broker something, over the network.
    Tell(Input),
    /// To end the broker.
    End,
    /// To start it again.
    Begin,
}

/// The far end of the world's connections: it notes what is to be done there.
#[derive(Clone, Debug)]
pub(super) struct Wishes {
    queue: Rc<RefCell<VecDeque<Wish>>>,
    /// Whether the broker was launched here, so that it can be restarted.
    is_ours: bool,
}

impl Wishes {
    /// None yet. `is_ours` says whether the broker was launched here.
    pub(super) fn new(is_ours: bool) -> Self {
        Self { queue: Rc::default(), is_ours }
    }

    /// The next thing to be done.
    pub(super) fn next(&self) -> Option<Wish> {
        self.queue.borrow_mut().pop_front()
    }
}

impl Far for Wishes {
    fn handle(&mut self, _: Micros, input: Input, _: &mut Vec<Output>) {
        self.queue.borrow_mut().push_back(Wish::Tell(input));
    }

    fn next_timeout(&self) -> Option<Micros> {
        None
    }

    fn restart(&mut self) -> bool {
        if self.is_ours {
            self.queue.borrow_mut().push_back(Wish::End);
        }
        // Otherwise whoever runs the broker can restart it; the fleet takes what comes.
        self.is_ours
    }

    fn returns(&mut self) {
        self.queue.borrow_mut().push_back(Wish::Begin);
    }

    fn opens_at_once(&self) -> bool {
        false
    }
}
