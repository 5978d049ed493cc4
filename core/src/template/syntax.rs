//! The tree of a compiled template. It keeps offsets instead of texts where it can; all spans are bytes of
//! the node's SQL.

use super::function::Function;
use std::ops::Range;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
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

#[derive(Clone, Debug, PartialEq)]
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
        handlers: Vec<Handler>,
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

/// `{% except KeyError as e %}` and what to do.
#[derive(Clone, Debug, PartialEq, Default)]
pub(super) struct Handler {
    /// None are all of them.
    pub(super) classes: Vec<Arc<str>>,
    /// The variable that takes the message.
    pub(super) name: Option<Slot>,
    pub(super) body: Body,
}

/// What a value is assigned to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Target {
    Name(Slot),
    Each(Vec<Target>),
    /// `x = y = 1`.
    All(Vec<Target>),
    /// `x['key'] = 1`: of what, and the key.
    Item(Box<Expr>, Box<Expr>),
}

impl Target {
    /// The variables that get a value.
    pub(super) fn slots(&self, visit: &mut dyn FnMut(Slot)) {
        match self {
            Target::Name(slot) => visit(*slot),
            Target::Each(all) | Target::All(all) => all.iter().for_each(|target| target.slots(visit)),
            Target::Item(..) => {}
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Expr {
    pub(super) kind: ExprKind,
    pub(super) span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum ExprKind {
    None,
    Bool(bool),
    Int(i128),
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
    /// A call of what is no function of ours.
    CallValue(Box<Expr>, Arguments),
    /// `x.y` without a call, or of a method that is not in [`Method`].
    Attribute(Box<Expr>, Arc<str>),
    /// `{{ x }}` inside a block. Python reads it as braces; it counts for the discovery of parameters.
    Embedded(Box<Expr>),
    Method(Box<Expr>, Method, Arguments),
    /// An f-string: its pieces are joined, those with `!r` as Python writes them.
    Format(Vec<(Expr, bool)>),
    Comprehension(Box<Comprehension>),
}

#[derive(Clone, Debug, PartialEq, Default)]
pub(super) struct Arguments {
    pub(super) values: Vec<Expr>,
    pub(super) named: Vec<(Arc<str>, Expr)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Comprehension {
    /// For a dict the key comes first.
    pub(super) key: Option<Expr>,
    pub(super) element: Expr,
    pub(super) target: Target,
    pub(super) over: Expr,
    pub(super) conditions: Vec<Expr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnaryOp {
    Not,
    Negate,
    Plus,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

    pub(super) fn augmented(self) -> &'static str {
        match self {
            BinaryOp::Add => "+=",
            BinaryOp::Subtract => "-=",
            BinaryOp::Multiply => "*=",
            BinaryOp::Divide => "/=",
            BinaryOp::FloorDivide => "//=",
            BinaryOp::Modulo => "%=",
            BinaryOp::Power => "**=",
        }
    }

    /// As Python's syntax tree calls it.
    pub(super) fn node(self) -> &'static str {
        match self {
            BinaryOp::Add => "Add",
            BinaryOp::Subtract => "Sub",
            BinaryOp::Multiply => "Mult",
            BinaryOp::Divide => "Div",
            BinaryOp::FloorDivide => "FloorDiv",
            BinaryOp::Modulo => "Mod",
            BinaryOp::Power => "Pow",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Append,
    Capitalize,
    CaseFold,
    Center,
    Count,
    EndsWith,
    Extend,
    Find,
    Get,
    Index,
    Insert,
    IsAlnum,
    IsAlpha,
    IsDigit,
    IsLower,
    IsNumeric,
    IsSpace,
    IsUpper,
    Items,
    Join,
    Keys,
    LeftJustify,
    LeftStrip,
    Lower,
    Partition,
    Pop,
    Remove,
    RemovePrefix,
    RemoveSuffix,
    Replace,
    Reverse,
    RightFind,
    RightJustify,
    RightPartition,
    RightSplit,
    RightStrip,
    Sort,
    Split,
    SplitLines,
    StartsWith,
    Strip,
    SwapCase,
    Title,
    Update,
    Upper,
    Values,
    ZeroFill,
}

impl Method {
    pub(super) const ALL: [(&'static str, Method); 47] = [
        ("append", Method::Append),
        ("capitalize", Method::Capitalize),
        ("casefold", Method::CaseFold),
        ("center", Method::Center),
        ("count", Method::Count),
        ("endswith", Method::EndsWith),
        ("extend", Method::Extend),
        ("find", Method::Find),
        ("get", Method::Get),
        ("index", Method::Index),
        ("insert", Method::Insert),
        ("isalnum", Method::IsAlnum),
        ("isalpha", Method::IsAlpha),
        ("isdigit", Method::IsDigit),
        ("islower", Method::IsLower),
        ("isnumeric", Method::IsNumeric),
        ("isspace", Method::IsSpace),
        ("isupper", Method::IsUpper),
        ("items", Method::Items),
        ("join", Method::Join),
        ("keys", Method::Keys),
        ("ljust", Method::LeftJustify),
        ("lstrip", Method::LeftStrip),
        ("lower", Method::Lower),
        ("partition", Method::Partition),
        ("pop", Method::Pop),
        ("remove", Method::Remove),
        ("removeprefix", Method::RemovePrefix),
        ("removesuffix", Method::RemoveSuffix),
        ("replace", Method::Replace),
        ("reverse", Method::Reverse),
        ("rfind", Method::RightFind),
        ("rjust", Method::RightJustify),
        ("rpartition", Method::RightPartition),
        ("rsplit", Method::RightSplit),
        ("rstrip", Method::RightStrip),
        ("sort", Method::Sort),
        ("split", Method::Split),
        ("splitlines", Method::SplitLines),
        ("startswith", Method::StartsWith),
        ("strip", Method::Strip),
        ("swapcase", Method::SwapCase),
        ("title", Method::Title),
        ("update", Method::Update),
        ("upper", Method::Upper),
        ("values", Method::Values),
        ("zfill", Method::ZeroFill),
    ];

    pub(super) fn name(self) -> &'static str {
        Method::ALL
            .iter()
            .find(|(_, method)| *method == self)
            .map(|(name, _)| *name)
            .expect("every method is in the table")
    }

    pub(super) fn named(name: &str) -> Option<Method> {
        Method::ALL.iter().find(|(known, _)| *known == name).map(|(_, method)| *method)
    }

    /// The four that `{{ }}` may call.
    pub(super) fn allowed_in_output(self) -> bool {
        matches!(self, Method::Split | Method::Get | Method::Join | Method::Replace)
    }

    /// Of a text, and without arguments.
    pub(super) fn takes_nothing(self) -> bool {
        matches!(
            self,
            Method::Capitalize
                | Method::CaseFold
                | Method::IsAlnum
                | Method::IsAlpha
                | Method::IsDigit
                | Method::IsLower
                | Method::IsNumeric
                | Method::IsSpace
                | Method::IsUpper
                | Method::Lower
                | Method::SwapCase
                | Method::Title
                | Method::Upper
        )
    }

    /// Changes the list or dict it is called on.
    pub(super) fn mutates(self) -> bool {
        matches!(
            self,
            Method::Append
                | Method::Extend
                | Method::Insert
                | Method::Pop
                | Method::Remove
                | Method::Reverse
                | Method::Sort
                | Method::Update
        )
    }
}
