"""A platform to develop and test against: own process, real TLS, real seals, fault switches, synthetic people."""
