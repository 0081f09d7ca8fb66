//! Text in LaTeX.

/// Text that pdfLaTeX takes as it is. Letters with marks pass; of other characters, those that
/// reports have are written with commands, and what no font of pdfLaTeX has becomes a question mark.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match replaced(character) {
            Some(command) => safe.push_str(command),
            None if character.is_control() => safe.push(' '),
            None if is_known(character) => safe.push(character),
            None => safe.push('?'),
        }
    }
    safe
}

const fn replaced(character: char) -> Option<&'static str> {
    Some(match character {
        '\\' => "\\textbackslash{}",
        '{' => "\\{",
        '}' => "\\}",
        '$' => "\\$",
        '&' => "\\&",
        '#' => "\\#",
        '%' => "\\%",
        '_' => "\\_",
        '^' => "\\textasciicircum{}",
        '~' => "\\textasciitilde{}",
        '<' => "\\textless{}",
        '>' => "\\textgreater{}",
        '|' => "\\textbar{}",
        '"' => "\\textquotedbl{}",
        // A line may be broken behind it: names of layouts are long.
        '/' => "/\\hspace{0pt}",
        '\u{a0}' | '\u{202f}' => "~",
        '–' => "--",
        '—' => "---",
        '−' => "$-$",
        '×' => "$\\times$",
        '·' => "$\\cdot$",
        'τ' => "$\\tau$",
        'δ' => "$\\delta$",
        'χ' => "$\\chi$",
        '±' => "$\\pm$",
        '≈' => "$\\approx$",
        '≤' => "$\\leq$",
        '≥' => "$\\geq$",
        'µ' | 'μ' => "\\textmu{}",
        '…' => "\\ldots{}",
        '’' => "'",
        '‘' => "`",
        '“' => "``",
        '”' => "''",
        '„' => "\\quotedblbase{}",
        _ => return None,
    })
}

/// True for letters of the T1 encoding's languages.
const fn is_known(character: char) -> bool {
    matches!(character, ' '..='~' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{17e}')
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn nothing_in_a_text_becomes_a_command() {
        assert_eq!(
            escape("50 % of a_b\\c{d}"),
            "50 \\% of a\\_b\\textbackslash{}c\\{d\\}"
        );
        assert_eq!(escape("npy/u8"), "npy/\\hspace{0pt}u8");
        assert_eq!(escape("āčēģīķļņšūž 漢"), "āčēģīķļņšūž ?");
    }
}
