"""What a fleet sees of this terminal. No server of our own: each thing goes through the door of an engine that exists.

`agent` is the process: unprivileged, without devices, without a citizen's data. It reads what the desk publishes
(kiosk.health.published) and shows it to Debian's Prometheus on loopback (`metrics`). It takes updates from a hawkBit
(`ddi`) to RAUC (`rauc`), and takes them back when the terminal is not well on them (`updates`). Beside it lie the files
that the other end needs: `prometheus.yml` for the terminal, `rules.yml` and `dashboard.json` for the fleet.
"""
