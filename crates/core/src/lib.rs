//! The mechanism under miou, with no Node in it: what a domain shares with its JavaScript ([`ring`]), what it asks of the
//! system ([`poller`], [`op`]), and how domains meet ([`mailbox`], [`mutex`], [`condition`]).

pub mod computation;
pub mod condition;
pub mod fifo;
pub mod futex;
pub mod inbox;
mod line;
pub mod mutex;
pub mod parker;
pub mod primitive;
pub mod queue;
pub mod reclaim;
pub mod trigger;

// What follows is made of the parts above, which is what loom's models are about.
#[cfg(not(loom))]
pub mod address;
#[cfg(not(loom))]
pub mod alarm;
#[cfg(not(loom))]
pub mod descriptor;
#[cfg(not(loom))]
pub mod domain;
#[cfg(not(loom))]
pub mod exhaustion;
#[cfg(not(loom))]
pub mod listeners;
#[cfg(not(loom))]
pub mod mailbox;
#[cfg(not(loom))]
pub mod number;
#[cfg(not(loom))]
pub mod object;
#[cfg(not(loom))]
pub mod objects;
#[cfg(not(loom))]
pub mod op;
#[cfg(not(loom))]
pub mod options;
#[cfg(not(loom))]
pub mod poller;
#[cfg(not(loom))]
pub mod printer;
#[cfg(not(loom))]
pub mod ring;
#[cfg(not(loom))]
pub mod table;
#[cfg(not(loom))]
pub mod value;
#[cfg(not(loom))]
pub mod waiting;
#[cfg(not(loom))]
pub mod waker;
#[cfg(not(loom))]
pub mod world;
