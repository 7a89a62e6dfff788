"""PyO3's configuration of an interpreter, as a file that stays the same for as long as the interpreter does."""
