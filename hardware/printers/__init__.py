"""Printers: paper that came out, or a named trouble.

`port` is the vocabulary, `cups_queue` the real adapter, `cups_server` the queue server it prints through, `ipp_device`
what the printer itself says, `emulator` an IPP Everywhere printer with fault switches.
"""
