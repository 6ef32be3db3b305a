"""Presence: a live person in front of the camera, with the face of the portrait on the card.

`worker` is the process, `lives` replaces it when it hangs, `check` is one check in it, `feed` the camera's thread,
`portrait` the card's picture, `rehearsal` the people and attacks it is tried on. The desk knows only `witness`, the
proof that comes out.
"""
