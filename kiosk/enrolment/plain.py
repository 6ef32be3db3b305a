"""What a stranger may have written, told so that it moves no line and no page, and can be told at all."""


def plain(text: str, most: int) -> str:
    """As it is if it is plain ASCII in one line, else with escapes; so many characters of it."""
    return (text if text.isascii() and text.isprintable() else ascii(text))[:most]
