"""Python source: what its names refer to, which values are arrays, and what is done to them."""
