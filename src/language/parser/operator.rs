//! Operators and their ranks.

use super::Parser;
use crate::language::cursor::{is_dash, is_name};
use crate::language::{BinaryOperator, UnaryOperator};

/// The lowest rank of an operator between values.
pub(super) const LOWEST: u8 = 1;

impl Parser<'_> {
    /// The operator between values here with its rank and length; it is not passed.
    pub(super) fn binary_operator(&self) -> Option<(BinaryOperator, u8, usize)> {
        use BinaryOperator as B;
        let rest = self.cursor.rest();
        let first = self.cursor.peek()?;
        if is_dash(first)
            && let Some((word, length)) = self.dash_word()
        {
            let (operator, rank) = named(&word)?;
            return Some((operator, rank, length));
        }
        let (operator, rank, length) = match first {
            '?' if rest.starts_with("??") && !rest.starts_with("??=") => (B::Coalesce, 4, 2),
            '.' if rest.starts_with("..") => (B::Range, 8, 2),
            '+' => (B::Add, 5, 1),
            '*' => (B::Multiply, 6, 1),
            '/' => (B::Divide, 6, 1),
            '%' => (B::Remainder, 6, 1),
            c if is_dash(c) => (B::Subtract, 5, c.len_utf8()),
            _ => return None,
        };
        // `+=` and its like assign.
        let assigns = length == first.len_utf8() && self.cursor.peek_second() == Some('=');
        (!assigns).then_some((operator, rank, length))
    }

    /// The operator before a value here that is a word, with its length.
    pub(super) fn unary_word(&self) -> Option<(UnaryOperator, usize)> {
        let (word, length) = self.dash_word()?;
        let operator = match word.as_str() {
            "not" => UnaryOperator::Not,
            "bnot" => UnaryOperator::BitNot,
            "split" | "isplit" | "csplit" => UnaryOperator::Split,
            "join" => UnaryOperator::Join,
            _ => return None,
        };
        Some((operator, length))
    }

    /// `-word` in lower case, without the dash.
    fn dash_word(&self) -> Option<(String, usize)> {
        let mut ahead = self.cursor.clone();
        let start = ahead.at();
        if !ahead.bump().is_some_and(is_dash) {
            return None;
        }
        let word = ahead.take_while(|c| c.is_ascii_alphabetic());
        let ends = ahead.peek().is_none_or(|c| !is_name(c));
        (!word.is_empty() && word.len() < 16 && ends)
            .then(|| (word.to_ascii_lowercase(), ahead.at() - start))
    }
}

fn named(word: &str) -> Option<(BinaryOperator, u8)> {
    use BinaryOperator as B;
    Some(match word {
        "and" => (B::And, 1),
        "or" => (B::Or, 1),
        "xor" => (B::Xor, 1),
        "band" => (B::BitAnd, 2),
        "bor" => (B::BitOr, 2),
        "bxor" => (B::BitXor, 2),
        "shl" => (B::ShiftLeft, 3),
        "shr" => (B::ShiftRight, 3),
        "is" => (B::Is, 3),
        "isnot" => (B::IsNot, 3),
        "as" => (B::As, 3),
        "join" => (B::Join, 3),
        "f" => (B::Format, 7),
        _ => return comparison(word).map(|operator| (operator, 3)),
    })
}

/// Comparing operators; `i` and `c` before the name say whether case counts.
fn comparison(word: &str) -> Option<BinaryOperator> {
    use BinaryOperator as B;
    let plain = |word: &str| -> Option<fn(bool) -> B> {
        Some(match word {
            "eq" => B::Equal,
            "ne" => B::NotEqual,
            "gt" => B::Greater,
            "ge" => B::GreaterOrEqual,
            "lt" => B::Less,
            "le" => B::LessOrEqual,
            "like" => B::Like,
            "notlike" => B::NotLike,
            "match" => B::Match,
            "notmatch" => B::NotMatch,
            "replace" => B::Replace,
            "contains" => B::Contains,
            "notcontains" => B::NotContains,
            "in" => B::In,
            "notin" => B::NotIn,
            "split" => B::Split,
            _ => return None,
        })
    };
    if let Some(operator) = plain(word) {
        return Some(operator(false));
    }
    match word.split_at_checked(1)? {
        ("i", rest) => plain(rest).map(|operator| operator(false)),
        ("c", rest) => plain(rest).map(|operator| operator(true)),
        _ => None,
    }
}
