//! Promised: examples/twelve-factor does its work under other engines too: each `web` answers, a job goes through the queue to a
//! `worker` and its result through the database to any `web`, and all end when they are asked to.
//!
//! In images there is nothing but the example: the programs are this machine's, mounted.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use super::site::Site;
use super::{docker, podman, succeeds};
use crate::harness::{Project, Running, are_there, holds, python_has};

/// Asks the `web` at a port for a job to be done, and prints its result.
const CLIENT: &str = r#"
import json, sys, time, urllib.error, urllib.request

def ask(path, job=None):
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{sys.argv[1]}{path}", job, headers)
    return json.load(urllib.request.urlopen(request))

job = ask("/jobs", b'{"number": 12}')["id"]
for _ in range(1000):
    try:
        print(ask("/")["greeting"], ask(f"/jobs/{job}")["result"])
        break
    except urllib.error.HTTPError:
        time.sleep(0.1)
"#;

const ANSWER: &str = "Hello from twelve factors 144\n";

/// The folders of a Python that has what the example needs: its own first.
fn python() -> Option<Vec<String>> {
    if !are_there(&["redis-server", "node"]) || !python_has(&["flask", "gunicorn", "redis"]) {
        return None;
    }
    let script =
        "import pathlib, sys\nfor of in sys.prefix, sys.base_prefix: print(pathlib.Path(of).resolve())";
    let output = Command::new("python3").args(["-c", script]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    Some(said.lines().filter(|line| *line != "/usr").map(str::to_owned).collect())
}

/// The example in the folder `shop`, with the paths that an engine needs.
fn lay_out(shop: &Path, python: &[String]) {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/twelve-factor");
    let copied = Command::new("cp").arg("-r").arg(example.join(".")).arg(shop).status().unwrap();
    assert!(copied.success());
    fs::write(shop.join("client.py"), CLIENT).unwrap();
    // The database is in it, and the programs run as a user of their own.
    fs::set_permissions(shop, fs::Permissions::from_mode(0o777)).unwrap();
    append(&shop.join(".env"), &format!("PATH={}/bin:/usr/local/bin:/usr/bin:/bin\n", python[0]));
}

fn append(path: &Path, text: &str) {
    fs::write(path, fs::read_to_string(path).unwrap() + text).unwrap();
}

/// The same for containers: addresses are those of the types, and the database lies in a volume, `key` of which is set to `data`.
fn lay_out_for_images(shop: &Path, python: &[String], usr: &str, data: &str, (format, key): (&str, &str)) {
    lay_out(shop, python);
    append(
        &shop.join(".env"),
        "HOST=0.0.0.0\nREDIS_URL=redis://${GANGER_ADDRESS_REDIS}/0\nDATABASE_URL=sqlite:////data/results.sqlite3\n",
    );
    let old = fs::read_to_string(shop.join("Procfile")).unwrap();
    let redis = "redis: redis-server --bind 0.0.0.0 --protected-mode no --save '' --port $PORT";
    fs::write(shop.join("Procfile"), old.replace("redis: sh redis.sh", redis)).unwrap();
    let python: String = python.iter().map(|of| format!(r#""{of}:{of}:ro", "#)).collect();
    let set = format!(r#"{key}=[{python}"{usr}:/usr:ro", "{data}:/data"]"#);
    append(
        &shop.join("ganger.toml"),
        &format!(
            "[export]\napp = \"shop\"\nimage = \"localhost/shop:1\"\n[export.{format}]\nset = ['{set}']\n"
        ),
    );
    let image = shop.join("image");
    for folder in ["usr", "proc", "dev", "tmp", "etc", "data"] {
        fs::create_dir_all(image.join(folder)).unwrap();
    }
    for name in ["bin", "lib", "lib64"] {
        symlink(format!("usr/{name}"), image.join(name)).unwrap();
    }
    fs::copy("/etc/ld.so.cache", image.join("etc/ld.so.cache")).unwrap();
    fs::write(image.join("etc/passwd"), "root:x:0:0::/:/bin/sh\n").unwrap();
    for name in ["Dockerfile", "Containerfile"] {
        let text = "FROM scratch\nCOPY image /\nCOPY *.py *.js package.json /srv/shop/\nWORKDIR /srv/shop\n";
        fs::write(shop.join(name), text).unwrap();
    }
}

/// The commands of `page` on this machine's own programs.
fn on_a_machine(page: &'static str) {
    let Some(python) = python() else { return };
    let fill = |files: &Path| {
        lay_out(&files.join("srv/shop"), &python);
        // The way to a Python in a home folder.
        for folder in python.iter().filter_map(|of| Path::new(of).parent()) {
            fs::create_dir_all(files.join(folder.strip_prefix("/").unwrap())).unwrap();
        }
    };
    let Some(mut site) = Site::boot(page, Path::new("/"), &python, fill) else { return };
    let _redis = Running::start(site.script("exec redis-server --port 6390 --save ''"));
    site.does("The first deployment");
    for port in ["5000", "5001"] {
        let ask = format!("exec {}/bin/python3 client.py {port}", python[0]);
        answers(&format!("{page}: {port}"), || site.script(&ask).output().unwrap().stdout);
    }
    site.does("The end");
    site.has_nothing_left(&["gunicorn", "worker.py"]);
}

#[test]
fn the_twelve_factors_under_systemd() {
    on_a_machine("systemd");
}

#[test]
fn the_twelve_factors_under_supervisord() {
    on_a_machine("supervisord");
}

#[test]
fn the_twelve_factors_under_runit() {
    on_a_machine("runit");
}

#[test]
fn the_twelve_factors_under_s6() {
    on_a_machine("s6");
}

#[test]
fn the_twelve_factors_under_quadlet() {
    let (Some(python), Some(root)) = (python(), podman::root()) else { return };
    let bind = [&["/usr:/srv/host/usr".to_owned()], &python[..]].concat();
    let fill = |files: &Path| {
        let shop = files.join("srv/shop");
        lay_out_for_images(&shop, &python, "/srv/host/usr", "/srv/data", ("quadlet", "Container.Volume"));
        for folder in ["srv/data", "etc/containers/systemd"] {
            fs::create_dir_all(files.join(folder)).unwrap();
        }
    };
    let Some(site) = Site::boot("quadlet", &root, &bind, fill) else { return };
    site.runs(
        "set -eu -o pipefail\n\
         podman build -t localhost/shop:1 .\n\
         ganger export quadlet -m all=1,web=2 -o quadlet\n\
         ganger export quadlet -m all=1,web=2 --secrets only | sh\n\
         cp quadlet/*.container quadlet/*.network /etc/containers/systemd/\n\
         cp quadlet/shop.target /etc/systemd/system/\n\
         systemctl daemon-reload\n\
         systemctl start shop.target\n",
    );
    for container in ["shop-web.1", "shop-web.2"] {
        let program = format!("{}/bin/python3", python[0]);
        let ask = || site.machine.run(&["podman", "exec", container, &program, "client.py", "5000"]).stdout;
        answers(container, ask);
    }
    site.runs("systemctl stop ganger-shop.slice");
    site.has_nothing_left(&["gunicorn", "worker.py"]);
}

/// What `ask` prints in the end is the answer.
fn answers(of: &str, mut ask: impl FnMut() -> Vec<u8>) {
    let mut said = Vec::new();
    let is_there = || {
        said = ask();
        !said.is_empty()
    };
    assert!(holds(is_there), "{of}");
    assert_eq!(String::from_utf8(said).unwrap(), ANSWER, "{of}");
}

#[test]
fn the_twelve_factors_under_docker_compose() {
    let Some(python) = python() else { return };
    let Some(docker) = docker::Docker::start() else { return };
    let data = docker.path("results");
    fs::create_dir(&data).unwrap();
    let project = Project::empty();
    lay_out_for_images(project.path(), &python, "/usr", data.to_str().unwrap(), ("compose", "volumes"));
    let runs = |script: &str| succeeds(script, docker.script(&project, script));
    runs(
        "set -eu -o pipefail\n\
         docker build -t localhost/shop:1 .\n\
         ganger export compose -m all=1,web=2 -o deploy\n\
         ganger export compose -m all=1,web=2 --secrets only >deploy/shop.env\n\
         docker compose -f deploy/compose.yaml up -d --wait\n",
    );
    for container in ["shop-web-1", "shop-web-2"] {
        let program = format!("{}/bin/python3", python[0]);
        let ask = || docker.command("docker", &["exec", container, &program, "client.py", "5000"]).stdout;
        answers(container, ask);
    }
    runs("docker compose -f deploy/compose.yaml down");
    assert!(docker.containers().is_empty());
}
