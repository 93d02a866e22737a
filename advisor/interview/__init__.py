"""Questions, asking and the adaptive way through them."""
