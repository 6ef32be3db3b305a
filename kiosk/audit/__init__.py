"""The tamper-evident log: what this terminal did, and nothing about whom it did it for."""
