"""Printers: paper that came out, or a named trouble.

`port` is the vocabulary, `cups_queue` the real adapter, `spooler` how it asks the queue server, `cups_server` that
server, `ipp_device` what the printer itself says, `emulator` an IPP Everywhere printer with fault switches.
"""
