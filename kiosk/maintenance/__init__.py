"""What staff do at a terminal: each entry of the technician's menu, which is also a command (`kiosk maintenance`).

Nothing here sees a citizen's data, and nothing here can issue a document.
"""
