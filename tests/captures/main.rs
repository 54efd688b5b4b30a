//! Captures of real conversations, read and judged as a whole.

mod folder;
