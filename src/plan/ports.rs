//! Which instance gets which PORT: `base + step·i + (n−1)` for the n-th instance of the i-th line,
//! counted over all lines of the Procfile, so that a port does not change when a type is left out.

use std::collections::HashMap;
use std::fmt;
use std::iter::successors;
use std::ops::RangeInclusive;

use thiserror::Error;

/// The default first port (foreman, honcho, overmind and Heroku's own tool all have it).
pub(crate) const DEFAULT_BASE: u16 = 5000;

/// From one type's first port to the next one's, as in foreman.
pub(crate) const DEFAULT_STEP: u16 = 100;

/// How far the base moves at a time when a port is taken.
const MOVE: u16 = 100;

/// A program that listens on a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its process id, if it could be seen (another user's cannot).
    pub pid: Option<i32>,
    /// Its name, as the kernel has it.
    pub name: Option<String>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name.as_deref().unwrap_or("another program"))?;
        self.pid.map_or(Ok(()), |pid| write!(f, " (pid {pid})"))
    }
}

/// Why ports cannot be given out.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum PortError {
    /// No step lets all instances have a port of their own.
    #[error("{instances} instances do not fit between port {base} and 65535")]
    NoRoom {
        /// How many instances want a port.
        instances: u64,
        /// Where the ports begin.
        base: u16,
    },
    /// The step that was asked for does not do.
    #[error("with a step of {step} two types would share a port, or a port would pass 65535")]
    Step {
        /// What was asked for.
        step: u16,
        /// The steps that would do.
        fitting: RangeInclusive<u16>,
    },
}

/// The ports of a formation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The first port of the first line.
    pub base: u16,
    /// From one line's first port to the next one's.
    pub step: u16,
    /// How many instances each line of the Procfile has.
    counts: Vec<u32>,
}

impl Layout {
    /// The layout for `counts` (one for each line of the Procfile, 0 for those that do not run), with
    /// the step that was asked for, else 100, else the nearest tidy one with which all fit.
    ///
    /// # Errors
    ///
    /// [`PortError`] if two instances would share a port or one would pass 65535.
    pub(crate) fn new(base: u16, step: Option<u16>, counts: Vec<u32>) -> Result<Self, PortError> {
        let fitting = fitting_steps(base, &counts).ok_or_else(|| PortError::NoRoom {
            instances: counts.iter().map(|&c| u64::from(c)).sum(),
            base,
        })?;
        let step = match step {
            Some(step) if fitting.contains(&step) => step,
            Some(step) => return Err(PortError::Step { step, fitting }),
            None => tidy_step(&fitting),
        };
        Ok(Self { base, step, counts })
    }

    /// The port of the first instance of a line (from 0); `None` if it would pass 65535, as it may for
    /// a line that does not run.
    pub(crate) fn first(&self, line: usize) -> Option<u16> {
        let line = u16::try_from(line).ok()?;
        self.step.checked_mul(line)?.checked_add(self.base)
    }

    /// The port of the `number`-th instance (from 1) of a line (from 0).
    pub(crate) fn port(&self, line: usize, number: u32) -> Option<u16> {
        self.first(line)?.checked_add(u16::try_from(number.checked_sub(1)?).ok()?)
    }

    /// Every port that an instance gets, with its line (from 0) and number (from 1), in the order of
    /// the file.
    pub(crate) fn ports(&self) -> impl Iterator<Item = (u16, usize, u32)> {
        self.counts.iter().enumerate().flat_map(move |(line, &count)| {
            (1..=count).filter_map(move |number| Some((self.port(line, number)?, line, number)))
        })
    }
}

/// The steps with which no two instances share a port and none passes 65535.
fn fitting_steps(base: u16, counts: &[u32]) -> Option<RangeInclusive<u16>> {
    let running =
        || counts.iter().enumerate().filter(|(_, count)| **count > 0).map(|(i, &c)| (i as u64, u64::from(c)));
    // An instance more than its own line's share is no harm while the next line that runs is far enough.
    let least = running()
        .zip(running().skip(1))
        .map(|((line, count), (next, _))| count.div_ceil(next - line))
        .max()
        .unwrap_or(1);
    let mut most = u64::from(u16::MAX);
    for (line, count) in running() {
        let room = u64::from(u16::MAX - base).checked_sub(count - 1)?;
        most = most.min(room.checked_div(line).unwrap_or(most));
    }
    (least.max(1) <= most).then_some(())?;
    Some(u16::try_from(least.max(1)).ok()?..=u16::try_from(most).ok()?)
}

