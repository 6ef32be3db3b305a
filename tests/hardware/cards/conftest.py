"""`--reader URI`: the conformance suite on a real reader, with somebody at hand who lays the cards."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--reader", help="an SDT reader's URI; add -s, for the suite asks you to lay two people's cards")
