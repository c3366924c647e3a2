"""Draws as `docker compose up -d` does on a terminal (internal progress writer, tty): rows that it moves up to and writes again."""
import time

containers = ["app-db-1", "app-web-1"]
for frame in range(16):
    done = min(len(containers), frame // 7)
    up = "\x1b[1A" * (len(containers) + 1) if frame else ""
    print(f"{up}\x1b[0G\x1b[?25l", end="")
    print(f"[+] Running {done}/{len(containers)}".ljust(40))
    for number, name in enumerate(containers):
        mark, state = ("\x1b[32m✔\x1b[0m", "Started") if number < done else ("\x1b[33m⠿\x1b[0m", "Starting")
        print(f" {mark} Container {name}  {state:10}{frame / 10:5.1f}s ")
    print("\x1b[?25h", end="", flush=True)
    time.sleep(0.1)
