//! Promised: each package of dist/ is made by its script, is installed from the local file into a folder of its own, and
//! runs there; no process stays between the caller and ganger, or it is one whose end ends the stack.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid};

use crate::harness::{Project, Running, are_there, can, holds, python_has, search_path};

/// The target that the packages here are named after, whatever the binary was built for.
const TARGET: &str =
    if cfg!(target_arch = "aarch64") { "aarch64-unknown-linux-gnu" } else { "x86_64-unknown-linux-gnu" };
const STACK: &str = "stubborn: probe ignore TERM INT HUP + print up + wait\ndaemon: probe print parent + daemon + ignore TERM + wait\n";
const START: [&str; 6] = ["start", "-t", "300ms", "--exit-on", "never", "--no-port"];

fn script(name: &str) -> String {
    format!("{}/dist/{name}.sh", env!("CARGO_MANIFEST_DIR"))
}

/// Runs these words to their successful end, and returns what they printed.
fn done(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, error) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{out}{error}", output.status);
    out
}

/// What every package has, laid out once by dist/tree.sh; of this build, without its debug information.
fn tree() -> &'static Path {
    static TREE: OnceLock<PathBuf> = OnceLock::new();
    TREE.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dist");
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).unwrap();
        let binary = folder.join("ganger");
        done(Command::new("strip").arg("-o").args([&binary, Path::new(env!("CARGO_BIN_EXE_ganger"))]));
        let tree = folder.join("tree");
        done(Command::new("sh").arg(script("tree")).args([&binary, &tree]));
        tree
    })
}

/// A folder in which a package was made and is installed.
struct Root {
    folder: tempfile::TempDir,
}

