"""Questions, asking and the adaptive way through them.

`session.run` is the interview; `terminals.make_asker` gives it a terminal, `saving` takes up one
that was stopped, `defaults` answers where nobody can be asked. This room knows the rule base and
what was detected; it must not know how anything is measured or decided.
"""
