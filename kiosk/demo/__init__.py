"""Everything on one machine: the four processes of the appliance, with emulated devices around them that behave like
the real ones."""