/// 100 if it fits, else the next full hundred above, else the nearest full ten below, else what fits.
fn tidy_step(fitting: &RangeInclusive<u16>) -> u16 {
    let (least, most) = (*fitting.start(), *fitting.end());
    let hundred = least.div_ceil(DEFAULT_STEP).saturating_mul(DEFAULT_STEP);
    let ten = most / 10 * 10;
    [DEFAULT_STEP, hundred, ten].into_iter().find(|step| fitting.contains(step)).unwrap_or(most)
}

/// What earlier starts with `--port auto` have left: pure, as the caller reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptPorts {
    /// Where the ports of this stack began.
    pub own: Option<u16>,
    /// The ports that other stacks had.
    pub others: Vec<RangeInclusive<u16>>,
}

impl KeptPorts {
    /// Whether one of these ports is another stack's.
    fn is_of_other(&self, layout: &Layout) -> bool {
        layout.ports().any(|(port, ..)| self.others.iter().any(|range| range.contains(&port)))
    }
}

/// What [`choose`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PortChoice {
    /// The ports, perhaps from another base.
    pub layout: Layout,
    /// The port that made the base move, and the program that holds it.
    pub moved: Option<(u16, Holder)>,
    /// Ports of `layout` that others hold, with line (from 0) and number (from 1) of the instance.
    pub taken: Vec<(u16, usize, u32, Holder)>,
}

/// `layout`, or the first one with a base full hundreds higher and all its ports free. `kept` is `None` if it must not move. Before
/// all others the base is tried that the stack had, and last those that other stacks had.
///
/// If none is free the layout stays, and all that is taken is listed. `taken` is asked once a port at
/// most; naming the holder may be dear (a walk through /proc), so callers should keep what they found.
pub(crate) fn choose(
    layout: Layout,
    kept: Option<&KeptPorts>,
    mut taken: impl FnMut(u16) -> Option<Holder>,
) -> PortChoice {
    let mut known: HashMap<u16, Option<Holder>> = HashMap::new();
    let mut holder = |port: u16| known.entry(port).or_insert_with(|| taken(port)).clone();
    let mut first = None;
    for tried in kept.into_iter().flat_map(|kept| candidates(&layout, kept)) {
        let found = tried.ports().find_map(|(port, _, _)| Some((port, holder(port)?)));
        match found {
            None => return PortChoice { layout: tried, moved: first, taken: Vec::new() },
            Some(found) => first = first.or(Some(found)),
        }
    }
    let taken =
        layout.ports().filter_map(|(port, line, number)| Some((port, line, number, holder(port)?))).collect();
    PortChoice { layout, moved: None, taken }
}

