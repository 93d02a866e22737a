"""The machine and its toolchains: what is here, and what is wrong with it."""
