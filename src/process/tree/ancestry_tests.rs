use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

/// A machine of which a list is taken now and then. Process 1 gathers the orphans; ours is 2.
#[derive(Default)]
struct Machine {
    living: Vec<Living>,
    /// The maker of each process that there ever was.
    makers: HashMap<u64, u64>,
    /// Those that were listed.
    listed: HashSet<u64>,
    /// Those that were noted.
    noted: HashSet<i32>,
}

#[derive(Clone, Debug)]
struct Living {
    listed: Listed,
    is_marked: bool,
}

const OURS: u64 = 2;

impl Machine {
    fn new() -> Self {
        let mut machine = Self::default();
        for session in [1, 2, 3] {
            machine.add(1, 1, session, false);
        }
        machine
    }

    fn add(&mut self, maker: u64, parent: i32, session: i32, is_marked: bool) -> u64 {
        let born = u64::try_from(self.makers.len()).unwrap() + 1;
        let pid = i32::try_from(born).unwrap();
        let process = Process { pid, parent, group: session, session, born, name: String::new() };
        self.makers.insert(born, maker);
        self.living.push(Living { listed: Listed { process, maker, is_zombie: false }, is_marked });
        born
    }

    /// The process at `at` makes another one, which has its mark.
    fn fork(&mut self, at: usize) {
        let of = self.living[at % self.living.len()].clone();
        let process = &of.listed.process;
        let is_marked = of.is_marked || process.born == OURS;
        self.add(process.born, process.pid, process.session, is_marked);
    }

    /// It leads a session of its own from now on.
    fn leave(&mut self, at: usize) {
        let at = 3 + at % (self.living.len() - 2);
        if let Some(of) = self.living.get_mut(at) {
            of.listed.process.session = of.listed.process.pid;
        }
    }

    fn end(&mut self, at: usize) {
        let at = 3 + at % (self.living.len() - 2);
        if at < self.living.len() {
            let ended = self.living.remove(at).listed.process.pid;
            for of in self.living.iter_mut().filter(|of| of.listed.process.parent == ended) {
                of.listed.process.parent = 1;
            }
        }
    }

    fn list(&mut self) -> Vec<Listed> {
        self.listed.extend(self.living.iter().map(|of| of.listed.process.born));
        self.living.iter().map(|of| of.listed.clone()).collect()
    }

    /// Whether a process came from ours, and all between them `is_so`.
    fn is_below(&self, born: u64, is_so: impl Fn(u64) -> bool) -> bool {
        let mut maker = self.makers[&born];
        while maker > OURS && is_so(maker) {
            maker = self.makers[&maker];
        }
        maker == OURS
    }

    fn spawn(&mut self, ancestry: &mut Ancestry) {
        let pid = i32::try_from(self.makers.len()).unwrap() + 1;
        self.add(OURS, 2, pid, true);
        ancestry.note(&self.living.last().unwrap().listed.process);
        self.noted.insert(pid);
    }

    fn found(&mut self, ancestry: &mut Ancestry, can_read: bool) -> Vec<u64> {
        let list = self.list();
        let is_marked = |process: &Process| {
            let of = self.living.iter().find(|of| of.listed.process.born == process.born);
            Some(can_read && of.is_some_and(|of| of.is_marked))
        };
        ancestry.below(2, list, is_marked).processes.iter().map(|process| process.born).collect()
    }

    fn living_below(&self, is_so: impl Fn(u64) -> bool) -> Vec<u64> {
        let all = self.living.iter().map(|of| of.listed.process.born);
        all.filter(|born| *born > OURS && self.is_below(*born, &is_so)).collect()
    }
}

#[derive(Clone, Debug)]
enum Step {
    Fork(usize),
    Leave(usize),
    End(usize),
    /// A process that leads its session is made by ours, and noted.
    Spawn,
    List,
    /// A list for which no mark is read.
    Glance,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => any::<usize>().prop_map(Step::Fork),
        1 => any::<usize>().prop_map(Step::Leave),
        2 => any::<usize>().prop_map(Step::End),
        1 => Just(Step::Spawn),
        2 => Just(Step::List),
        1 => Just(Step::Glance),
    ];
    prop::collection::vec(step, 0..60)
}

proptest! {
    #[test]
    fn what_came_from_ours_is_found_and_nothing_else(steps in steps(), can_read in any::<bool>()) {
        let (mut machine, mut ancestry) = (Machine::new(), Ancestry::default());
        for step in steps.into_iter().chain([Step::List]) {
            match step {
                Step::Fork(at) => machine.fork(at),
                Step::Leave(at) => machine.leave(at),
                Step::End(at) => machine.end(at),
                Step::Spawn => machine.spawn(&mut ancestry),
                Step::Glance => {
                    let list = machine.list();
                    ancestry.below(2, list, |_| None);
                }
                Step::List => {
                    let found = machine.found(&mut ancestry, can_read);
                    let all = machine.living_below(|_| true);
                    if can_read {
                        prop_assert_eq!(&found, &all);
                    }
                    // Whatever cannot be read: all of those of which each link was listed once.
                    let listed = machine.listed.clone();
                    let linked = machine.living_below(|born| listed.contains(&born));
                    prop_assert!(linked.iter().all(|born| found.contains(born)), "{linked:?} {found:?}");
                    prop_assert!(found.iter().all(|born| all.contains(born)), "{found:?} {all:?}");
                    // And those in the session of one that was noted, also if neither was listed before.
                    let in_session = |of: &&Living| machine.noted.contains(&of.listed.process.session);
                    let mut left = machine.living.iter().filter(in_session).map(|of| of.listed.process.born);
                    prop_assert!(left.all(|born| found.contains(&born)), "{found:?}");
                }
            }
        }
    }

    #[test]
    fn a_list_is_certain_when_it_has_nothing_new(steps in steps()) {
        let (mut machine, mut ancestry) = (Machine::new(), Ancestry::default());
        let mut known = HashSet::new();
        for step in steps {
            match step {
                Step::Fork(at) => machine.fork(at),
                Step::Leave(at) => machine.leave(at),
                Step::End(at) => machine.end(at),
                Step::Spawn => machine.spawn(&mut ancestry),
                Step::List | Step::Glance => {
                    let list = machine.list();
                    let scan = ancestry.below(2, list, |_| Some(false));
                    let new = scan.processes.iter().filter(|process| known.insert(process.born)).count();
                    prop_assert_eq!(scan.is_certain, new == 0);
                }
            }
        }
    }
}

#[test]
fn a_zombie_is_no_living_process_and_what_it_had_made_is_found() {
    let mut machine = Machine::new();
    let middle = machine.add(OURS, 2, 2, false);
    machine.add(middle, 1, 2, false);
    let mut list = machine.list();
    list[3].is_zombie = true;
    let found = Ancestry::default().below(2, list, |_| Some(false));
    assert_eq!(found.processes.iter().map(|process| process.pid).collect::<Vec<_>>(), [5]);
}

#[test]
fn the_environment_stands_behind_the_arguments() {
    let mut bytes = 2_i32.to_ne_bytes().to_vec();
    bytes.extend(b"/bin/sh\0\0\0\0sh\0-c\0A=1\0B=\0\0ptr_munge=\0");
    assert_eq!(environment_in(&bytes), b"A=1\0B=\0");
    for cut in 0..bytes.len() {
        let _ = environment_in(&bytes[..cut]);
    }
    assert_eq!(environment_in(&[]), b"");
}