/// The layouts that are tried, one after the other.
fn candidates<'a>(layout: &'a Layout, kept: &'a KeptPorts) -> impl Iterator<Item = Layout> + 'a {
    let at = |base: u16| Layout::new(base, Some(layout.step), layout.counts.clone()).ok();
    let hundreds =
        move || successors(Some(layout.clone()), move |tried: &Layout| at(tried.base.checked_add(MOVE)?));
    let (own, of_others) = (kept.own.and_then(at), hundreds().filter(|tried| kept.is_of_other(tried)));
    own.into_iter().chain(hundreds().filter(|tried| !kept.is_of_other(tried))).chain(of_others)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ports(base: u16, step: Option<u16>, counts: &[u32]) -> Result<Vec<u16>, PortError> {
        Ok(Layout::new(base, step, counts.to_vec())?.ports().map(|(port, _, _)| port).collect())
    }

    fn layout(base: u16, counts: &[u32]) -> Layout {
        Layout::new(base, None, counts.to_vec()).unwrap()
    }

    fn puma() -> Holder {
        Holder { pid: Some(7), name: Some("puma".into()) }
    }

    #[test]
    fn ports_are_a_hundred_apart_and_count_lines_that_do_not_run() {
        assert_eq!(ports(5000, None, &[1, 0, 3]), Ok(vec![5000, 5200, 5201, 5202]));
        assert_eq!(ports(3000, Some(10), &[2, 1]), Ok(vec![3000, 3001, 3010]));
        assert_eq!(ports(65535, None, &[1]), Ok(vec![65535]));
        assert_eq!(ports(5000, None, &[0, 0]), Ok(vec![]));
    }

    #[test]
    fn a_step_is_chosen_when_a_hundred_does_not_do() {
        let table: [(u16, Vec<u32>, u16); 6] = [
            (5000, vec![100, 1], 100),
            (5000, vec![101, 1], 200),
            (5000, vec![1, 150], 100),
            (5000, vec![150, 0, 1], 100),
            (5000, vec![1; 1000], 60),
            (65000, vec![60, 1, 1, 1, 1, 1, 1, 1], 70),
        ];
        for (base, counts, step) in table {
            assert_eq!(layout(base, &counts).step, step, "{base} {counts:?}");
        }
    }

    #[test]
    fn what_cannot_fit_is_an_error() {
        assert_eq!(ports(65000, None, &[1000]), Err(PortError::NoRoom { instances: 1000, base: 65000 }));
        assert_eq!(ports(5000, Some(0), &[1, 1]), Err(PortError::Step { step: 0, fitting: 1..=60535 }));
        assert_eq!(ports(5000, Some(9), &[10, 1]), Err(PortError::Step { step: 9, fitting: 10..=60535 }));
        assert!(ports(5000, None, &[u32::MAX, u32::MAX]).is_err());
    }

    #[test]
    fn a_taken_port_moves_the_base_to_the_next_hundred_where_all_are_free() {
        let choice = choose(layout(5000, &[1, 1]), Some(&KeptPorts::default()), |port| {
            [5100, 5200].contains(&port).then(puma)
        });
        assert_eq!(choice.layout.base, 5300);
        assert_eq!(choice.moved, Some((5100, puma())));
        assert_eq!(choice.taken, []);
    }

    #[test]
    fn a_base_that_was_chosen_stays_and_what_is_taken_is_listed() {
        let choice = choose(layout(5000, &[2]), None, |port| (port == 5001).then(puma));
        assert_eq!((choice.layout.base, choice.moved), (5000, None));
        assert_eq!(choice.taken, [(5001, 0, 2, puma())]);
    }

    #[test]
    fn a_base_stays_when_no_hundred_is_free_and_no_port_is_asked_twice() {
        let mut asked = Vec::new();
        let choice = choose(layout(5000, &[1, 1]), Some(&KeptPorts::default()), |port| {
            asked.push(port);
            Some(puma())
        });
        assert_eq!((choice.layout.base, choice.taken.len()), (5000, 2));
        let all = asked.len();
        asked.sort_unstable();
        asked.dedup();
        assert_eq!(asked.len(), all);
    }

    #[test]
    fn a_base_that_was_kept_comes_first_and_those_of_others_come_last() {
        let kept = |own, others: &[RangeInclusive<u16>]| KeptPorts { own, others: others.to_vec() };
        // What is kept, what is in use, the base, and whether a holder is named.
        let table = [
            (kept(None, &[]), vec![], 5000, false),
            (kept(Some(5300), &[]), vec![], 5300, false),
            (kept(Some(5300), &[]), vec![5300], 5000, true),
            (kept(None, &[5000..=5299]), vec![], 5300, false),
            (kept(None, &[5100..=5199]), vec![], 5200, false),
            (kept(Some(5100), &[5000..=5199]), vec![], 5100, false),
            (kept(Some(65_000), &[]), vec![65_100], 5000, true),
            (kept(Some(65_500), &[]), vec![], 5000, false),
            (kept(None, &[0..=65_535]), vec![5000], 5100, true),
        ];
        for (kept, taken, base, is_moved) in table {
            let choice = choose(layout(5000, &[1, 1]), Some(&kept), |port| taken.contains(&port).then(puma));
            assert_eq!((choice.layout.base, choice.moved.is_some()), (base, is_moved), "{kept:?} {taken:?}");
        }
    }

    #[test]
    fn a_holder_that_cannot_be_seen_is_another_program() {
        assert_eq!(puma().to_string(), "puma (pid 7)");
        assert_eq!(Holder { pid: None, name: None }.to_string(), "another program");
    }

    proptest! {
        #[test]
        fn no_two_instances_share_a_port_and_all_have_one(
            base in 1_u16..,
            step in proptest::option::of(0_u16..1000),
            counts in proptest::collection::vec(0_u32..400, 0..40),
        ) {
            if let Ok(mut ports) = ports(base, step, &counts) {
                prop_assert_eq!(ports.len(), counts.iter().sum::<u32>() as usize);
                ports.sort_unstable();
                ports.dedup();
                prop_assert_eq!(ports.len(), counts.iter().sum::<u32>() as usize);
            } else if step.is_none() {
                // Refused only where even the densest packing (no line's share larger than needed) fails.
                let most = counts.iter().copied().max().unwrap_or(0).max(1);
                let lines = u32::try_from(counts.len()).unwrap();
                prop_assert!(u32::from(base) + most * lines > 65535);
            }
        }

        #[test]
        fn a_port_does_not_change_when_another_type_is_left_out(
            counts in proptest::collection::vec(1_u32..=100, 2..20),
            left_out in any::<proptest::sample::Index>(),
        ) {
            let left_out = left_out.index(counts.len());
            let all = layout(5000, &counts);
            let mut fewer = counts.clone();
            fewer[left_out] = 0;
            let expected: Vec<_> = all.ports().filter(|(_, line, _)| *line != left_out).collect();
            prop_assert_eq!(layout(5000, &fewer).ports().collect::<Vec<_>>(), expected);
        }
    }
}
