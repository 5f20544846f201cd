//! The synchronisation objects of a world: which words they have, and which names.
//!
//! What JavaScript does with a mutex's word by itself, and why that is safe, is said in [`crate::mutex`].

use std::collections::HashMap;
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use crate::computation::IDLE;
use crate::object::{Attached, Sleeper};
use crate::object::{Object, ObjectKind, Part, owner_place};
use crate::world::World;

/// The objects of a world.
#[derive(Debug)]
pub struct Objects {
    next: u32,
    end: u32,
    /// Words of objects that are gone.
    free: Vec<u32>,
    /// Objects with a name live as long as their world. A mutex and a condition may share a name.
    names: HashMap<(ObjectKind, Box<str>), Arc<Object>>,
    /// All of them, by word.
    live: HashMap<u32, Weak<Object>>,
}

impl Objects {
    /// No objects yet; their words are those from `first` up to `end`.
    #[must_use]
    pub fn new(first: u32, end: u32) -> Self {
        Self {
            next: first,
            end,
            free: Vec::new(),
            names: HashMap::new(),
            live: HashMap::new(),
        }
    }

    /// Makes an object, or finds the one of that name.
    ///
    /// # Errors
    /// `OutOfMemory` where all words are taken.
    pub fn create(&mut self, world: &Arc<World>, kind: ObjectKind, name: Option<&str>) -> io::Result<Arc<Object>> {
        if let Some(object) = name.and_then(|name| self.names.get(&(kind, name.into()))) {
            return Ok(object.clone());
        }
        let word = match self.free.pop() {
            Some(word) => word,
            None if self.next < self.end => {
                self.next += 1;
                self.next - 1
            }
            None => return Err(io::ErrorKind::OutOfMemory.into()),
        };
        let state = if kind == ObjectKind::Lazy { IDLE } else { 0 };
        world.word(word).store(state, Ordering::SeqCst);
        let object = Arc::new(Object::new(world, word, kind));
        self.live.insert(word, Arc::downgrade(&object));
        if let Some(name) = name {
            self.names.insert((kind, name.into()), object.clone());
        }
        Ok(object)
    }

    /// An object is gone: its word is free.
    pub fn gone(&mut self, world: &World, word: u32) {
        world.word(word).store(0, Ordering::SeqCst);
        self.live.remove(&word);
        self.free.push(word);
    }

    /// How many objects there are: for tests that nothing leaks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.live.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them, to be looked at once the lock of the objects is given up: the last who holds one takes that lock.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Object>> {
        self.live.values().filter_map(Weak::upgrade).collect()
    }
}

/// The domain at `place` has ended: forgets its waiters, passes on what it held, has others compute what it computed, and
/// tells them. Conditions come first, so that a waiter which is signaled meanwhile is found in the line of its mutex.
pub fn abandon(world: &World, place: u32) {
    let objects = world.objects().all();
    for object in &objects {
        if let Part::Condition(queue) = &object.part {
            queue.abandon(|owner| owner_place(owner) == place);
        }
    }
    for object in &objects {
        let word = world.word(object.word);
        match &object.part {
            Part::Mutex(queue) => queue
                .abandon(word, |owner| owner_place(owner) == place)
                .into_iter()
                .for_each(Sleeper::wake),
            Part::Trigger(trigger) => drop(trigger.abandon(word, |alarm| alarm.place() == place)),
            Part::Computation(cell) => {
                let is_dead = |attached: &Attached| matches!(attached, Attached::Task(alarm) if alarm.place() == place);
                cell.abandon(word, place, is_dead)
                    .into_iter()
                    .for_each(|attached| attached.tell(world));
            }
            Part::Condition(_) | Part::Queue(_) => {}
        }
    }
}
