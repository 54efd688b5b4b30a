//! What the player makes of brokers that behave in one particular way each.

mod broker;
mod choice;
mod closing;
mod nulls;
mod verdicts;
