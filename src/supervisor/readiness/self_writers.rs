//! Instances that seem to write the files that they watch: each restart for such a file would cause the next one. Pure.

use std::collections::HashMap;
use std::time::Duration;

use crate::machine::instance::Instance;

/// A change so soon after a start may have been made by the instance itself.
const SOON: Duration = Duration::from_secs(3);
/// After so many of them in a row, it was.
pub(super) const LOOP: u32 = 4;
/// What a process writes last is seen so long after its end at most.
const SEEN_LATE: Duration = Duration::from_millis(500);

/// The latest changes of each instance, and the files that it seems to write.
#[derive(Debug, Default)]
pub(super) struct SelfWriters {
    /// For each instance the file of which changes came soon after a start, and how many in a row.
    soon: HashMap<usize, (String, u32)>,
    /// The files of which changes cause no restart of this instance, until it is started again.
    passed_over: Vec<(usize, String)>,
}

impl SelfWriters {
    /// An instance that watches this file is to be restarted for a burst of changes that began at `began`, `now` that it is over; whether it
    /// seems to write it itself. Then changes of it are passed over from now on.
    pub(super) fn is_loop(
        &mut self,
        index: usize,
        instance: &Instance,
        path: &str,
        (began, now): (Duration, Duration),
    ) -> bool {
        // The burst of four saves of an editor is none of a process that had ended before.
        let is_soon = instance.started.is_some_and(|started| {
            let end = instance.ended.map(|(_, lived)| started + lived);
            now.saturating_sub(started) < SOON && end.is_none_or(|end| began <= end + SEEN_LATE)
        });
        if !is_soon {
            self.soon.remove(&index);
            return false;
        }
        let (latest, count) = self.soon.entry(index).or_default();
        *count = if latest == path { *count + 1 } else { 1 };
        path.clone_into(latest);
        if *count < LOOP {
            return false;
        }
        self.soon.remove(&index);
        self.passed_over.push((index, path.to_owned()));
        true
    }

    /// The instance has been started: it may be another program by now.
    pub(super) fn on_start(&mut self, index: usize) {
        self.passed_over.retain(|(of, _)| *of != index);
    }

    /// Whether a change of this file is one for the instance.
    pub(super) fn counts(&self, index: usize, path: &str) -> bool {
        !self.passed_over.iter().any(|(of, passed)| *of == index && passed == path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    /// An instance that has been started at this time, and has ended after so long.
    fn instance(started: f64, lived: Option<f64>) -> Instance {
        let mut instance = Instance::new(Duration::ZERO);
        instance.started = Some(seconds(started));
        instance.ended = lived.map(|lived| (Exit::Status(1), seconds(lived)));
        instance
    }

    /// Which of these changes is taken for one of a loop: started, lived, the file, when it changed.
    fn loops(changes: &[(f64, Option<f64>, &str, f64)]) -> Vec<bool> {
        let mut writers = SelfWriters::default();
        let found = changes.iter().map(|(started, lived, path, at)| {
            writers.is_loop(0, &instance(*started, *lived), path, (seconds(*at), seconds(*at + 0.1)))
        });
        found.collect()
    }

    #[test]
    fn a_file_that_changes_after_each_of_four_starts_is_written_by_the_instance() {
        let change = |number: f64| (number, None, "state", number + 0.1);
        assert_eq!(loops(&[change(0.0), change(1.0), change(2.0), change(3.0)]), [false, false, false, true]);
        let ended = |number: f64| (number, Some(0.1), "state", number + 0.2);
        assert_eq!(loops(&[ended(0.0), ended(1.0), ended(2.0), ended(3.0)]), [false, false, false, true]);
    }

    #[test]
    fn what_changes_after_the_end_of_the_process_or_is_another_file_each_time_is_not() {
        let saved = |number: f64| (number, Some(0.1), "app.py", number + 1.5);
        assert_eq!(loops(&[saved(0.0), saved(1.8), saved(3.6), saved(5.4)]), [false; 4]);
        let files = ["a", "b", "c", "d"].map(|file| (0.0, None, file, 0.1));
        assert_eq!(loops(&files), [false; 4]);
        let late = |number: f64| (number, None, "app.py", number + 3.0);
        assert_eq!(loops(&[late(0.0), late(4.0), late(8.0), late(12.0)]), [false; 4]);
    }

    #[test]
    fn a_file_is_passed_over_for_the_instance_that_writes_it_until_that_is_started_again() {
        let mut writers = SelfWriters::default();
        for _ in 0..LOOP {
            let _ = writers.is_loop(1, &instance(0.0, None), "state", (seconds(0.1), seconds(0.2)));
        }
        let counts = |writers: &SelfWriters| [writers.counts(0, "state"), writers.counts(1, "state")];
        assert_eq!((counts(&writers), writers.counts(1, "other")), ([true, false], true));
        writers.on_start(1);
        assert_eq!(counts(&writers), [true, true]);
    }
}
