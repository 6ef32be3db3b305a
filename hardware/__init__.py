"""The devices around the citizen: one folder per kind, each with its port, its drivers and its emulator.

The folders know neither the kiosk nor each other; the kiosk's composition root picks the drivers.
"""
