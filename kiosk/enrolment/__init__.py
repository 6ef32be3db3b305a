"""How a terminal that is nobody becomes one: its key is made, its operator says what it is, a CA certifies it.

Whom it believes is in the image, and nothing that it is brought can change that: an order counts if the operator's key
signed it. `settings` is what the image says, `order` what the operator does, `stick` and `pairing` the two ways in
which an order and a certificate come together, `site` where they are put, and `enrol` the hour in which it happens.
"""
