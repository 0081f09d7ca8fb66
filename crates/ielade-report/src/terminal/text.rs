//! Text in a terminal: widths, wrapping, colour.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Writes text with or without ANSI escape sequences.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    colour: bool,
}

impl Style {
    pub(super) const fn new(colour: bool) -> Self {
        Self { colour }
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// For what is fastest: bold and green.
    pub(super) fn leader(self, text: &str) -> String {
        self.paint("1;32", text)
    }

    /// For what needs attention: bold and yellow.
    pub(super) fn alert(self, text: &str) -> String {
        self.paint("1;33", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour && !text.trim().is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Columns that `text` takes.
pub(super) fn display_width(text: &str) -> usize {
    text.width()
}

/// The text without control characters, which could move the cursor or change the terminal.
pub(super) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// The text, filled up with spaces on the right.
pub(super) fn pad_right(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(display_width(text));
    format!("{text}{}", " ".repeat(missing))
}

/// The text, filled up with spaces on the left.
pub(super) fn pad_left(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(display_width(text));
    format!("{}{text}", " ".repeat(missing))
}

/// The text, cut to `width` columns; a cut is marked by `…`.
pub(super) fn clip(text: &str, width: usize) -> String {
    if display_width(text) <= width {
        return text.to_owned();
    }
    let mut clipped = head(text, width.saturating_sub(1)).to_owned();
    clipped.push_str(if width == 0 { "" } else { "…" });
    clipped
}

/// As much of the text's beginning as fits into `width` columns.
fn head(text: &str, width: usize) -> &str {
    let mut taken = 0;
    let end = text.char_indices().find(|(_, c)| {
        taken += c.width().unwrap_or(0);
        taken > width
    });
    end.map_or(text, |(at, _)| &text[..at])
}

/// The text in lines of at most `width` columns, broken at spaces where possible.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let mut rest = word;
        while !rest.is_empty() {
            let line = lines.last_mut().expect("there is always a line");
            let gap = usize::from(!line.is_empty());
            if display_width(line) + gap + display_width(rest) <= width {
                line.push_str(if gap == 1 { " " } else { "" });
                line.push_str(rest);
                break;
            }
            if gap == 1 {
                lines.push(String::new());
                continue;
            }
            let part = first_part(rest, width);
            line.push_str(part);
            rest = &rest[part.len()..];
        }
    }
    lines
}

/// The beginning of a word that is too long for a line; at least one character.
fn first_part(word: &str, width: usize) -> &str {
    let part = head(word, width);
    if part.is_empty() {
        let first = word.chars().next().map_or(0, char::len_utf8);
        &word[..first]
    } else {
        part
    }
}

#[cfg(test)]
mod tests {
    use super::{Style, clean, clip, display_width, pad_left, wrap};

    #[test]
    fn lines_break_at_spaces_and_long_words_anywhere() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh ij", 5), ["abcde", "fgh", "ij"]);
        assert_eq!(wrap("", 5), [""]);
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(display_width("画像"), 4);
        assert_eq!(clip("画像集", 5), "画像…");
        assert_eq!(pad_left("画", 4), "  画");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(clean("a\u{1b}[31mb\nc"), "a [31mb c");
    }

    #[test]
    fn without_colour_there_is_no_escape_sequence() {
        assert_eq!(Style::new(false).bold("x"), "x");
        assert_eq!(Style::new(true).bold("x"), "\u{1b}[1mx\u{1b}[0m");
    }
}
