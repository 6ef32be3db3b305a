"""The desk's ports as they really are: each lower room's vocabulary and errors, translated once, here."""
