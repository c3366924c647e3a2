//! A process that has done its work and is to wait for a long time gives back what it does not need for that.
//!
//! Linux with the GNU C library; elsewhere nothing happens, and a little more stays.

/// Gives back memory that was freed, and lets go of the program's pages, nearly all of which a start touches and a
/// wait does not: what is needed again comes from the file, sixteen pages at a time.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn give_back_memory() {
    super::calls::trim_heap();
    // Whatever fails, more stays.
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let program = std::env::current_exe().unwrap_or_default();
    for (start, end) in code_of(&maps, &program.to_string_lossy()) {
        super::calls::let_go_of_code(start, end);
    }
}

/// There is nothing that could be given back by a call.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn give_back_memory() {}

/// Where a program's code is mapped, by the lines of /proc/PID/maps (proc(5)): from, and to before which address.
/// Without write access (`r-xp`), so the file has all that is in it.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn code_of<'a>(maps: &'a str, program: &'a str) -> impl Iterator<Item = (usize, usize)> + 'a {
    maps.lines().filter_map(move |line| {
        let (place, rest) = line.split_once(' ')?;
        let (start, end) = place.split_once('-')?;
        let is_code = rest.starts_with("r-xp ") && rest.ends_with(program) && !program.is_empty();
        Some((from_hexadecimal(start)?, from_hexadecimal(end)?)).filter(|_| is_code)
    })
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn from_hexadecimal(text: &str) -> Option<usize> {
    usize::from_str_radix(text, 16).ok()
}

#[cfg(all(test, target_os = "linux", target_env = "gnu"))]
mod tests {
    use super::*;

    #[test]
    fn only_code_of_the_program_is_let_go_of() {
        let maps = "55d0c8a00000-55d0c8ad0000 r--p 00000000 fe:00 4711    /usr/bin/ganger\n\
                    55d0c8ad0000-55d0c8d8e000 r-xp 000cf000 fe:00 4711    /usr/bin/ganger\n\
                    55d0c8d8e000-55d0c8d9e000 rw-p 0038c000 fe:00 4711    /usr/bin/ganger\n\
                    7f58ac720000-7f58ac875000 r-xp 00026000 fe:00 42      /usr/lib/libc.so.6\n\
                    7ffd61fe2000-7ffd61fe4000 r-xp 00000000 00:00 0       [vdso]\n";
        let found: Vec<_> = code_of(maps, "/usr/bin/ganger").collect();
        assert_eq!(found, [(0x55d0_c8ad_0000, 0x55d0_c8d8_e000)]);
        assert_eq!(code_of(maps, "").count(), 0);
    }

    #[test]
    fn what_runs_goes_on() {
        give_back_memory();
        let program = std::env::current_exe().unwrap();
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        assert_eq!(code_of(&maps, &program.to_string_lossy()).count(), 1);
    }
}
