//! Behaviour tests: one module a behaviour that a user would name.

mod layers;
