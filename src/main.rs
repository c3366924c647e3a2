//! The program: hands what it was given to the library and returns its exit code.

fn main() -> std::process::ExitCode {
    ganger::main(std::env::args_os())
}
