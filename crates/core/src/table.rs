//! The descriptors of a domain, by place and generation.

use crate::descriptor::Descriptor;
use crate::poller::Key;

#[derive(Debug)]
struct Place {
    /// Counts the descriptors that this place has had; a handle of an earlier one no longer fits.
    generation: u32,
    descriptor: Option<Descriptor>,
}

/// A slab with generations: a handle that was closed, or moved away, never reaches the next descriptor at its place.
#[derive(Debug, Default)]
pub struct Table {
    places: Vec<Place>,
    free: Vec<u32>,
}

impl Table {
    /// Takes a descriptor in and says where it is.
    pub fn insert(&mut self, descriptor: Descriptor) -> Key {
        let index = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place {
                generation: 0,
                descriptor: None,
            });
            self.places.len() as u32 - 1
        });
        let place = &mut self.places[index as usize];
        // Positive as an i32, which is how it crosses the ring.
        place.generation = place.generation % (i32::MAX as u32) + 1;
        place.descriptor = Some(descriptor);
        Key::of(index, place.generation)
    }

    /// The descriptor at `key`, if it is still there.
    pub fn get(&mut self, key: Key) -> Option<&mut Descriptor> {
        let place = self.places.get_mut(key.index() as usize)?;
        if place.generation == key.generation() {
            place.descriptor.as_mut()
        } else {
            None
        }
    }

    /// Takes the descriptor at `key` out.
    pub fn remove(&mut self, key: Key) -> Option<Descriptor> {
        let place = self.places.get_mut(key.index() as usize)?;
        if place.generation != key.generation() {
            return None;
        }
        let descriptor = place.descriptor.take()?;
        self.free.push(key.index());
        Some(descriptor)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptor::Kind;

    fn descriptor() -> Descriptor {
        Descriptor::new(rustix::pipe::pipe().unwrap().0, Kind::File)
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri knows no pipes of rustix")]
    fn a_place_that_is_used_again_has_another_generation() {
        let mut table = Table::default();
        let first = table.insert(descriptor());
        assert!(table.remove(first).is_some());
        let second = table.insert(descriptor());
        assert_eq!(first.index(), second.index());
        assert!(table.get(first).is_none() && table.remove(first).is_none());
        assert!(table.get(second).is_some());
        assert_eq!(table.len(), 1);
    }
}
