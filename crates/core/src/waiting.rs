//! The operations that wait on one side of a descriptor, oldest first.

use std::collections::VecDeque;

use crate::op::Op;

/// An operation that could not be carried out at once, with the token that names it to JavaScript.
#[derive(Debug)]
pub struct Pending {
    /// Token of the submission.
    pub token: i32,
    /// What is to be done.
    pub op: Op,
}

/// Almost always none or one, so that an idle connection costs no allocation of its own; and small, since every
/// descriptor has two.
#[derive(Debug, Default)]
pub enum Waiting {
    /// Nobody waits.
    #[default]
    Nobody,
    /// One operation waits.
    One(Pending),
    /// Two or more have waited. A box, since it is hardly ever there.
    Many(Box<VecDeque<Pending>>),
}

impl Waiting {
    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Nobody => true,
            Self::One(_) => false,
            Self::Many(queue) => queue.is_empty(),
        }
    }

    /// The oldest.
    pub fn front(&mut self) -> Option<&mut Pending> {
        match self {
            Self::Nobody => None,
            Self::One(pending) => Some(pending),
            Self::Many(queue) => queue.front_mut(),
        }
    }

    /// Adds one behind the others.
    pub fn push(&mut self, pending: Pending) {
        *self = match std::mem::take(self) {
            Self::Nobody => Self::One(pending),
            Self::One(first) => Self::Many(Box::new(VecDeque::from([first, pending]))),
            Self::Many(mut queue) => {
                queue.push_back(pending);
                Self::Many(queue)
            }
        };
    }

    /// Takes the oldest away.
    pub fn pop(&mut self) -> Option<Pending> {
        match std::mem::take(self) {
            Self::Nobody => None,
            Self::One(pending) => Some(pending),
            Self::Many(mut queue) => {
                let pending = queue.pop_front();
                if !queue.is_empty() {
                    *self = Self::Many(queue);
                }
                pending
            }
        }
    }

    /// Takes the one with this token away, wherever it stands.
    pub fn remove(&mut self, token: i32) -> Option<Pending> {
        match self {
            Self::One(pending) if pending.token == token => self.pop(),
            Self::Many(queue) => {
                let at = queue.iter().position(|pending| pending.token == token)?;
                queue.remove(at)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(token: i32) -> Pending {
        Pending { token, op: Op::Accept }
    }

    #[test]
    fn one_that_waits_takes_three_words() {
        assert_eq!(size_of::<Waiting>(), 24);
    }

    #[test]
    fn the_oldest_comes_first_and_any_can_leave() {
        let mut waiting = Waiting::default();
        assert!(waiting.is_empty() && waiting.pop().is_none());
        for token in 0..4 {
            waiting.push(pending(token));
        }
        assert!(waiting.remove(9).is_none());
        assert_eq!(waiting.remove(2).unwrap().token, 2);
        assert_eq!(waiting.front().unwrap().token, 0);
        let order: Vec<i32> = std::iter::from_fn(|| waiting.pop())
            .map(|pending| pending.token)
            .collect();
        assert_eq!(order, [0, 1, 3]);
        assert!(waiting.is_empty());
    }
}
