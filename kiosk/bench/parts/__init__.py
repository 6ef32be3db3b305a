"""The parts of the bench: what each measures and what is wanted of it. A new row goes into the part it belongs to."""
