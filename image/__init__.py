"""The locked-down image of a terminal: what it is made of stands in the folders here, how in the modules.

Built on Debian 12 as root, without virtual machines, containers or a device mapper: `script/image`. docs/image.md says
what comes out of it and what it withstands.
"""
