//! Values between JavaScript and where they rest. JavaScript describes one in the header of the ring before the call that
//! takes it over, and finds there the one that a call gives it.

use std::sync::Arc;

use super::Domain;
use crate::fifo::Fifo;
use crate::object::{ObjectKind, Part};
use crate::reclaim::sweep;
use crate::ring::header;
use crate::value::{Parcel, Value, form};

/// Most bytes of a value that cross in the send area: behind them there is room for the handles of its descriptors.
const SHORT: usize = 16 << 10;

/// There is no value.
pub const EMPTY: i32 = -1;
/// There is one with something in it that moves with it, such as a descriptor: it can't be copied.
pub const REFUSED: i32 = -2;

impl Domain {
    /// Lays down the bytes of the next value, where it is a long one.
    pub fn lay(&mut self, bytes: Box<[u8]>) {
        self.laid = Some(bytes);
    }

    /// The long value that was taken or looked at last.
    pub fn fetch(&mut self) -> Option<Arc<Parcel>> {
        self.fetched.take()
    }

    /// The value that JavaScript describes, with the descriptors and objects that were packed for it.
    pub(super) fn incoming(&mut self) -> Value {
        let form = self.ring.header(header::FORM);
        if form <= form::NUMBER {
            let number = self.ring.number();
            return Value::Plain { form, number };
        }
        let (offset, length) = (self.ring.header(header::OFFSET), self.ring.header(header::LENGTH));
        let bytes = if length < 0 {
            self.laid.take()
        } else {
            self.ring.sent(offset, length).map(Into::into)
        };
        let bytes = bytes.unwrap_or_default();
        if form <= form::INLINE {
            return Value::Parcel(Arc::new(Parcel::new(form, bytes, Vec::new())));
        }
        // Messages that were submitted before it take what was packed for them.
        self.drain();
        let parcel = Parcel::new(form, bytes, std::mem::take(&mut self.sharing));
        let run = self.ring.header(header::CARGO);
        Value::Parcel(Arc::new(if run < 0 {
            parcel
        } else {
            parcel.moving(self.departing(), run as u32)
        }))
    }

    /// Lays down a value for JavaScript and says its form. Whoever takes it (not only looks) takes its descriptors over.
    pub(super) fn answer(&mut self, value: Value, take: bool) -> i32 {
        let parcel = match value {
            Value::Plain { form, number } => {
                self.ring.set_number(number);
                return form;
            }
            Value::Parcel(parcel) => parcel,
        };
        self.hold(parcel.objects.iter().cloned());
        let cargo = if take { parcel.take_cargo() } else { Vec::new() };
        self.ring.set_header(header::CARGO, cargo.len() as i32);
        let short = parcel.bytes.len() <= SHORT;
        let mut bytes = if short { parcel.bytes.to_vec() } else { Vec::new() };
        let length = if short { bytes.len() as i32 } else { -1 };
        self.ring.set_header(header::LENGTH, length);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes.extend(self.arriving(cargo));
        self.ring.answer(self.ring.header(header::OFFSET), &bytes);
        let form = parcel.form;
        if !short {
            self.fetched = Some(parcel);
        }
        self.to_sweep |= take;
        form
    }

    fn queue(&self, word: u32) -> Option<&Fifo<Value>> {
        match &self.objects.get(&word)?.part {
            Part::Queue(queue) => Some(queue),
            _ => None,
        }
    }

    fn chosen(&self) -> u32 {
        self.ring.header(header::OBJECT) as u32
    }

    /// Puts the value that JavaScript describes behind the others of a queue.
    pub fn enqueue(&mut self) {
        let value = self.incoming();
        if let Some(queue) = self.queue(self.chosen()) {
            queue.push(value);
        }
    }

    /// Takes the oldest value of a queue and lays it down for JavaScript, in the form that is returned; or `EMPTY`.
    pub fn dequeue(&mut self) -> i32 {
        let value = self.queue(self.chosen()).and_then(Fifo::pop);
        value.map_or(EMPTY, |value| self.answer(value, true))
    }

    /// As [`Domain::dequeue`], of a copy: the value stays where it is. `REFUSED`: it can't be copied.
    pub fn peek(&mut self) -> i32 {
        match self.queue(self.chosen()).and_then(Fifo::peek) {
            None => EMPTY,
            Some(value) if value.moves() => REFUSED,
            Some(value) => self.answer(value, false),
        }
    }

    /// How many values are in a queue.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.queue(self.chosen()).map_or(0, Fifo::len)
    }

    /// A new queue with the values that are in this one at one moment of the call: taken out of it, or copied. Its word, or
    /// what is below zero: `REFUSED`, some of them can't be copied; otherwise as [`Domain::create`].
    pub fn pour(&mut self, word: u32, take: bool) -> i32 {
        let created = match self.create(ObjectKind::Queue, None) {
            Ok(created) => created,
            Err(errno) => return errno,
        };
        let values = self
            .queue(word)
            .map_or_else(Vec::new, |queue| if take { queue.take_all() } else { queue.to_vec() });
        if !take && values.iter().any(Value::moves) {
            self.release(created);
            return REFUSED;
        }
        self.to_sweep |= take;
        if let Some(queue) = self.queue(created) {
            values.into_iter().for_each(|value| queue.push(value));
        }
        created as i32
    }

    /// Closes the descriptors that rest in queues and belong to a run; how many those were.
    #[must_use]
    pub fn close_queued(&self, run: u32) -> usize {
        let objects = self.world().objects().all();
        let queues = objects.iter().filter_map(|object| {
            if let Part::Queue(queue) = &object.part {
                Some(queue)
            } else {
                None
            }
        });
        let close = |value: Value| {
            if let Value::Parcel(parcel) = value {
                parcel.close_cargo(run)
            } else {
                0
            }
        };
        queues.flat_map(Fifo::to_vec).map(close).sum()
    }

    /// Frees the memory of values that were taken.
    pub(super) fn sweep(&mut self) {
        if std::mem::take(&mut self.to_sweep) {
            sweep();
        }
    }
}
