//! The tree of a script. Chains of equals (operators, members, pipelines) are flat, so that depth is nesting only.

use super::Number;

/// A stretch of the text, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// Statements in order.
pub type Block = Vec<Statement>;

/// A script, or what is between `{` and `}`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScriptBlock {
    /// `param (…)`.
    pub parameters: Vec<Parameter>,
    /// `begin {…}`.
    pub begin: Block,
    /// `process {…}`, if written.
    pub process: Option<Block>,
    /// `end {…}`, or the statements outside named blocks.
    pub end: Block,
    /// Each `$using:x`, `@using:x` and `$using:x.Name[0]` in it; a whole script's only.
    pub using: Vec<Expression>,
    /// Where, without the braces.
    pub span: Span,
}

/// A parameter of a script block or function.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Without the `$`.
    pub name: String,
    /// The last of its `[types]`.
    pub type_name: Option<String>,
    /// `[Parameter(Mandatory)]`.
    pub mandatory: bool,
    /// `= …`.
    pub default: Option<Expression>,
}

/// A statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// What it is.
    pub kind: StatementKind,
    /// Where.
    pub span: Span,
}

/// What a statement is.
#[derive(Clone, Debug, PartialEq)]
pub enum StatementKind {
    /// Pipelines joined by `&&` and `||`.
    Chain(Chain),
    /// `target = value`, `target += value`, …
    Assignment {
        /// A variable, member, index, cast of one, or array of them.
        target: Expression,
        /// `=` or what it combines with.
        operator: Assign,
        /// A pipeline or another statement.
        value: Box<Statement>,
    },
    /// `if`, with its conditions and blocks.
    If {
        /// `if` and each `elseif`.
        clauses: Vec<(Statement, Block)>,
        /// `else`.
        otherwise: Option<Block>,
    },
    /// `while`, `do … while`, `do … until`.
    Loop {
        /// When the condition is asked, and which answer goes on.
        test: LoopTest,
        /// The condition.
        condition: Box<Statement>,
        /// The block.
        body: Block,
    },
    /// `for (…; …; …)`.
    For {
        /// What runs once.
        start: Option<Box<Statement>>,
        /// What is asked each time.
        condition: Option<Box<Statement>>,
        /// What runs after each time.
        step: Option<Box<Statement>>,
        /// The block.
        body: Block,
    },
    /// `foreach ($x in …)`.
    ForEach {
        /// The variable.
        variable: Variable,
        /// What it walks.
        items: Box<Statement>,
        /// The block.
        body: Block,
    },
    /// `switch`.
    Switch {
        /// `-regex`, `-wildcard`, …, in lower case without the dash.
        flags: Vec<String>,
        /// What is tested.
        subject: Box<Statement>,
        /// The cases in order.
        cases: Vec<SwitchCase>,
    },
    /// `try`.
    Try {
        /// The block.
        body: Block,
        /// Each `catch` with the types it names.
        catches: Vec<(Vec<String>, Block)>,
        /// `finally`.
        finally: Option<Block>,
    },
    /// `function` or `filter`.
    Function {
        /// Its name, with its scope if one is written.
        name: String,
        /// Its block is a process block.
        filter: bool,
        /// What it does.
        body: Box<ScriptBlock>,
    },
    /// `return`.
    Return(Option<Box<Statement>>),
    /// `throw`.
    Throw(Option<Box<Statement>>),
    /// `exit`.
    Exit(Option<Box<Statement>>),
    /// `break`, with the label if it is a plain word.
    Break(Option<String>),
    /// `continue`, with the label if it is a plain word.
    Continue(Option<String>),
    /// A statement that is read for its end only: `class`, `enum`, `trap`, `data`, `using`, `configuration`, ….
    Other(&'static str),
}

/// When a loop asks, and which answer goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoopTest {
    /// `while (…) {…}`
    While,
    /// `do {…} while (…)`
    DoWhile,
    /// `do {…} until (…)`
    DoUntil,
}

/// A case of a `switch`.
#[derive(Clone, Debug, PartialEq)]
pub struct SwitchCase {
    /// `None` for `default`.
    pub pattern: Option<Expression>,
    /// The block.
    pub body: Block,
}

/// How an assignment combines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assign {
    /// `=`
    Set,
    /// `+=`, `-=`, `*=`, `/=`, `%=`
    With(BinaryOperator),
    /// `??=`
    IfNull,
}

/// Pipelines joined by `&&` and `||`.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    /// The first.
    pub first: Pipeline,
    /// The others, each with when it runs.
    pub rest: Vec<(Link, Pipeline)>,
    /// Ends in `&`.
    pub background: bool,
}

/// When the next pipeline of a chain runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// `&&`
    IfSucceeded,
    /// `||`
    IfFailed,
}

/// Elements joined by `|`; one at least.
#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline {
    /// In order.
    pub elements: Vec<Element>,
    /// Where.
    pub span: Span,
}

/// A part of a pipeline.
#[derive(Clone, Debug, PartialEq)]
pub enum Element {
    /// A value; only as the first part.
    Expression(Expression, Vec<Redirection>),
    /// A command.
    Command(Command),
}

