//! The tables of the standard: which properties and which Reason Codes a packet may carry, and from whom.

pub(crate) mod properties;
pub(crate) mod reasons;

#[cfg(test)]
mod tests;
