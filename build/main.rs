//! How a release for Linux is linked: what it does at a start lies side by side, it needs no library but the C library, and little has to be
//! relocated. docs/design/0023-how-a-release-is-linked.md has what that brings.

#![expect(clippy::disallowed_methods, reason = "cargo tells a build script all by the environment")]
#![expect(clippy::print_stdout, reason = "a build script speaks to cargo by its output")]

use std::env::{VarError, var};
use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, io};

fn main() -> Result<(), VarError> {
    println!("cargo::rerun-if-changed=build");
    if var("PROFILE")? != "release" || var("CARGO_CFG_TARGET_OS")? != "linux" {
        return Ok(());
    }
    let (package, folder) = (var("CARGO_MANIFEST_DIR")?, var("OUT_DIR")?);
    let folder = Path::new(&folder);
    let options = [
        // The kernel maps the 64 KiB around each page of a file that is touched, and the functions of a start lie spread over all of it else.
        // Only lld takes the first of these: GNU ld takes the list too, and minutes for it.
        format!("-Wl,--no-warn-symbol-ordering,-T,{package}/build/start.ld"),
        // What is relocated takes 2 KB of the file for 150.
        "-Wl,-z,pack-relative-relocs".to_owned(),
    ];
    for option in
        options.iter().filter(|option| works(&format!("-Clink-arg={option}"), folder).unwrap_or(false))
    {
        println!("cargo::rustc-link-arg-bin=ganger={option}");
    }
    // The library for unwinding is found as one to be linked in: to load the shared one takes a twentieth of a start.
    let unwinder = folder.join("unwinder");
    let is_written = fs::create_dir_all(&unwinder)
        .and_then(|()| fs::write(unwinder.join("libgcc_s.so"), "INPUT(-lgcc_eh)"));
    if var("CARGO_CFG_TARGET_ENV")? == "gnu"
        && is_written.is_ok()
        && works(&format!("-Lnative={}", unwinder.display()), folder).unwrap_or(false)
    {
        println!("cargo::rustc-link-search=native={}", unwinder.display());
    }
    Ok(())
}

/// Whether an empty program in `folder` can be linked with `flag`, as cargo links here, and runs, if it is for this machine: not each linker knows
/// the options, not each system has the library, an old C library cannot relocate it, and the build has to go on with any.
///
/// # Errors
///
/// Where the compiler or the program cannot be started, or the program cannot be written.
fn works(flag: &str, folder: &Path) -> io::Result<bool> {
    let (source, program) = (folder.join("empty.rs"), folder.join("empty"));
    fs::write(&source, "fn main() {}")?;
    let flags = var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let linker = var("RUSTC_LINKER").map(|linker| format!("-Clinker={linker}"));
    let target = var("TARGET").unwrap_or_default();
    let is_linked = Command::new(var("RUSTC").unwrap_or_else(|_| "rustc".to_owned()))
        .args(flags.split('\u{1f}').filter(|flag| !flag.is_empty()))
        .args(linker)
        .args(["--target", &target, flag, "-o"])
        .args([&program, &source])
        .stderr(Stdio::null())
        .status()?
        .success();
    let is_ours = var("HOST").is_ok_and(|host| host == target);
    Ok(is_linked && (!is_ours || Command::new(program).stderr(Stdio::null()).status()?.success()))
}
