"""Identity card readers: the port, the driver for Chinese second-generation cards, and an emulated reader.

What a kiosk needs is in `port` (`IdentityReader`, `CardError`) and `reading` (`CardReading`); `sdt_reader` is the
driver, `emulator` and `synthetic` are its counterpart for a machine without hardware. Nothing here knows the kiosk.
"""
