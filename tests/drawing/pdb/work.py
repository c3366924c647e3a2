def work(x):
    breakpoint()
    y = x + 1
    print('worked', y)

work(41)
