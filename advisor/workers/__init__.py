"""Worker processes: start, guard, environment, replies, lock, workspace. Knows no measurement."""
