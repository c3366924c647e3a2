//! Values and commands that are awkward on purpose, the same ones in every run.

/// A generator of numbers (xorshift64*), seeded: a failure can be seen again.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    fn one_of<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

/// What means something to at least one of the readers.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "'", "\"", "`", "\\", "\\\\", "\\'", "\\\"", "%", "%%", "%o", "%h", "%(here)s", "$", "$$", "$$$", "${X}",
    "${X:-y}", "$X", "$(X)", "$(date)", "${PORT}", "$PORT", "${NOMAD_IP_http}", "${env.X}", ";", " ; ", " ;",
    "#", " #", "# x", "&", "&&", "<", ">", "|", "(", ")", "{{", "}}", "{{ .X }}", "[[", "]]", "!", "~", "*",
    "?", "=", ":", ": ", "- ", "@", ",", "\n", "\n\n", "\n ", "\t", "\r", "\r\n", " ", "  ", "a", "Z", "0",
    "é", "你好", "\u{1f980}", "\u{a0}", "\u{85}", "\u{2028}", "\u{feff}", "yes", "null", "~", "1e3", "0x1f", "on",
    "12:34:56", "2001-01-01", "<<", "\\n", "\\t", "\\x41", "\\u0041", "\\0", "\u{7f}", "]]>", "&amp;", "--",
    "\u{200b}", "\u{fffd}", "<b>", "\\\n", "export ", "EOF\n",
];

/// Whole values that were read wrongly before.
#[rustfmt::skip]
const KNOWN: &[&str] = &[
    "", " ", "  x  ", "\n", "\t", "50%off", "say \"hi\"", "it's", "both ' and \"", "a\\", "a\\\\", "\\'", "\\\"",
    "p$$w", "${A}", "$A", "$(id)", "`id`", "x # y", "#", "yes", "no", "null", "~", "1", "1.0", "1e9", "0o7",
    "true", "=", "<<", "|", ">", "- a", "? a", ": a", "a: b", "{a}", "[a]", "!a", "&a", "*a", "%a", "@a",
    "-----BEGIN KEY-----\nabc\n-----END KEY-----\n", "a\nb\n", "\na", "'", "\"", "''", "\"\"", "'a'", "\"a\"",
    "{\"a\": [1, \"b\\n\"]}", "postgres://u:p%40ss@h:5432/d?x=1&y=$2", "C:\\new\\table", "\u{feff}a",
];

/// `count` values: the known ones, then made up; a few are not UTF-8 or hold control characters.
pub(super) fn values(count: usize) -> Vec<(String, Vec<u8>)> {
    let mut random = Random::new(7);
    let mut values: Vec<Vec<u8>> = KNOWN.iter().map(|text| text.as_bytes().to_vec()).collect();
    while values.len() < count {
        let value = match random.below(20) {
            // Any printable text.
            0..5 => (0..random.below(40)).map(|_| u8::try_from(32 + random.below(95)).unwrap()).collect(),
            // Any byte but NUL.
            5 => (0..random.below(12)).map(|_| u8::try_from(1 + random.below(255)).unwrap()).collect(),
            // Any control character among letters.
            6 => format!("a{}b", char::from(u8::try_from(1 + random.below(31)).unwrap())).into_bytes(),
            _ => (0..random.below(9)).map(|_| random.one_of(PIECES)).collect::<String>().into_bytes(),
        };
        values.push(value);
    }
    values.into_iter().enumerate().map(|(number, value)| (format!("V{number}"), value)).collect()
}

/// `count` commands, as a Procfile can hold them: one line, no blanks around it.
pub(super) fn commands(count: usize) -> Vec<String> {
    let mut random = Random::new(11);
    let mut commands = vec![
        "bundle exec puma -p $PORT".to_owned(),
        "bin/server --name '50% off' \"$HOME\" && echo a ; echo b".to_owned(),
        "echo ${PORT} ${X:-y} $(date) $$ `id`".to_owned(),
        "a \\".to_owned(),
    ];
    while commands.len() < count {
        let text: String = match random.below(4) {
            0 => (0..=random.below(60))
                .map(|_| char::from(u8::try_from(32 + random.below(95)).unwrap()))
                .collect(),
            _ => (0..=random.below(12)).map(|_| random.one_of(PIECES)).collect(),
        };
        let line: String = text.chars().filter(|c| !matches!(c, '\n' | '\r' | '\0')).collect();
        let line = line.trim();
        if !line.is_empty() {
            commands.push(line.to_owned());
        }
    }
    commands
}
