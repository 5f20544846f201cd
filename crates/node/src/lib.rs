//! The Node-API surface of miou-core: conversion only. What the calls mean is said in the core.

mod domain;
mod memory;
mod node_loop;
mod uv;
