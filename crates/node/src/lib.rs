//! The Node-API surface of miou-core: conversion only. What the calls mean is said in the core.
#![expect(clippy::needless_pass_by_value, reason = "Node-API hands values over")]

pub mod descriptors;
pub mod domain;
mod memory;
mod node_loop;
pub mod objects;
mod uv;
pub mod waits;
