import time
from rich.progress import Progress

with Progress() as progress:
    copy, pack = progress.add_task("copy", total=30), progress.add_task("pack", total=30)
    for _ in range(30):
        progress.advance(copy)
        progress.advance(pack, 0.5)
        time.sleep(0.05)
    progress.console.print("between")
    progress.advance(pack, 15)
print("all is packed")
