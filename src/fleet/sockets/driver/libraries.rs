//! Devices whose client is a library.

use mqttspec_fleet::{follower::Deed, world::Passed};

use super::Driver;

impl Driver<'_> {
    /// Passes on what has come for clients that are a library, and takes in what they did.
    pub(super) fn serve_libraries(&mut self) {
        for (device, passed) in self.world.take_passed() {
            match passed {
                Passed::Begin => {
                    if let Err(error) = self.libraries.begin(&self.run, device, self.poll.registry()) {
                        self.hindered.get_or_insert_with(|| error.to_string());
                    }
                }
                Passed::Bytes(bytes) => {
                    if !self.libraries.pass(device, bytes) {
                        self.libraries.hang_up(device);
                        self.world.follow(self.now(), device, Deed::HangsUp);
                    }
                }
                Passed::End => self.libraries.hang_up(device),
            }
        }
        for (device, deed) in self.libraries.take_told() {
            self.world.follow(self.now(), device, deed);
        }
        if self.world.is_calm() {
            self.libraries.calm();
        }
    }

    /// Something can be done at a socket of a client that is a library.
    pub(super) fn attend_library(&mut self, token: u64) {
        let registry = self.poll.registry();
        let (device, deeds) = self.libraries.attend(token, registry, &mut self.buffer);
        for deed in deeds {
            self.world.follow(self.now(), device, deed);
        }
    }
}
