"""Key switches in the housing: `port` is the vocabulary, `evdev_switch` the driver for one that the kernel knows as an
input device, `emulator` one that is turned by hand."""
