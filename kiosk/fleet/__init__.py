"""What a fleet sees of this terminal, and what it may ask. No server of our own: each thing goes through the door of an
engine that exists.

`agent` is the process: unprivileged, without devices, without a citizen's data. It reads what the desk publishes
(kiosk.health.published) and shows it to Debian's Prometheus on loopback (`metrics`). From a hawkBit (`ddi`) it takes,
one thing at a time (`rounds`), updates to RAUC (`updates`, `rauc`), and what the fleet's operator signed (`operator`):
commands (`command`, `commands`) and profiles (`signed_profile`, `profiles`). What the terminal is not well on is taken
back (`gate`, `trial`). The machine restarts between two citizens only (`machine`, `door`), but for a profile with which
the agent itself cannot work: nobody else would take that one back. All of it is written down (`trail`).

Beside it lie the files that the other end needs: `prometheus.yml` for the terminal, `rules.yml` and `dashboard.json`
for the fleet.
"""
