"""Can this terminal serve, and if not, why and what is to be done: one answer, for citizens, staff and the fleet.

`findings` is what can be said of a part; `board` is the one place where the desk keeps what was said last and makes a
state of it: *ready*, *degraded* (yellow: it works, but not for everybody or not for long) or *out of service* (red).
The home page shows it, the audit log has each change, and `published` is what `kiosk doctor` and the agent read.
"""
