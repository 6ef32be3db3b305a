"""This terminal is nobody yet: its code and fingerprint, large enough to be read out over a telephone, what to do, and
what went wrong last."""

from kivy.uix.widget import Widget

from kiosk.pages import EnrolmentStep, NotEnrolled, Retry
from kiosk.reasons import EXPLANATIONS, Reason
from kiosk.ui import wording
from kiosk.ui.screens.base import Screen, title
from kiosk.ui.theme.icons import Drawing
from kiosk.ui.theme.tokens import BODY, DISPLAY, GAP, HEADING, MARGIN, SMALL, TITLE
from kiosk.ui.widgets.activity import Activity
from kiosk.ui.widgets.drawing import Badge
from kiosk.ui.widgets.layout import Column, Ground, Row, Space, Stack
from kiosk.ui.widgets.notice import Notice
from kiosk.ui.widgets.pressable import PushButton
from kiosk.ui.widgets.words import Words

_CODE = 2 * DISPLAY


class NotEnrolledScreen(Screen):
    def body(self, page: NotEnrolled) -> Widget:
        say = self.here.say
        is_barred = page.step is EnrolmentStep.BARRED
        heading = (
            (wording.BARRED_TITLE, wording.BARRED_LEAD) if is_barred else (wording.ENROL_TITLE, wording.ENROL_LEAD)
        )
        parts: list[Widget] = [title(*map(say, heading))]
        if page.trouble is not None:
            parts.append(self._trouble(page.trouble, page.detail))
        parts += [Space(), self._step(page), Space()]
        if page.fingerprint:
            parts.append(self._fingerprint(page.fingerprint))
        if page.step is EnrolmentStep.WAITING:
            parts.append(self._ways(page))
        return Column(*parts, gap=GAP, margin=(MARGIN, 9))

    def buttons(self, page: NotEnrolled) -> list[PushButton]:
        """Whoever waits for a code that will not come by itself may ask for another."""
        if page.code or not page.pairs or page.trouble in (None, Reason.ENROLMENT_NO_PLATFORM):
            return []
        if page.step is EnrolmentStep.BARRED:
            return []
        return [
            PushButton("retry", self.here.say(wording.ENROL_NEW_CODE), "again", Retry(), self.here.act, filled=True)
        ]

    def _step(self, page: NotEnrolled) -> Widget:
        say = self.here.say
        panel = Stack(
            Words(say(wording.ENROL_STEPS[page.step]), HEADING, "brand", bold=True, align="center"),
            margin=(8, 10),
            gap=3,
        )
        if page.terminal:
            panel.add_widget(Words(say(wording.ENROL_AS, terminal=page.terminal), BODY, align="center"))
        if page.altered:
            panel.add_widget(Words(say(wording.ENROL_ALTERED, file=page.altered), BODY, align="center"))
        if page.code and page.until is not None and page.step is EnrolmentStep.WAITING:
            until = say(wording.ENROL_CODE_UNTIL, at=wording.to_the_second(page.until))
            panel.add_widget(Space(high=4))
            panel.add_widget(Words(say(wording.ENROL_CODE), BODY, "ink_soft", align="center"))
            code = Words(page.code, _CODE, bold=True, align="center")
            code.meaning = "code"
            panel.add_widget(code)
            panel.add_widget(Words(until, BODY, "ink_soft", align="center"))
        elif page.step is not EnrolmentStep.BARRED:
            panel.add_widget(Activity())
        Ground(panel, "brand_tint", 8)
        return panel

    def _fingerprint(self, digits: str) -> Widget:
        groups = digits.split(" ")
        half = len(groups) // 2
        panel = Stack(
            Words(self.here.say(wording.ENROL_FINGERPRINT), BODY, "ink_soft", align="center"),
            *(Words("  ".join(line), TITLE, bold=True, align="center") for line in (groups[:half], groups[half:])),
            margin=(6, 7),
            gap=1,
        )
        Ground(panel, "surface")
        return panel

    def _ways(self, page: NotEnrolled) -> Widget:
        say = self.here.say
        ways = Stack(gap=3)
        if page.code:
            ways.add_widget(_way("person", say(wording.ENROL_BY_CODE)))
        ways.add_widget(_way("key", say(wording.ENROL_BY_STICK)))
        return ways

    def _trouble(self, reason: Reason, detail: str) -> Widget:
        explanation = EXPLANATIONS[reason].in_language(self.here.language)
        code = self.here.say(wording.CODE, code=reason.value)
        told = [Words(self.here.say(wording.ENROL_DETAIL, detail=detail), BODY, "ink_soft")] if detail else []
        return Stack(
            Notice("warning", explanation.what, explanation.next),
            *told,
            Words(code, SMALL, "ink_soft", align="right"),
            gap=1,
        )


def _way(icon: Drawing, sentence: str) -> Widget:
    row = Row(
        Badge(icon, 18), Words(sentence, BODY, pos_hint={"center_y": 0.5}), gap=GAP, margin=(4, 3), size_hint_y=None
    )
    row.bind(minimum_height=row.setter("height"))
    return row
