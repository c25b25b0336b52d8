"""Price alerts: the rules, what each symbol's rules remember, and the alert of a regime shift."""