/// A command with its words.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// `&`, `.` or neither.
    pub invocation: Invocation,
    /// Its name, or what yields it.
    pub name: Expression,
    /// What follows.
    pub words: Vec<Word>,
    /// `2>&1`, `> file`.
    pub redirections: Vec<Redirection>,
    /// Where.
    pub span: Span,
}

/// How a command is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invocation {
    /// By its name.
    Plain,
    /// `& …`
    Call,
    /// `. …`
    Dot,
}

/// A word of a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Word {
    /// `-Name`, or `-Name:value`.
    Parameter {
        /// Without the dash.
        name: String,
        /// Behind the colon.
        value: Option<Expression>,
        /// Where.
        span: Span,
    },
    /// Anything else.
    Argument(Expression),
}

/// `2>&1`, `> file`, `>> file`.
#[derive(Clone, Debug, PartialEq)]
pub struct Redirection {
    /// 1 output, 2 error, 3 warning, 4 verbose, 5 debug, 6 information; `None` is `*`.
    pub from: Option<u8>,
    /// Where to.
    pub to: RedirectionTarget,
}

/// Where a stream goes.
#[derive(Clone, Debug, PartialEq)]
pub enum RedirectionTarget {
    /// `&1`
    Output,
    /// A file.
    File {
        /// Its name.
        path: Expression,
        /// `>>`
        append: bool,
    },
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// What it is.
    pub kind: ExpressionKind,
    /// Where.
    pub span: Span,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum ExpressionKind {
    /// `1`
    Number(Number),
    /// `'…'`, a string without variables, or a plain word.
    String(String),
    /// `"… $x …"`
    Expandable(Vec<Part>),
    /// `$x`
    Variable(Variable),
    /// `@x` as a command's word.
    Splat(Variable),
    /// `1, 2`
    Array(Vec<Expression>),
    /// `@(…)`
    ArrayOf(Block),
    /// `$(…)`
    Sub(Block),
    /// `(…)`
    Paren(Box<Statement>),
    /// `@{…}`
    Hash(Vec<(Expression, Statement)>),
    /// `{…}`
    ScriptBlock(Box<ScriptBlock>),
    /// `[int]`
    Type(String),
    /// `[int]$x`
    Cast(String, Box<Expression>),
    /// `-not $x`
    Unary(UnaryOperator, Box<Expression>),
    /// `++$x`, `--$x`; the number is what is added.
    Increment(i8, Box<Expression>),
    /// `a + b - c`: operators of one rank, from left to right.
    Binary(Box<Expression>, Vec<(BinaryOperator, Expression)>),
    /// `$x.Name[0]`
    Postfix(Box<Expression>, Vec<Postfix>),
    /// `a ? b : c`
    Ternary(Box<[Expression; 3]>),
}

/// A part of a string that is expanded.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Text as it is.
    Text(String),
    /// A variable or `$(…)`.
    Value(Expression),
}

/// A variable's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// `global` of `$global:x`, `env` of `$env:PATH`.
    pub scope: Option<String>,
    /// The name.
    pub name: String,
}

/// What follows a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Postfix {
    /// `.Name`, `::Name`
    Member {
        /// A string, or what yields it.
        name: Expression,
        /// `::`
        of_type: bool,
    },
    /// `.Name(…)`, `::Name(…)`
    Method {
        /// A string, or what yields it.
        name: Expression,
        /// `::`
        of_type: bool,
        /// In order.
        arguments: Vec<Expression>,
    },
    /// `[…]`
    Index(Expression),
    /// `++`, `--`; the number is what is added.
    Increment(i8),
}

/// An operator before its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOperator {
    /// `-not`, `!`
    Not,
    /// `-bnot`
    BitNot,
    /// `-`
    Minus,
    /// `+`
    Plus,
    /// `-split`, `-isplit`, `-csplit`
    Split,
    /// `-join`
    Join,
    /// `,`
    Comma,
}

/// An operator between values. Comparing ones carry whether case counts (`-ceq`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as PowerShell writes them")]
pub enum BinaryOperator {
    And,
    Or,
    Xor,
    BitAnd,
    BitOr,
    BitXor,
    ShiftLeft,
    ShiftRight,
    Equal(bool),
    NotEqual(bool),
    Greater(bool),
    GreaterOrEqual(bool),
    Less(bool),
    LessOrEqual(bool),
    Like(bool),
    NotLike(bool),
    Match(bool),
    NotMatch(bool),
    Replace(bool),
    Contains(bool),
    NotContains(bool),
    In(bool),
    NotIn(bool),
    Split(bool),
    Join,
    Is,
    IsNot,
    As,
    Coalesce,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Format,
    Range,
}

impl Span {
    /// From the first byte to before the last.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

impl Variable {
    /// Whether it is one of where the script was written: `$using:x`.
    pub fn is_using(&self) -> bool {
        let scope = self.scope.as_deref();
        scope.is_some_and(|scope| scope.eq_ignore_ascii_case("using"))
    }
}

impl Expression {
    /// The string of a `'…'` or a plain word.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            ExpressionKind::String(text) => Some(text),
            _ => None,
        }
    }
}
