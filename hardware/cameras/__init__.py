"""Cameras: a live stream of pictures of whoever stands in front of the terminal.

`port` says what a camera is, `v4l2` drives a real one, `puppet` behaves like one with somebody in front of it.
"""
