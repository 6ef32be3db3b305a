"""What a technician asks before the doors open: is everything there that a citizen will need, and if not, what to do.

`examine` asks every part; the parts know one kind of thing each. Nothing is changed.
"""
