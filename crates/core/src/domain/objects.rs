//! The objects that a domain has handles of, and what its plain functions do with triggers and computations.

use std::sync::Arc;

use super::{Domain, errno};
use crate::computation::{Computation, FAILED, RETURNED};
use crate::object::{Attached, Object, ObjectKind, Part};
use crate::value::Value;

/// What tells a trigger that is attached to a computation from the waits: no domain has this place.
const TRIGGERS: u64 = 0xffff_ffff << 32;

impl Domain {
    /// An object that this domain has a handle of.
    pub(super) fn object(&self, word: u32) -> Option<Arc<Object>> {
        self.objects.get(&word).cloned()
    }

    /// Objects have arrived, of which JavaScript will have handles.
    pub(super) fn hold(&mut self, objects: impl IntoIterator<Item = Arc<Object>>) {
        self.objects
            .extend(objects.into_iter().map(|object| (object.word, object)));
    }

    /// Makes or finds an object, and says its word.
    ///
    /// # Errors
    /// As [`crate::objects::Objects::create`], as it crosses the ring.
    pub fn create(&mut self, kind: ObjectKind, name: Option<&str>) -> Result<u32, i32> {
        let created = self.world().objects().create(self.world(), kind, name);
        let object = created.map_err(|error| errno(&error))?;
        let word = object.word;
        self.hold([object]);
        Ok(word)
    }

    /// JavaScript has no handle of an object any more.
    pub fn release(&mut self, word: u32) {
        self.objects.remove(&word);
    }

    /// The next message or value names an object, and keeps it alive; `false` where this domain does not have it.
    pub fn share(&mut self, word: u32) -> bool {
        self.drain();
        let object = self.object(word);
        let known = object.is_some();
        self.sharing.extend(object);
        known
    }

    /// Signals a trigger.
    pub fn fire(&mut self, word: u32) {
        let alarm = self.object(word).and_then(|trigger| trigger.fire(self.world()));
        if let Some(alarm) = alarm {
            self.tell(alarm);
        }
    }

    /// Completes a computation with the value that JavaScript has laid down; whether it was not complete.
    pub fn complete_with(&mut self, word: u32, failed: bool) -> bool {
        let value = self.incoming();
        let Some(object) = self.object(word) else { return false };
        let Part::Computation(cell) = &object.part else {
            return false;
        };
        let outcome = if failed { FAILED } else { RETURNED };
        let completed = cell.complete(self.world().word(word), outcome, value);
        let complete = completed.is_ok();
        self.tell_all(completed.unwrap_or_default());
        complete
    }

    /// Lays down the value of a computation for JavaScript, in the form that is returned; `EMPTY`: there is none yet.
    pub fn outcome(&mut self, word: u32) -> i32 {
        let value = self.computation(word).and_then(Computation::value);
        value.map_or(super::EMPTY, |value| self.answer(value, false))
    }

    /// Has a computation signal a trigger at its end; `false` where it is over, or the trigger is signaled already.
    pub fn attach(&mut self, word: u32, trigger: u32) -> bool {
        let (Some(object), Some(trigger)) = (self.object(word), self.object(trigger)) else {
            return false;
        };
        let (Part::Computation(cell), world) = (&object.part, self.world()) else {
            return false;
        };
        let id = TRIGGERS | u64::from(trigger.word);
        !trigger.is_signaled(world)
            && cell
                .attach(world.word(word), id, Attached::Trigger(trigger), |other| {
                    other.is_stale(world)
                })
                .is_ok()
    }

    /// A computation does not signal a trigger any more; it is signaled now.
    pub fn detach(&mut self, word: u32, trigger: u32) {
        if let Some(cell) = self.computation(word) {
            drop(cell.cancel(TRIGGERS | u64::from(trigger)));
        }
        self.fire(trigger);
    }

    /// This domain computes a lazy value from now on, where nobody does and it is not there.
    pub fn claim(&mut self, word: u32) -> bool {
        let Some(object) = self.object(word) else { return false };
        let Part::Computation(cell) = &object.part else {
            return false;
        };
        cell.claim(self.world().word(word), self.place())
    }

    /// This domain does not compute a lazy value any more: those who wait for it look again.
    pub fn disclaim(&mut self, word: u32) {
        let Some(object) = self.object(word) else { return };
        let Part::Computation(cell) = &object.part else { return };
        let waiters = cell.disclaim(self.world().word(word), self.place());
        self.tell_all(waiters);
    }

    /// A task here is to complete a computation: it fails with the value that JavaScript has laid down where this domain dies
    /// before.
    pub fn entrust(&mut self, word: u32) {
        let last = self.incoming();
        if let Some(cell) = self.computation(word) {
            cell.entrust(self.place(), last);
        }
    }

    /// That task is not to complete it any more.
    pub fn relieve(&mut self, word: u32) {
        if let Some(cell) = self.computation(word) {
            cell.relieve(self.place());
        }
    }

    /// The computation of a word that this domain knows, or the one of a lazy value.
    fn computation(&self, word: u32) -> Option<&Computation<Attached, Value>> {
        match &self.objects.get(&word)?.part {
            Part::Computation(cell) => Some(cell),
            _ => None,
        }
    }

    fn tell_all(&mut self, attached: Vec<Attached>) {
        for one in attached {
            if let Some(alarm) = one.alarm(self.world()) {
                self.tell(alarm);
            }
        }
    }

    /// Tokens of the callbacks of this thread that were set off since the last time.
    pub fn rung(&mut self) -> Vec<i32> {
        std::mem::take(&mut self.rung)
    }

    /// How many callbacks of this thread were set off since the last time that they were asked for.
    #[must_use]
    pub fn ringing(&self) -> usize {
        self.rung.len()
    }
}
