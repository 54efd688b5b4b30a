//! Built-in profiles: what is publicly documented of services, so that clients meet the same restrictions here.

/// A service whose documented restrictions are built in.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// How it is chosen.
    pub name: &'static str,
    /// A file of settings in TOML, whose comments cite the documents that it follows.
    pub text: &'static str,
}

/// All built-in profiles.
pub static PROFILES: &[Profile] = &[
    Profile { name: "aws-iot-core", text: include_str!("../../profiles/aws-iot-core.toml") },
    Profile { name: "azure-iot-hub", text: include_str!("../../profiles/azure-iot-hub.toml") },
    Profile { name: "azure-event-grid", text: include_str!("../../profiles/azure-event-grid.toml") },
];
