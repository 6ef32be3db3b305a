"""The platform as this terminal sees it: evidence, wire format, device identity and a small client.

Knows nothing of the kiosk, its hardware or its models: `kiosk` translates at its ports.
"""
