"""Electronic passports and identity cards after ICAO Doc 9303, read by own code on `cryptography` and `asn1crypto`.

`document.read_document` is the whole reading; every other module is one protocol of Doc 9303 parts 3, 10, 11 and 12.
Everything here is synchronous and knows only an `apdu.Apdu`, so a reader runs it in a thread of its own.
"""
