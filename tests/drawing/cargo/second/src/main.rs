fn main() { first::first() }
