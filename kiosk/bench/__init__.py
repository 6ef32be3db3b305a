"""What the terminal costs: each step of the journey beside the least it could take, and the journey as a whole.

A step's floor is the bare library or program doing the same work on the same bytes, measured alternately with ours in
the same run: a noisy machine then slows both, and their ratio stays. How to read it: docs/benchmarks.md.
"""
