"""Ticket printers: narrow paper from a roll, for slips and queue numbers.

`port` is the vocabulary, `slip` what stands on the paper, `escpos_printer` the driver for printers that speak ESC/POS,
`emulator` one of them with a roll, a cover and a window to look through.
"""
