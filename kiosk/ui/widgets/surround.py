"""What pages stand between: the head, the steps and the help line. They stay while pages come and go."""

from kiosk.pages import Language, Text
from kiosk.ui import wording
from kiosk.ui.widgets.header import FootLine, Header
from kiosk.ui.widgets.pressable import Act
from kiosk.ui.widgets.steps import StepBar


class Surround:
    """That of one hall in one language. Its parts are lent to one page at a time. Runs until `close`."""

    def __init__(self, hall: Text, language: Language, act: Act) -> None:
        self.hall, self.language = hall, language
        self.header = Header(hall, language, act)
        self.help_line = FootLine("help", wording.HELP.in_language(language))
        self._steps: dict[int, StepBar] = {}

    def steps(self, here: int) -> StepBar:
        """The step bar with `here` as the current step."""
        if here not in self._steps:
            self._steps[here] = StepBar(here, self.language)
        return self._steps[here]

    def close(self) -> None:
        self.header.close()
