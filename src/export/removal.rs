//! What an export has no more goes on running where an earlier one was applied: the command that ends it.

/// Files that an export removed.
#[derive(Clone, Copy, Debug)]
pub struct Removal<'a> {
    /// What the stack is called.
    pub app: &'a str,
    /// The folder of the export, as a word for a shell.
    pub folder: &'a str,
    /// The paths in it.
    pub paths: &'a [&'a str],
}

impl Removal<'_> {
    /// What `command` makes of each path with this `ending`, without it. `log/run` is no service of its own.
    pub(super) fn each(&self, ending: &str, command: impl Fn(&str) -> String) -> Option<String> {
        let names =
            self.paths.iter().filter_map(|path| path.strip_suffix(ending)).filter(|name| !name.contains('/'));
        let commands: Vec<String> = names.map(command).collect();
        (!commands.is_empty()).then(|| commands.join("; "))
    }
}

/// Units of the manager that `systemctl` asks, in the folder at the end of `remove`.
pub(super) fn units(removal: &Removal<'_>, systemctl: &str, remove: &str) -> Option<String> {
    let started = removal.paths.iter().filter(|path| path.ends_with(".service") || path.ends_with(".socket"));
    stopped(started.map(|unit| (unit.to_string(), format!("{remove}{unit}"))), systemctl)
}

/// Containers of the system's manager, each with the unit that podman's generator makes of it.
pub(super) fn containers(removal: &Removal<'_>) -> Option<String> {
    let names = removal.paths.iter().filter_map(|path| path.strip_suffix(".container"));
    let remove = "sudo rm -f /etc/containers/systemd/";
    stopped(
        names.map(|name| (format!("{name}.service"), format!("{remove}{name}.container"))),
        "sudo systemctl",
    )
}

/// What stops units, each with the command that removes its file.
fn stopped(units: impl Iterator<Item = (String, String)>, systemctl: &str) -> Option<String> {
    let (units, removals): (Vec<_>, Vec<_>) = units.unzip();
    (!units.is_empty()).then(|| {
        format!("{systemctl} stop {}; {}; {systemctl} daemon-reload", units.join(" "), removals.join("; "))
    })
}

/// Objects of Kubernetes.
pub(super) fn objects(removal: &Removal<'_>) -> String {
    format!("kubectl apply -f {} --prune -l app.kubernetes.io/part-of={}", removal.folder, removal.app)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::format::ExportFormat;

    #[test]
    fn what_is_gone_is_ended_as_its_engine_does_it() {
        let table: [(ExportFormat, &[&str], Option<&str>); 10] = [
            (
                ExportFormat::Systemd,
                &["shop-a.1.service", "shop-a.1.socket"],
                Some(
                    "sudo systemctl stop shop-a.1.service shop-a.1.socket; sudo rm -f /etc/systemd/system/shop-a.1.service; \
                     sudo rm -f /etc/systemd/system/shop-a.1.socket; sudo systemctl daemon-reload",
                ),
            ),
            (
                ExportFormat::Quadlet,
                &["shop-a.1.container", "shop.target"],
                Some(
                    "sudo systemctl stop shop-a.1.service; sudo rm -f /etc/containers/systemd/shop-a.1.container; \
                     sudo systemctl daemon-reload",
                ),
            ),
            (
                ExportFormat::Launchd,
                &["local.shop.a.1.plist"],
                Some("sudo launchctl bootout system/local.shop.a.1"),
            ),
            (
                ExportFormat::Runit,
                &["shop-a-1/run", "shop-a-1/log/run", "shop-b-1/finish"],
                Some(
                    "sudo sv stop shop-a-1; sudo rm -f /etc/service/shop-a-1 /var/service/shop-a-1; sudo rm -r 'my out'/shop-a-1",
                ),
            ),
            (
                ExportFormat::S6,
                &["shop-a-1/run"],
                Some(
                    "sudo s6-svc -wD -d 'my out'/shop-a-1; sudo rm -r 'my out'/shop-a-1; sudo s6-svscanctl -an 'my out'",
                ),
            ),
            (ExportFormat::S6, &["shop-a-1/finish"], None),
            (ExportFormat::Supervisord, &["shop/a.1"], Some("sudo supervisorctl update")),
            (
                ExportFormat::Kubernetes,
                &["shop-a.yaml"],
                Some("kubectl apply -f 'my out' --prune -l app.kubernetes.io/part-of=shop"),
            ),
            (ExportFormat::Nomad, &["shop-release.json"], Some("nomad job stop shop-release")),
            (ExportFormat::Compose, &["compose.yaml"], None),
        ];
        for (format, paths, expected) in table {
            let removal = Removal { app: "shop", folder: "'my out'", paths };
            assert_eq!((format.details().end)(&removal).as_deref(), expected, "{format:?}");
        }
    }
}
