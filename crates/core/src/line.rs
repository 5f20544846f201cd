//! Waiters in the order in which they came, each under the id by which it can be taken out again.

use std::collections::VecDeque;

/// First come, first served. A waiter stands in a line at most once.
#[derive(Debug)]
pub(crate) struct Line<W> {
    waiters: VecDeque<(u32, W)>,
}

impl<W> Line<W> {
    pub(crate) const fn new() -> Self {
        Self {
            waiters: VecDeque::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiters.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.waiters.len()
    }

    pub(crate) fn push(&mut self, id: u32, waiter: W) {
        self.waiters.push_back((id, waiter));
    }

    /// The oldest.
    pub(crate) fn pop(&mut self) -> Option<(u32, W)> {
        self.waiters.pop_front()
    }

    /// Takes one out. Looks from both ends at once, so that thousands that leave oldest first (as timeouts do) or newest
    /// first (as siblings that are cancelled do) are found at the first glance.
    pub(crate) fn remove(&mut self, id: u32) -> Option<W> {
        let last = self.waiters.len().checked_sub(1)?;
        let at = (0..=last / 2)
            .flat_map(|near| [near, last - near])
            .find(|&at| self.waiters[at].0 == id)?;
        self.waiters.remove(at).map(|(_, waiter)| waiter)
    }

    /// Takes out all whose id is wanted, oldest first.
    pub(crate) fn extract(&mut self, wanted: impl Fn(u32) -> bool) -> Vec<W> {
        let (gone, left) = std::mem::take(&mut self.waiters)
            .into_iter()
            .partition(|&(id, _)| wanted(id));
        let gone: VecDeque<(u32, W)> = gone;
        self.waiters = left;
        gone.into_iter().map(|(_, waiter)| waiter).collect()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn any_place_can_be_left_and_the_order_stays() {
        for length in 1..8 {
            for gone in 0..length {
                let mut line = Line::new();
                (0..length).for_each(|id| line.push(id, id * 10));
                assert_eq!(line.remove(gone), Some(gone * 10));
                assert_eq!(line.remove(gone), None);
                let order: Vec<u32> = std::iter::from_fn(|| line.pop()).map(|(id, _)| id).collect();
                assert_eq!(order, (0..length).filter(|&id| id != gone).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn extracting_keeps_both_orders() {
        let mut line = Line::new();
        (0..6).for_each(|id| line.push(id, id));
        assert_eq!(line.extract(|id| id % 2 == 0), [0, 2, 4]);
        assert_eq!(line.extract(|_| true), [1, 3, 5]);
        assert!(line.is_empty());
    }
}
