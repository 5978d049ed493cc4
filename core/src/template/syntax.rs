//! The tree of a compiled template. It is stored in the catalog, so it keeps offsets instead of
//! texts where it can; all spans are bytes of the node's SQL.

use super::function::Function;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Span(pub(super) u32, pub(super) u32);

impl Span {
    pub(super) fn range(self) -> Range<usize> {
        self.0 as usize..self.1 as usize
    }

    pub(super) fn to(self, end: Span) -> Span {
        Span(self.0, end.1)
    }
}

/// Index into the template's names.
pub(super) type Slot = u32;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Step {
    /// Bytes of the source, as they stand.
    Text(Span),
    /// Text that a `{% whitespace %}` mode changed.
    Squeezed(Arc<str>, Span),
    Print(Expr, Span),
    /// `if`, its `elif`s, and the body of `else`.
    If(Vec<(Expr, Body)>, Body),
    For(Target, Expr, Body, Body),
    While(Expr, Body, Body),
    Try {
        body: Body,
        /// The variable that takes the message, and what to do.
        handlers: Vec<(Option<Slot>, Body)>,
        otherwise: Body,
        finally: Body,
    },
    Set(Target, Expr),
    /// `x += 1` and its like.
    Augment(Slot, BinaryOp, Expr),
    Evaluate(Expr),
    Break,
    Continue,
}

pub(super) type Body = Vec<Step>;

/// What a value is assigned to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Target {
    Name(Slot),
    Each(Vec<Target>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Expr {
    pub(super) kind: ExprKind,
    pub(super) span: Span,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum ExprKind {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Arc<str>),
    Name(Slot),
    List(Vec<Expr>),
    Tuple(Vec<Expr>),
    Dict(Vec<(Expr, Expr)>),
    Unary(UnaryOp, Box<Expr>),
    /// `a + b - c`, from left to right.
    Binary(Box<Expr>, Vec<(BinaryOp, Expr)>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    /// `a < b <= c`.
    Compare(Box<Expr>, Vec<(CompareOp, Expr)>),
    /// Condition, then, otherwise.
    If(Box<(Expr, Expr, Expr)>),
    Index(Box<Expr>, Box<Expr>),
    Slice(Box<Expr>, Box<[Option<Expr>; 3]>),
    Call(Function, Arguments),
    Method(Box<Expr>, Method, Arguments),
    /// An f-string: its pieces are joined.
    Format(Vec<Expr>),
    Comprehension(Box<Comprehension>),
}

#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Arguments {
    pub(super) values: Vec<Expr>,
    pub(super) named: Vec<(Arc<str>, Expr)>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Comprehension {
    /// For a dict the key comes first.
    pub(super) key: Option<Expr>,
    pub(super) element: Expr,
    pub(super) target: Target,
    pub(super) over: Expr,
    pub(super) conditions: Vec<Expr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum UnaryOp {
    Not,
    Negate,
    Plus,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum BinaryOp {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Modulo,
    Power,
}

impl BinaryOp {
    pub(super) fn text(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::Subtract => "-",
            BinaryOp::Multiply => "*",
            BinaryOp::Divide => "/",
            BinaryOp::FloorDivide => "//",
            BinaryOp::Modulo => "%",
            BinaryOp::Power => "**",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum CompareOp {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
    Is,
    IsNot,
}

/// Methods of texts, lists and dicts. None of them can reach outside the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Method {
    Append,
    Capitalize,
    Count,
    EndsWith,
    Extend,
    Find,
    Get,
    Index,
    IsAlnum,
    IsAlpha,
    IsDigit,
    IsNumeric,
    Items,
    Join,
    Keys,
    LeftStrip,
    Lower,
    Pop,
    Replace,
    RightSplit,
    RightStrip,
    Split,
    SplitLines,
    StartsWith,
    Strip,
    Title,
    Update,
    Upper,
    Values,
}

impl Method {
    pub(super) const ALL: [(&'static str, Method); 29] = [
        ("append", Method::Append),
        ("capitalize", Method::Capitalize),
        ("count", Method::Count),
        ("endswith", Method::EndsWith),
        ("extend", Method::Extend),
        ("find", Method::Find),
        ("get", Method::Get),
        ("index", Method::Index),
        ("isalnum", Method::IsAlnum),
        ("isalpha", Method::IsAlpha),
        ("isdigit", Method::IsDigit),
        ("isnumeric", Method::IsNumeric),
        ("items", Method::Items),
        ("join", Method::Join),
        ("keys", Method::Keys),
        ("lstrip", Method::LeftStrip),
        ("lower", Method::Lower),
        ("pop", Method::Pop),
        ("replace", Method::Replace),
        ("rsplit", Method::RightSplit),
        ("rstrip", Method::RightStrip),
        ("split", Method::Split),
        ("splitlines", Method::SplitLines),
        ("startswith", Method::StartsWith),
        ("strip", Method::Strip),
        ("title", Method::Title),
        ("update", Method::Update),
        ("upper", Method::Upper),
        ("values", Method::Values),
    ];

    pub(super) fn named(name: &str) -> Option<Method> {
        Method::ALL.iter().find(|(known, _)| *known == name).map(|(_, method)| *method)
    }

    /// The four that `{{ }}` may call.
    pub(super) fn allowed_in_output(self) -> bool {
        matches!(self, Method::Split | Method::Get | Method::Join | Method::Replace)
    }

    /// Changes the list or dict it is called on.
    pub(super) fn mutates(self) -> bool {
        matches!(self, Method::Append | Method::Extend | Method::Pop | Method::Update)
    }
}
