//! How a request about a charge of `tok_wild` is answered: slowly, and now and then wrongly, with a failure, or not at all.
//! What the request did is done all the same, once: only the answer is not to be trusted.

use std::time::Duration;

use haat_kernel::Entropy;

use crate::token::Token;

const WAIT_MAX_MS: u64 = 1_000;

pub struct Mood {
    /// How long the answer takes.
    pub wait: Duration,
    pub manner: Manner,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    Truth,
    /// Another amount.
    Lie,
    Failure,
    Silence,
}

impl Mood {
    /// None for cards that are answered as they should be.
    pub fn of(token: Token, entropy: &Entropy) -> Option<Self> {
        if token != Token::Wild {
            return None;
        }
        let manner = match entropy.below(10) {
            0..=5 => Manner::Truth,
            6 | 7 => Manner::Lie,
            8 => Manner::Failure,
            _ => Manner::Silence,
        };
        Some(Mood { wait: Duration::from_millis(entropy.below(WAIT_MAX_MS)), manner })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_wild_card_rolls_dice_and_every_face_comes_up() {
        let entropy = Entropy::seeded(1);
        assert!(Mood::of(Token::Ok, &entropy).is_none());
        let wild: Vec<Manner> = (0..100).map(|_| Mood::of(Token::Wild, &entropy).unwrap().manner).collect();
        assert!([Manner::Truth, Manner::Lie, Manner::Failure, Manner::Silence].iter().all(|manner| wild.contains(manner)));
    }
}
