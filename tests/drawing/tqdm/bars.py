import time
from tqdm import tqdm

for _ in tqdm(range(3), desc="outer", position=0):
    for _ in tqdm(range(10), desc="inner", position=1, leave=False):
        time.sleep(0.05)
print("all is copied")
