//! Build script of `crates/node`: the linker flags that a Node addon needs. On Linux that includes
//! `-z nodelete`, without which the exit of one worker would unload code that other threads still run.

fn main() {
    napi_build::setup();
}
