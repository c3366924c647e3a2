//! Where the settings of one type stand, for what is said of all of them.

use super::settings::{DeploymentSettings, Located, ProcessSettings};
use crate::location::Location;

impl ProcessSettings {
    /// Where each of them was given.
    pub(crate) fn places(&self) -> Vec<&Location> {
        // Every field by its name: a new one does not compile before it has its place below.
        let Self {
            formation,
            stop_signal,
            stop_to,
            timeout,
            ready,
            ready_timeout,
            liveness,
            after,
            once,
            restart,
            watch,
            on_crash,
            on_ready,
            hook_timeout,
            listen,
            deployment: DeploymentSettings { requests, limits, scale },
        } = self;
        let mut places = Vec::new();
        add(&mut places, formation);
        add(&mut places, stop_signal);
        add(&mut places, stop_to);
        add(&mut places, timeout);
        add(&mut places, ready);
        add(&mut places, ready_timeout);
        add(&mut places, liveness);
        add(&mut places, once);
        add(&mut places, restart);
        add(&mut places, on_crash);
        add(&mut places, on_ready);
        add(&mut places, hook_timeout);
        add(&mut places, listen);
        add(&mut places, scale);
        add(&mut places, after);
        add(&mut places, watch);
        add(&mut places, requests);
        add(&mut places, limits);
        places
    }
}

/// Adds the places of these values.
fn add<'a, T: 'a>(places: &mut Vec<&'a Location>, given: impl IntoIterator<Item = &'a Located<T>>) {
    places.extend(given.into_iter().map(|given| &given.place));
}
