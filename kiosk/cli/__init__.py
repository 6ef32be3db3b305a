"""One module per sub-command: HELP, arguments(parser), run(args) -> exit code.

They import what they need inside `run`.
"""
