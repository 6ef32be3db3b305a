"""Presence: a live person in front of the camera, with the face of the portrait on the card.

`worker` is the process, `check` one check in it, `feed` the camera's thread, `portrait` the card's picture. The desk
knows only `witness`, the proof that comes out.
"""
