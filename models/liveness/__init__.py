"""Is somebody really there? Gestures in an order that nobody can know, and measurements on what was seen meanwhile.

`gestures` says what may be asked and when it is done, `challenge` asks it, `depth`, `stream` and `light` measure,
`policy` decides. `sitting` is all of it for one person before one camera. Nothing here knows a camera or a clock: times
are what the pictures say.

Limits, plainly: a recording passes when it guesses the order (one in ten), and an animated face on a good screen or fed
into the cable passes by construction. Nothing here was tested after ISO/IEC 30107-3.
"""