impl Root {
    /// With the packages of a format.
    fn with(format: &str) -> Self {
        let root = Self { folder: tempfile::tempdir().unwrap() };
        let mut make = Command::new("sh");
        make.arg(script(format)).arg(tree()).arg(TARGET).arg(root.out());
        // xz takes ten seconds for a build like this one.
        make.env_remove("REPOSITORY_URL").env("DPKG_DEB_COMPRESSOR_TYPE", "gzip");
        done(make.env("HOME", root.path()));
        root
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn out(&self) -> PathBuf {
        self.path().join("out")
    }

    /// The made files, of this ending.
    fn packages(&self, ending: &str) -> Vec<PathBuf> {
        let files = std::fs::read_dir(self.out()).unwrap().map(|entry| entry.unwrap().path());
        let found: Vec<PathBuf> = files.filter(|path| path.to_string_lossy().ends_with(ending)).collect();
        assert!(!found.is_empty(), "no {ending}");
        found
    }

    /// A tool that installs into this folder: it finds no settings of the user.
    fn tool(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(self.path()).env("HOME", self.path()).env("PATH", search_path());
        command
    }

    /// The installed ganger says its version.
    fn says_version(&self, words: &[&str], variables: &[(&str, &Path)]) {
        let mut version = self.tool(words[0]);
        let text = done(
            version.args(&words[1..]).arg("version").envs(variables.iter().map(|pair| (pair.0, pair.1))),
        );
        assert_eq!(text, concat!("ganger ", env!("CARGO_PKG_VERSION"), "\n"));
    }

    /// A stack that the installed ganger runs.
    fn start(&self, words: &[&str], variables: &[(&str, &Path)]) -> (Project, Running) {
        let project = Project::new(STACK);
        let mut command = project.command(&[words, &START].concat());
        command.env("HOME", self.path()).envs(variables.iter().map(|pair| (pair.0, pair.1)));
        let mut running = Running::start(command);
        running.lines(&["| up", "daemon.1 is gone, but"]);
        (project, running)
    }

    /// A stack of which these processes are killed: nothing of it is left.
    fn ends_with(&self, words: &[&str], variables: &[(&str, &Path)], killed: impl Fn(&Running) -> Vec<i32>) {
        let (_project, stack) = self.start(words, variables);
        for pid in killed(&stack) {
            kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
        }
        // Node closes the pipe by which a stack is seen to end otherwise.
        let left = || stack.mark().processes();
        assert!(holds(|| left().is_empty()), "{:?}", left());
    }

    /// All of it: the version, a start that SIGTERM ends as the binary itself ends, and one whose first process is killed.
    fn runs(&self, words: &[&str], variables: &[(&str, &Path)]) {
        self.says_version(words, variables);
        let (_project, stack) = self.start(words, variables);
        stack.signal(Signal::SIGTERM);
        let (status, _) = stack.end();
        assert_eq!(status.signal(), Some(libc::SIGTERM), "{status}");

        self.ends_with(words, variables, |stack| vec![stack.pid()]);
    }
}

/// Whether the packages can be made here.
fn can_make(programs: &[&str]) -> bool {
    are_there(&["strip", "gzip", "sha256sum"]) && are_there(programs)
}

/// The pid that is seen is ganger's: the launcher was replaced.
fn is_ganger_itself(stack: &Running) {
    let command = std::fs::read_to_string(format!("/proc/{}/cmdline", stack.pid())).unwrap();
    assert_eq!(command.split('\0').next(), Some("ganger"), "{command}");
}

#[test]
fn the_archive_is_installed_by_its_script_and_removed_by_it() {
    if !can_make(&["curl"]) {
        return;
    }
    let root = Root::with("tar");
    done(Command::new("sh").arg(script("finish")).arg(root.out()).env_remove("REPOSITORY_URL"));
    let url = format!("file://{}", root.out().display());
    let install = |arguments: &[&str]| {
        let mut command = root.tool("sh");
        command.arg(root.out().join("install.sh")).args(arguments).env("GANGER_URL", &url);
        let output = command.output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let bin = root.path().join(".local/bin");
    let (is_done, said) = install(&[]);
    assert!(is_done && said.contains(&format!("{0} is not on your PATH", bin.display())), "{said}");
    let ganger = bin.join("ganger");
    root.runs(&[ganger.to_str().unwrap()], &[]);
    // The folder of the user keeps what is not ganger's, and loses all that is.
    std::fs::write(bin.join("other"), "").unwrap();
    assert!(install(&["--uninstall"]).0);
    let left = done(root.tool("find").args([".local", "-type", "f"]));
    assert_eq!(left, "./.local/bin/other\n".replace("./", ""));

    let archive = &root.packages(".tar.gz")[0];
    std::fs::write(archive, "not the archive").unwrap();
    let (is_done, said) = install(&[]);
    assert!(!is_done && said.contains("does not have the checksum"), "{said}");
    assert!(!ganger.exists());
}

#[test]
fn the_formula_the_pkgbuild_and_the_checksums_are_of_the_archive() {
    if !can_make(&["ruby", "bash"]) {
        return;
    }
    let root = Root::with("tar");
    let url = "https://example.org/ganger";
    done(Command::new("sh").arg(script("finish")).arg(root.out()).env("REPOSITORY_URL", url));
    let archive = root.packages(".tar.gz")[0].clone();
    let sum = done(Command::new("sha256sum").arg(&archive)).split(' ').next().unwrap().to_string();
    let name = archive.file_name().unwrap().to_str().unwrap();
    let address = format!("{url}/releases/download/v{}/{name}", env!("CARGO_PKG_VERSION"));
    let read = |file: &str| std::fs::read_to_string(root.out().join(file)).unwrap();
    assert!(read("SHA256SUMS").contains(&format!("{sum}  {name}\n")));
    assert!(read("ganger.rb").contains(&format!("url \"{address}\"\n      sha256 \"{sum}\"")));
    assert!(read("PKGBUILD").contains(&format!("('{address}')")) && read("PKGBUILD").contains(&sum));
    assert!(
        read("install.sh")
            .contains(&format!("GANGER_URL:-{}", address.strip_suffix(name).unwrap().trim_end_matches('/')))
    );
    done(Command::new("ruby").args(["-c", "ganger.rb"]).current_dir(root.out()));
    done(Command::new("bash").args(["-n", "PKGBUILD"]).current_dir(root.out()));
}

#[test]
fn the_wheel_puts_the_binary_itself_on_the_path() {
    if !can_make(&["python3"]) || !python_has(&["wheel", "pip", "venv"]) {
        return;
    }
    let root = Root::with("wheel");
    let venv = root.path().join("venv");
    done(Command::new("python3").args(["-m", "venv", "--without-pip"]).arg(&venv));
    let mut install = Command::new("python3");
    install.args(["-m", "pip", "--python"]).arg(&venv).args(["install", "-q", "--no-index"]);
    done(install.args(root.packages(".whl")));
    let ganger = venv.join("bin/ganger");
    root.runs(&[ganger.to_str().unwrap()], &[]);
}

#[test]
fn the_gem_is_replaced_by_ganger_also_below_bundler() {
    if !can_make(&["gem", "ruby", "bundle"]) {
        return;
    }
    let root = Root::with("gem");
    let home = root.path().join("gems");
    let mut install = root.tool("gem");
    install.args(["install", "--local", "--no-document", "--silent", "--install-dir"]).arg(&home);
    done(install.args(root.packages(".gem")));
    let variables = [("GEM_HOME", &*home), ("GEM_PATH", &*home)];
    let ganger = home.join("bin/ganger");
    root.runs(&[ganger.to_str().unwrap()], &variables);
    is_ganger_itself(&root.start(&[ganger.to_str().unwrap()], &variables).1);

    std::fs::write(root.path().join("Gemfile"), "gem 'ganger'\n").unwrap();
    let gemfile = root.path().join("Gemfile");
    let variables = [("GEM_HOME", &*home), ("BUNDLE_GEMFILE", &*gemfile)];
    root.ends_with(&["bundle", "exec", "ganger"], &variables, |stack| {
        is_ganger_itself(stack);
        vec![stack.pid()]
    });
}

#[test]
fn the_npm_packages_leave_no_stack_when_npx_node_or_ganger_is_killed() {
    if !can_make(&["npm", "npx", "node"]) {
        return;
    }
    let root = Root::with("npm");
    let prefix = root.path().join("prefix");
    std::fs::create_dir(&prefix).unwrap();
    let mut install = root.tool("npm");
    install.args(["install", "--offline", "--no-audit", "--no-fund", "--silent", "--prefix"]).arg(&prefix);
    done(install.args(root.packages(".tgz")));
    let ganger = prefix.join("node_modules/.bin/ganger");
    root.runs(&[ganger.to_str().unwrap()], &[]);

    // The status of a command is that of ganger.
    let project = Project::new("web: true\n");
    let run = |arguments: &[&str]| {
        let mut command = project.command(&[&[ganger.to_str().unwrap()], arguments].concat());
        command.output().unwrap().status.code()
    };
    assert_eq!((run(&["run", "sh", "-c", "exit 7"]), run(&["start", "--nonsense"])), (Some(7), Some(2)));

    let npx = ["npx", "--offline", "--prefix", prefix.to_str().unwrap(), "ganger"];
    root.says_version(&npx, &[]);
    root.ends_with(&npx, &[], |stack| vec![stack.pid()]);
    // What stands between npx and ganger: a node that cannot be replaced, and a shell.
    let is_between = |line: &str| line.contains("/ganger") && !line.starts_with("ganger");
    root.ends_with(&npx, &[], |stack| {
        let processes = stack.mark().processes();
        let between = processes.into_iter().filter(|(pid, line)| *pid != stack.pid() && is_between(line));
        between.map(|(pid, _)| pid).chain([stack.pid()]).take(1).collect()
    });
}

#[test]
fn the_debian_package_and_the_rpm_have_the_binary_its_page_and_completions() {
    if !can_make(&["dpkg", "dpkg-deb", "rpm", "rpmbuild"]) || !can("root", Uid::effective().is_root()) {
        return;
    }
    let root = Root::with("deb");
    let dpkg = root.path().join("var/lib/dpkg");
    for folder in ["updates", "info", "triggers"] {
        std::fs::create_dir_all(dpkg.join(folder)).unwrap();
    }
    std::fs::write(dpkg.join("status"), "").unwrap();
    let mut install = Command::new("dpkg");
    install.arg(format!("--root={}", root.path().display())).args(["--force-unsafe-io", "-i"]);
    done(install.args(root.packages(".deb")));
    let ganger = root.path().join("usr/bin/ganger");
    root.runs(&[ganger.to_str().unwrap()], &[]);
    done(Command::new("dpkg").arg(format!("--root={}", root.path().display())).args(["-r", "ganger"]));
    assert!(!ganger.exists());

    let root = Root::with("rpm");
    let mut install = Command::new("rpm");
    install.args(["-i", "--root"]).arg(root.path()).args(root.packages(".rpm"));
    done(&mut install);
    let ganger = root.path().join("usr/bin/ganger");
    root.runs(&[ganger.to_str().unwrap()], &[]);
    for file in ["man/man1/ganger.1.gz", "bash-completion/completions/ganger"] {
        assert!(root.path().join("usr/share").join(file).metadata().unwrap().len() > 0);
    }
}
