"""The portrait of a card, decoded where a stranger's bytes can do no harm: `port` asks, `child` is the process.

Kept apart from whoever reads the card and from whoever looks at faces: a decoder that is broken into finds one
portrait, no network, no files, and ends with it.
"""
