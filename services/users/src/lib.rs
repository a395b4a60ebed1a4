//! Placeholder opening comment.
