"""How often a model is wrong, measured: `pictures` (a folder of people), `comparisons` (every pair of them), `rates`
(FMR, FNMR and how sure they are), `report` and `plot`.

The terms are those of ISO/IEC 19795-1. What is measured here is one technology on one set of pictures; it is no
evaluation by an accredited laboratory, no certification and no substitute for a test with the people of the hall.
"""
