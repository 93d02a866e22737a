"""One step of a model shared out over several devices: what a rank builds, and how it is split."""
