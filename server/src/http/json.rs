//! How deep the JSON of a call may be nested: whatever reads it spends stack or memory on each level.

/// The deepest that is taken. A person with a document is three deep.
const DEEPEST: usize = 16;

/// Whether a body is nested deeper than any call's. It need not be JSON: what is none is refused by whoever reads it.
pub(super) fn is_too_deep(body: &[u8]) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_count_where_they_nest_and_not_in_texts_nor_side_by_side() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let text = format!("{{\"a\":\"{}\"}}", "[{".repeat(100));
        let escaped = format!("{{\"a\":\"\\\"{}\\\\\"}}", "[".repeat(100));
        let after_text = format!("[\"\\\\\",{}", nested(DEEPEST));
        for (body, deep) in [
            (nested(DEEPEST), false),
            (nested(DEEPEST + 1), true),
            ("{\"a\":".repeat(DEEPEST + 1), true),
            ("[]".repeat(100), false),
            (text, false),
            (escaped, false),
            (after_text, true),
            ("]".repeat(3) + &nested(DEEPEST), false),
            (String::new(), false),
        ] {
            assert_eq!(is_too_deep(body.as_bytes()), deep, "{body}");
        }
    }
}
