"""Readers behind the PC/SC service (pcscd): watching them, and reading a travel document on them."""
