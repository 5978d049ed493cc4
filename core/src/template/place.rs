//! Where in the SQL the rendering stands: code, quotes or a comment. A value prints differently
//! inside quotes, and no value may end a comment.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Code,
    Single,
    Double,
    Backtick,
    LineComment,
    BlockComment,
}

impl Place {
    /// The place after more SQL text.
    pub(super) fn after(mut self, text: &str) -> Place {
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let next = bytes.get(at + 1);
            self = match (self, byte) {
                (Place::Code, b'\'') => Place::Single,
                (Place::Code, b'"') => Place::Double,
                (Place::Code, b'`') => Place::Backtick,
                (Place::Code, b'-') if next == Some(&b'-') => Place::LineComment,
                (Place::Code, b'#') if matches!(next, Some(b' ' | b'!')) => Place::LineComment,
                (Place::Code, b'/') if next == Some(&b'*') => {
                    at += 1;
                    Place::BlockComment
                }
                (Place::BlockComment, b'*') if next == Some(&b'/') => {
                    at += 1;
                    Place::Code
                }
                (Place::LineComment, b'\n') => Place::Code,
                (Place::Single | Place::Double | Place::Backtick, b'\\') => {
                    at += 1;
                    self
                }
                // a doubled quote closes and opens again
                (Place::Single, b'\'') | (Place::Double, b'"') | (Place::Backtick, b'`') => Place::Code,
                (place, _) => place,
            };
            at += 1;
        }
        self
    }
}
