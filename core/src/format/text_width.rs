//! How many columns of a terminal a text takes.

/// From the column `start` on, which decides how far a tab goes.
pub(super) fn width(text: &str, start: usize) -> usize {
    text.chars().fold(0, |width, c| match c {
        '\t' => width + 8 - (start + width) % 8,
        c => width + of_char(c),
    })
}

/// As much of a text as fits.
pub(super) fn cut(text: &str, width_max: usize) -> &str {
    let mut taken = 0;
    let end = text.char_indices().find(|(_, c)| {
        taken += of_char(*c);
        taken > width_max
    });
    end.map_or(text, |(at, _)| &text[..at])
}

fn of_char(c: char) -> usize {
    match u32::from(c) {
        0..0x20 | 0x7f => 0,
        0x300..=0x36f | 0x200b..=0x200f | 0x20d0..=0x20ff | 0xfe00..=0xfe0f | 0xfe20..=0xfe2f => 0,
        0x1100..=0x115f
        | 0x2e80..=0x303e
        | 0x3041..=0x33ff
        | 0x3400..=0x4dbf
        | 0x4e00..=0x9fff
        | 0xa000..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}
