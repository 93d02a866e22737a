"""What evidence says: comparisons that count, crossovers, costs, movement. Pure; knows no rule."""
