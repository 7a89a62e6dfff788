"""What a maturin project looks like, and what is wrong with it: read once into data, then judged by pure checks."""
