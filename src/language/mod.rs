//! The part of PowerShell's grammar that we read: lexical rules, the tree, whether a line is complete. No IO, no clock.
//!
//! The reader is not PowerShell's judge: text that it does not understand is sent to the server, which says what is wrong
//! with it. What it must get right is where strings, comments, brackets, words and statements end.

mod complete;
mod cursor;
mod error;
mod number;
mod parser;
mod tree;
mod wildcard;

pub use complete::{Completeness, completeness};
pub use error::{Incomplete, ParseError};
pub use number::Number;
pub use parser::{MAX_DEPTH, parse};
pub use tree::{
    Assign, BinaryOperator, Block, Chain, Command, Element, Expression, ExpressionKind, Invocation,
    Link, LoopTest, Parameter, Part, Pipeline, Postfix, Redirection, RedirectionTarget,
    ScriptBlock, Span, Statement, StatementKind, SwitchCase, UnaryOperator, Variable, Word,
};
pub use wildcard::WildcardPattern;
