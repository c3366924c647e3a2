//! Promise: a command that is run without a shell gets the words that a shell would give it, and no builtin
//! or reserved word of a shell is taken for a program.

// Says to clippy that all of the file is a test, not its `#[test]` functions only.
#![cfg(test)]

use std::process::{Command, Stdio};

use ganger::parts::shell::simple_words;
use proptest::prelude::*;

use crate::harness::are_there;

/// The words that `shell` makes of `command`, by making them its positional parameters in an empty folder.
pub(crate) fn words_of_a_shell(shell: &str, command: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let script = format!("set -- {command}\nprintf '%s\\0' \"$@\"");
    let output = Command::new(shell)
        .args(["-c", &script])
        .env_clear()
        .env("HOME", "/home/of/user")
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{shell} refuses {command:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_terminator('\0').map(str::to_owned).collect()
}

/// sh, and bash where there is one: /bin/sh is one of the two nearly everywhere.
pub(crate) fn shells() -> Vec<&'static str> {
    ["sh", "bash"].into_iter().filter(|shell| are_there(&[shell])).collect()
}

#[test]
fn every_character_that_is_taken_for_plain_is_plain_to_a_shell() {
    let shells = shells();
    for byte in 1..=127_u8 {
        let c = char::from(byte);
        for command in [format!("a {c}b"), format!("a b{c}"), format!("a {c}"), format!("a b={c}c:{c}d{c}e")]
        {
            if let Some(words) = simple_words(&command) {
                for shell in &shells {
                    assert_eq!(words_of_a_shell(shell, &command), words, "{shell}, {command:?}");
                }
            }
        }
    }
}

#[test]
fn no_builtin_or_reserved_word_of_bash_is_taken_for_a_program() {
    if !are_there(&["bash"]) {
        return;
    }
    let output = Command::new("bash").args(["-c", "compgen -b -k"]).output().unwrap();
    for word in String::from_utf8(output.stdout).unwrap().lines() {
        let is_same_either_way = word == "true" || word == "false";
        assert_eq!(simple_words(word).is_some(), is_same_either_way, "{word}");
    }
}

proptest! {
    // A shell is started for each case.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_simple_has_the_words_of_a_shell(
        words in proptest::collection::vec("[a-cA1é_./:,@%+=!^#~-]{1,8}", 1..20),
        blank in "[ \t]{1,2}",
    ) {
        // Joined one by one, so that a single word with a meaning does not hide all others.
        let plain: Vec<String> =
            words.into_iter().filter(|word| simple_words(&format!("a {word}")).is_some()).collect();
        let command = format!("a{blank}{}", plain.join(&blank));
        let simple = simple_words(&command);
        prop_assert!(simple.is_some(), "{command:?}");
        for shell in shells() {
            prop_assert_eq!(&words_of_a_shell(shell, &command), simple.as_ref().unwrap(), "{} {:?}", shell, command);
        }
    }
}
