//! A value at rest, in a queue or as the outcome of a computation, from where any domain may take it.

use std::sync::{Arc, Mutex};

use crate::descriptor::Descriptor;
use crate::fifo::Element;
use crate::object::Object;
use crate::world::held;

/// How a value is represented. The numbers are those by which JavaScript knows the forms.
pub mod form {
    /// A number; those below it are `undefined`, `null`, `true` and `false`.
    pub const NUMBER: i32 = 4;
    /// A few bytes, or, one below it, a short text. What is above it is serialised, in ways that JavaScript tells apart.
    pub const INLINE: i32 = 6;
}

/// A value.
#[derive(Clone, Debug)]
pub enum Value {
    /// One that needs no bytes.
    Plain {
        /// Which form, at most `NUMBER`.
        form: i32,
        /// The number.
        number: f64,
    },
    /// One that does.
    Parcel(Arc<Parcel>),
}

/// A value in bytes, with what goes with them.
#[derive(Debug)]
pub struct Parcel {
    /// Which form, above `NUMBER`.
    pub form: i32,
    /// Its encoding.
    pub bytes: Box<[u8]>,
    /// Objects that it names, which it keeps alive.
    pub objects: Vec<Arc<Object>>,
    /// Something in it moves with it, so that it can't be copied.
    pub moves: bool,
    /// Descriptors that do, in the order in which it names them. Whoever takes the value takes them over.
    cargo: Option<Mutex<Cargo>>,
}

/// Descriptors and the run that they belong to.
#[derive(Debug)]
struct Cargo {
    run: u32,
    descriptors: Vec<Descriptor>,
}

impl Parcel {
    /// A value in bytes.
    #[must_use]
    pub fn new(form: i32, bytes: Box<[u8]>, objects: Vec<Arc<Object>>) -> Self {
        Self {
            form,
            bytes,
            objects,
            moves: false,
            cargo: None,
        }
    }

    /// It moves, with these descriptors, which belong to `run`.
    #[must_use]
    pub fn moving(self, descriptors: Vec<Descriptor>, run: u32) -> Self {
        let cargo = (!descriptors.is_empty()).then(|| Mutex::new(Cargo { run, descriptors }));
        Self {
            moves: true,
            cargo,
            ..self
        }
    }

    /// Takes its descriptors over.
    #[must_use]
    pub fn take_cargo(&self) -> Vec<Descriptor> {
        self.cargo
            .as_ref()
            .map_or_else(Vec::new, |cargo| std::mem::take(&mut held(cargo).descriptors))
    }

    /// Closes its descriptors where they belong to `run`; how many those were.
    #[must_use]
    pub fn close_cargo(&self, run: u32) -> usize {
        let Some(cargo) = &self.cargo else { return 0 };
        let closed = {
            let mut cargo = held(cargo);
            if cargo.run == run {
                std::mem::take(&mut cargo.descriptors)
            } else {
                Vec::new()
            }
        };
        closed.len()
    }
}

impl Value {
    /// Whether something in it moves with it, so that it can't be copied.
    #[must_use]
    pub fn moves(&self) -> bool {
        matches!(self, Self::Parcel(parcel) if parcel.moves)
    }

    /// Nobody will take it any more: closes its descriptors.
    pub fn close(&self) {
        if let Self::Parcel(parcel) = self {
            drop(parcel.take_cargo());
        }
    }
}

impl Element for Value {
    fn is_plain(&self) -> bool {
        matches!(self, Self::Plain { .. })
    }
}
