"""A team's own code, read and never run: what it answers of the interview, what moving would take.

Text goes in and findings come out; only `walk` touches the disk. It must not know how anything is
decided, and it imports and runs nothing of what it reads.
"""
