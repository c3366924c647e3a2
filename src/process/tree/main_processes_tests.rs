use std::collections::HashMap;

use super::*;

/// `pid parent what…`, one process a line. What: `shell`, `catches`, `ignores`, `background`, `nothing` (reads /dev/null),
/// `<A` and `>A` for pipes.
fn parse(tree: &str) -> (Vec<Process>, HashMap<i32, ProcessFacts>) {
    let mut facts = HashMap::new();
    let mut members = Vec::new();
    for line in tree.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut words = line.split_whitespace();
        let mut number = || words.next().unwrap().parse::<i32>().unwrap();
        let (pid, parent) = (number(), number());
        let mut of = ProcessFacts::default();
        for word in words {
            match word {
                "shell" => of.is_shell = true,
                "catches" => of.caught |= bit(Signal::TERMINATE),
                "ignores" => of.ignored |= bit(Signal::TERMINATE),
                "background" => of.ignored |= bit(Signal::INTERRUPT) | bit(Signal::QUIT),
                "nothing" => of.reads_nothing = true,
                pipe => match pipe.split_at(1) {
                    ("<", name) => of.input = Some(name.into()),
                    (">", name) => of.output = Some(name.into()),
                    other => panic!("{other:?}"),
                },
            }
        }
        facts.insert(pid, of);
        members.push(Process { pid, parent, group: 1, session: 1, born: 7, name: "x".into() });
    }
    (members, facts)
}

fn order(
    purpose: SignalPurpose,
    (members, facts): &(Vec<Process>, HashMap<i32, ProcessFacts>),
) -> SignalOrder {
    signal_order(1, members, (Signal::TERMINATE, purpose), &|process| facts[&process.pid].clone())
}

fn mains(purpose: SignalPurpose, tree: &str) -> Vec<i32> {
    order(purpose, &parse(tree)).mains.iter().map(|process| process.pid).collect()
}

#[test]
fn the_program_is_the_main_process_and_a_shell_in_front_comes_before_its_children() {
    for (name, tree, stopped, told) in [
        ("a program with workers", "1 0 catches\n2 1\n3 1", &[1][..], &[1][..]),
        ("a wrapper that is no shell", "1 0\n2 1 catches", &[1], &[1]),
        ("a shell alone", "1 0 shell", &[1], &[1]),
        ("a; b, and make-like programs below", "1 0 shell\n2 1 catches\n3 2", &[1, 2], &[2]),
        ("bash start.sh with a trap", "1 0 shell catches\n2 1 catches", &[1, 2], &[1, 2]),
        ("trap '' TERM", "1 0 shell ignores\n2 1 ignores", &[1, 2], &[1, 2]),
        ("a & wait, without a trap", "1 0 shell\n2 1 background nothing", &[1, 2], &[2]),
        ("a & wait, and the trap looks after it", "1 0 shell catches\n2 1 background nothing", &[1], &[1]),
        ("a & b with a trap: the foreground alone", "1 0 shell catches\n2 1 nothing\n3 1", &[1, 3], &[1, 3]),
        ("a | b", "1 0 shell\n2 1 >A\n3 1 <A", &[1, 2], &[2]),
        ("a | b | c", "1 0 shell\n2 1 >A\n3 1 <A >B\n4 1 <B", &[1, 2], &[2]),
        ("coproc: each reads what the other writes", "1 0 shell\n2 1 <B >A\n3 1 <A >B", &[1, 2, 3], &[2, 3]),
        ("a reader of a pipe that is no sibling's", "1 0 shell\n2 1 <Z", &[1, 2], &[2]),
        ("(cd x; a) | b", "1 0 shell\n2 1 shell >A\n3 2 >A catches\n4 1 <A", &[1, 2, 3], &[3]),
        ("sh -c in bash in sh", "1 0 shell\n2 1 shell\n3 2 shell catches\n4 3", &[1, 2, 3, 4], &[3, 4]),
        ("gone already", "2 1\n3 2", &[], &[]),
    ] {
        assert_eq!(mains(SignalPurpose::Stop, tree), stopped, "{name}: stop");
        assert_eq!(mains(SignalPurpose::Message, tree), told, "{name}: reload");
    }
}

#[test]
fn what_is_left_is_due_when_no_main_process_lives_but_for_readers_and_what_they_started() {
    for (name, tree, gone, due) in [
        ("a main process lives", "1 0 shell\n2 1 >A\n3 1 <A\n4 2", &[1][..], &[2][..]),
        ("its children, and not the reader", "1 0 shell\n2 1 >A\n3 1 <A\n4 2", &[1, 2], &[4]),
        ("a reader that is a shell", "1 0 shell\n2 1 >A\n3 1 shell <A\n4 3\n5 4", &[1, 2], &[]),
        ("a | b | c", "1 0 shell\n2 1 >A\n3 1 <A >B\n4 1 <B", &[1, 2], &[]),
        ("a shell in between", "1 0 shell\n2 1 shell >A\n3 2 >A\n4 1 <A", &[1, 3], &[2]),
        ("no pipe", "1 0 shell\n2 1\n3 2", &[1, 2], &[3]),
        ("npm start: its shell has a pipeline", "1 0\n2 1 shell\n3 2 >A\n4 2 <A", &[1], &[2, 3]),
        ("a circle", "1 0\n2 1 <B >A\n3 1 <A >B", &[1], &[2, 3]),
    ] {
        let tree = parse(tree);
        let mut order = order(SignalPurpose::Stop, &tree);
        let facts = |process: &Process| tree.1[&process.pid].clone();
        let mut left = tree.0.clone();
        left.retain(|process| !gone.contains(&process.pid));
        let found: Vec<i32> = order.due(&left, &facts).iter().map(|process| process.pid).collect();
        assert_eq!(found, due, "{name}");
        // A reader is one also when its writer is gone.
        left.retain(|process| !due.contains(&process.pid));
        let readers = order.readers.clone();
        let is_reader = |process: &&Process| readers.contains(&process.identity());
        assert!(!order.due(&left, &facts).iter().any(is_reader), "{name}");
    }
}
