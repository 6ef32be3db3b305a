"""Every named refusal: what went wrong, in words a citizen can use, in both languages.

A refusal is a value, never a free text: the journey raises `Refused(Reason.X)`, the screen looks the sentences up here,
the audit log writes the code. Each entry says what happened, what to do next, and whether another try at this terminal
can help. No sentence blames the citizen and none tells an impostor which check caught them.
"""

import traceback
from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Reason(Enum):
    """The value is the code shown small on the page and searched for by technicians; its hundreds name the part."""

    # Card
    CARD_UNREADABLE = "K101"
    CARD_REMOVED = "K102"
    CARD_NUMBER_INVALID = "K103"
    CARD_EXPIRED = "K104"
    CARD_KIND_UNSUPPORTED = "K105"
    PORTRAIT_UNREADABLE = "K106"
    READER_LOST = "K107"
    CARD_NOT_AUTHENTIC = "K108"
    CARD_DOES_NOT_OPEN = "K109"
    # Face
    FACE_NOT_LIVE = "K201"
    FACE_NOT_THE_CARDS = "K202"
    FACE_NOT_SEEN = "K203"
    CAMERA_LOST = "K204"
    FACE_UNSURE = "K205"
    FACE_TRIED_OFTEN = "K206"
    FACE_NOT_OFFERED = "K207"
    # Platform
    PLATFORM_UNREACHABLE = "K301"
    PLATFORM_SLOW = "K302"
    PLATFORM_REFUSED = "K303"
    PLATFORM_ANSWER_INVALID = "K304"
    NOTHING_TO_ISSUE = "K305"
    PLATFORM_RESTING = "K306"
    PLATFORM_NOT_TRUSTED = "K307"
    TERMINAL_NOT_ADMITTED = "K308"
    CLOCK_WRONG = "K309"
    PLATFORM_ANSWER_FOREIGN = "K310"
    PLATFORM_INCOMPLETE = "K311"
    # Document
    SEAL_INVALID = "K401"
    SEAL_UNVERIFIABLE = "K402"
    DOCUMENT_UNSAFE = "K403"
    WRONG_PERSON = "K404"
    WRONG_DOCUMENT = "K405"
    DOCUMENT_EXPIRED = "K406"
    # Paper
    PAPER_EMPTY = "K501"
    PAPER_EMPTY_DURING = "K502"
    PAPER_JAM = "K503"
    PRINTER_DOOR_OPEN = "K504"
    PRINTER_LOST = "K505"
    PRINT_UNCERTAIN = "K506"
    PRINT_ALREADY_OUT = "K507"
    PAPER_JAM_DURING = "K508"
    INTERRUPTED_BUT_OUT = "K509"
    INTERRUPTED_NOT_OUT = "K510"
    # The session itself
    CANCELLED = "K601"
    IDLE = "K602"
    INTERNAL = "K603"
    AUDIT_FULL = "K604"
    STAFF_AT_WORK = "K605"
    CLOSED_FOR_MAINTENANCE = "K606"
    CLOSED_FOR_REPAIR = "K607"
    CLOSED_BY_OPERATOR = "K608"
    # Before there is a terminal: enrolment
    ENROLMENT_FOREIGN = "K701"
    ENROLMENT_STICK = "K702"
    ENROLMENT_EXPIRED = "K703"
    ENROLMENT_TAKEN = "K704"
    ENROLMENT_ANSWER_FOREIGN = "K705"
    ENROLMENT_REFUSED = "K706"
    ENROLMENT_CODE_EXPIRED = "K707"
    ENROLMENT_UNFIT = "K708"
    ENROLMENT_KEY = "K709"
    ENROLMENT_NO_PLATFORM = "K710"
    ENROLMENT_NOT_TRUSTED = "K711"
    ENROLMENT_CLOCK = "K712"
    ENROLMENT_DISK = "K713"
    ENROLMENT_ALTERED = "K714"


@dataclass(frozen=True, slots=True)
class Wording:
    """`what` happened and what to do `next`, in one language."""

    what: str
    next: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The sentences of one reason. `retry`: trying again at this terminal may help, so the page offers it."""

    zh: Wording
    en: Wording
    retry: bool

    def in_language(self, language: str) -> Wording:
        return self.zh if language == "zh" else self.en


class Refused(Exception):
    """The journey ends here with a named reason. `detail` is for the log: precise, and never personal data.

    `again_at`: from when on another try can help, where that is known; timezone-aware.
    """

    def __init__(self, reason: Reason, detail: str = "", *, again_at: datetime | None = None) -> None:
        super().__init__(f"{reason.name} {detail}".strip())
        self.reason = reason
        self.detail = detail
        self.again_at = again_at


def fault(error: BaseException) -> str:
    """The kind and the place of a bug, for the log; never its text, which may quote what a citizen brought."""
    where = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} at {where[-1].filename}:{where[-1].lineno}" if where else type(error).__name__


def _say(zh_what: str, zh_next: str, en_what: str, en_next: str, *, retry: bool) -> Explanation:
    return Explanation(Wording(zh_what, zh_next), Wording(en_what, en_next), retry)


EXPLANATIONS: dict[Reason, Explanation] = {
    Reason.CARD_UNREADABLE: _say(
        "证件没有读出来",
        "请拿起证件，重新平放在感应区；仍读不出时，请到人工窗口办理。",
        "The card could not be read",
        "Lift the card and lay it flat on the reader again. If it still fails, please go to a counter.",
        retry=True,
    ),
    Reason.CARD_REMOVED: _say(
        "证件已取走，办理已停止",
        "您的信息已清除。需要继续时，请点“重新办理”。",
        "The card was taken away, so we stopped",
        "Your data has been wiped. To go on, start again.",
        retry=True,
    ),
    Reason.CARD_NUMBER_INVALID: _say(
        "证件号码未通过校验",
        "请持证件到人工窗口核对。",
        "The number on this card did not pass its check",
        "Please take the card to a counter.",
        retry=False,
    ),
    Reason.CARD_EXPIRED: _say(
        "证件已过有效期",
        "请先换领新证；急用时请到人工窗口办理。",
        "This identity card has expired",
        "Please renew it first, or go to a counter if it is urgent.",
        retry=False,
    ),
    Reason.CARD_KIND_UNSUPPORTED: _say(
        "本机暂不支持这种证件",
        "请到人工窗口办理。",
        "This terminal does not accept this kind of card yet",
        "Please go to a counter.",
        retry=False,
    ),
    Reason.PORTRAIT_UNREADABLE: _say(
        "证件照片无法读取",
        "没有照片就无法核验本人，请到人工窗口办理。",
        "The portrait on the card could not be read",
        "Without it we cannot check that it is you. Please go to a counter.",
        retry=False,
    ),
    Reason.READER_LOST: _say(
        "读卡器暂时不可用",
        "请告知工作人员，并使用旁边的终端或到人工窗口办理。",
        "The card reader is not available",
        "Please tell a member of staff, and use another terminal or go to a counter.",
        retry=False,
    ),
    Reason.CARD_NOT_AUTHENTIC: _say(
        "证件的电子信息未能通过核验",
        "请持证件到人工窗口核对。",
        "The electronic data on this document could not be confirmed",
        "Please take the document to a counter.",
        retry=False,
    ),
    Reason.CARD_DOES_NOT_OPEN: _say(
        "证件芯片没有打开",
        "请核对证件上印的信息，或到人工窗口办理。",
        "The chip of your document did not open",
        "Please check what is printed on it, or go to a counter.",
        retry=False,
    ),
    Reason.FACE_NOT_LIVE: _say(
        "本次人脸核验没有完成",
        "您可以再试一次，或到人工窗口由工作人员核验。",
        "The face check was not completed",
        "You can try once more, or go to a counter where staff will check.",
        retry=True,
    ),
    Reason.FACE_NOT_THE_CARDS: _say(
        "未能确认您与证件照片为同一人",
        "请到人工窗口，由工作人员核验后办理。",
        "We could not confirm that you are the person on the card",
        "Please go to a counter, where staff will check.",
        retry=False,
    ),
    Reason.FACE_NOT_SEEN: _say(
        "没有看清您的脸",
        "请面向屏幕，摘下口罩，再试一次；坐轮椅时可请工作人员帮忙调整。",
        "We could not see your face clearly",
        "Face the screen without a mask and try again. Staff can help if you are seated.",
        retry=True,
    ),
    Reason.CAMERA_LOST: _say(
        "摄像头暂时不可用",
        "请告知工作人员，并到人工窗口办理。",
        "The camera is not available",
        "Please tell a member of staff, and go to a counter.",
        retry=False,
    ),
    Reason.FACE_UNSURE: _say(
        "这次不能确定核验结果",
        "为了您的安全，请到人工窗口由工作人员核验。",
        "The check was not certain enough",
        "For your safety, please go to a counter where staff will check.",
        retry=False,
    ),
    Reason.FACE_TRIED_OFTEN: _say(
        "人脸核验多次没有完成",
        "请到人工窗口，由工作人员核验后办理。",
        "The face check was not completed",
        "Please go to a counter, where staff will check.",
        retry=False,
    ),
    Reason.FACE_NOT_OFFERED: _say(
        "本机暂不提供自助人脸核验",
        "请到人工窗口，由工作人员核验后办理。",
        "This terminal does not offer the face check yet",
        "Please go to a counter, where staff will check.",
        retry=False,
    ),
    Reason.PLATFORM_UNREACHABLE: _say(
        "暂时连不上政务服务平台",
        "您的信息已清除，没有打印任何内容。请稍后再试，或到人工窗口办理。",
        "The government platform cannot be reached",
        "Your data has been wiped and nothing was printed. Please try later or go to a counter.",
        retry=True,
    ),
    Reason.PLATFORM_SLOW: _say(
        "政务服务平台响应超时",
        "您的信息已清除。请稍后再试，或到人工窗口办理。",
        "The government platform took too long",
        "Your data has been wiped. Please try later or go to a counter.",
        retry=True,
    ),
    Reason.PLATFORM_REFUSED: _say(
        "平台未批准这次办理",
        "请到人工窗口了解原因。",
        "The platform did not grant this request",
        "Please ask at a counter for the reason.",
        retry=False,
    ),
    Reason.PLATFORM_INCOMPLETE: _say(
        "提供数据的部门暂时没有应答",
        "这份证明没有开具，您的信息已清除。请稍后再试，或到人工窗口办理。",
        "A department whose data is needed does not answer",
        "No certificate was made and your data has been wiped. Please try later or go to a counter.",
        retry=True,
    ),
    Reason.PLATFORM_ANSWER_INVALID: _say(
        "平台的答复无法识别",
        "为了您的安全，本机没有打印。请到人工窗口办理。",
        "The answer of the platform could not be trusted",
        "For your safety nothing was printed. Please go to a counter.",
        retry=False,
    ),
    Reason.NOTHING_TO_ISSUE: _say(
        "平台上没有可为您打印的证明",
        "请到人工窗口咨询。",
        "There is no certificate the platform can issue to you here",
        "Please ask at a counter.",
        retry=False,
    ),
    Reason.PLATFORM_RESTING: _say(
        "政务服务平台暂时没有应答",
        "您的信息已清除，没有打印任何内容。请稍后再试，或到人工窗口办理。",
        "The government platform is not answering at the moment",
        "Your data has been wiped and nothing was printed. Please try later or go to a counter.",
        retry=True,
    ),
    Reason.PLATFORM_NOT_TRUSTED: _say(
        "未能确认政务服务平台的身份",
        "为了您的安全，本机没有发出您的信息。请告知工作人员，并到人工窗口办理。",
        "We could not confirm that this is the government platform",
        "For your safety your data was not sent. Please tell a member of staff, and go to a counter.",
        retry=False,
    ),
    Reason.TERMINAL_NOT_ADMITTED: _say(
        "平台没有接受本机的访问",
        "您的信息已清除。请告知工作人员，并使用旁边的终端或到人工窗口办理。",
        "The platform does not admit this terminal",
        "Your data has been wiped. Please tell a member of staff, and use another terminal or go to a counter.",
        retry=False,
    ),
    Reason.CLOCK_WRONG: _say(
        "本机时间与平台不一致",
        "您的信息已清除。请告知工作人员，并使用旁边的终端或到人工窗口办理。",
        "The clocks of this terminal and of the platform differ",
        "Your data has been wiped. Please tell a member of staff, and use another terminal or go to a counter.",
        retry=False,
    ),
    Reason.PLATFORM_ANSWER_FOREIGN: _say(
        "平台的答复不属于这次办理",
        "为了您的安全，本机没有显示，也没有打印。请到人工窗口办理。",
        "The answer of the platform does not belong to this request",
        "For your safety it was neither shown nor printed. Please go to a counter.",
        retry=False,
    ),
    Reason.SEAL_INVALID: _say(
        "证明上的电子印章无效",
        "为了您的安全，本机没有打印。请到人工窗口办理。",
        "The electronic seal on the certificate is not valid",
        "For your safety nothing was printed. Please go to a counter.",
        retry=False,
    ),
    Reason.SEAL_UNVERIFIABLE: _say(
        "暂时无法核验电子印章",
        "本机没有打印。请稍后再试，或到人工窗口办理。",
        "The electronic seal cannot be checked at the moment",
        "Nothing was printed. Please try later or go to a counter.",
        retry=True,
    ),
    Reason.DOCUMENT_UNSAFE: _say(
        "证明文件未通过安全检查",
        "本机没有打印。请到人工窗口办理。",
        "The certificate file did not pass our safety check",
        "Nothing was printed. Please go to a counter.",
        retry=False,
    ),
    Reason.WRONG_PERSON: _say(
        "证明与您的证件不一致",
        "本机没有打印，也没有显示。请到人工窗口办理。",
        "The certificate does not match your card",
        "It was neither printed nor shown. Please go to a counter.",
        retry=False,
    ),
    Reason.WRONG_DOCUMENT: _say(
        "收到的证明与您选择的不一致",
        "本机没有打印。请到人工窗口办理。",
        "The certificate is not the one you asked for",
        "Nothing was printed. Please go to a counter.",
        retry=False,
    ),
    Reason.DOCUMENT_EXPIRED: _say(
        "这份证明已过有效期",
        "本机没有打印。请到人工窗口办理。",
        "This certificate is no longer valid",
        "Nothing was printed. Please go to a counter.",
        retry=False,
    ),
    Reason.PAPER_EMPTY: _say(
        "打印机缺纸",
        "请告知工作人员加纸，或使用旁边的终端。",
        "The printer is out of paper",
        "Please tell a member of staff, or use another terminal.",
        retry=True,
    ),
    Reason.PAPER_EMPTY_DURING: _say(
        "打印途中缺纸，本次打印已取消",
        "不会重复出证。请拿好证件，联系工作人员。",
        "The printer ran out of paper and the job was cancelled",
        "No second original can come out. Keep your card and ask a member of staff.",
        retry=False,
    ),
    Reason.PAPER_JAM: _say(
        "打印机卡纸",
        "请不要自行取纸；请告知工作人员，并使用旁边的终端。",
        "The paper is stuck in the printer",
        "Please do not pull the paper. Tell a member of staff, and use another terminal.",
        retry=False,
    ),
    Reason.PAPER_JAM_DURING: _say(
        "打印机卡纸，本次打印已取消",
        "请不要自行取纸，联系工作人员处理。",
        "The paper is jammed and the job was cancelled",
        "Please do not pull the paper. Ask a member of staff.",
        retry=False,
    ),
    Reason.PRINTER_DOOR_OPEN: _say(
        "打印机门没有关好",
        "请告知工作人员，或使用旁边的终端。",
        "A door of the printer is open",
        "Please tell a member of staff, or use another terminal.",
        retry=True,
    ),
    Reason.PRINTER_LOST: _say(
        "打印机暂时不可用",
        "请告知工作人员，并使用旁边的终端或到人工窗口办理。",
        "The printer is not available",
        "Please tell a member of staff, and use another terminal or go to a counter.",
        retry=False,
    ),
    Reason.PRINT_UNCERTAIN: _say(
        "不能确定证明是否已经打出",
        "请先看看出纸口，再联系工作人员。为防止重复，本机不会再打一份。",
        "We cannot be sure that the page came out",
        "Please look at the tray, then ask staff. To avoid a second original we will not print it again.",
        retry=False,
    ),
    Reason.PRINT_ALREADY_OUT: _say(
        "停止之前，证明已经打出",
        "请取走纸张和证件；不需要时请交给工作人员销毁。",
        "The page was already out when you stopped",
        "Please take the paper and your card. If you do not need it, hand it to staff to be destroyed.",
        retry=False,
    ),
    Reason.INTERRUPTED_BUT_OUT: _say(
        "本机刚才中断过，证明已经打出",
        "请从出纸口取走证明，并收好证件。您的信息已清除。",
        "This terminal was interrupted, but the page is out",
        "Please take it from the tray, and keep your card. Your data has been wiped.",
        retry=False,
    ),
    Reason.INTERRUPTED_NOT_OUT: _say(
        "本机刚才中断过，证明没有打出",
        "您的信息已清除，这份证明不会再打出来。请返回首页重新办理，或到人工窗口办理。",
        "This terminal was interrupted, and nothing came out",
        "Your data has been wiped, and that page will not come any more. Please start again or go to a counter.",
        retry=False,
    ),
    Reason.CANCELLED: _say(
        "办理已结束",
        "您的信息已清除，没有打印任何内容。",
        "We have stopped",
        "Your data has been wiped and nothing was printed.",
        retry=True,
    ),
    Reason.IDLE: _say(
        "长时间没有操作，办理已结束",
        "您的信息已清除。需要继续时，请重新开始。",
        "Nothing happened for a while, so we stopped",
        "Your data has been wiped. You can start over at any time.",
        retry=True,
    ),
    Reason.AUDIT_FULL: _say(
        "本机暂停服务",
        "本机的记录空间已满。请使用其他自助终端，或到人工窗口办理；请告知工作人员。",
        "This terminal is out of service",
        "Its storage is full. Please use another terminal or a counter, and tell a member of staff.",
        retry=False,
    ),
    Reason.STAFF_AT_WORK: _say(
        "工作人员正在检查本机",
        "请稍候，或使用其他自助终端。",
        "Staff are checking this terminal",
        "Please wait a moment, or use another terminal.",
        retry=False,
    ),
    Reason.CLOSED_FOR_MAINTENANCE: _say(
        "本机正在维护，暂停服务",
        "请使用其他自助终端，或到人工窗口办理。",
        "This terminal is closed for maintenance",
        "Please use another terminal, or go to a counter.",
        retry=False,
    ),
    Reason.CLOSED_FOR_REPAIR: _say(
        "本机等待维修，暂停服务",
        "工作人员已经知道。请使用其他自助终端，或到人工窗口办理。",
        "This terminal is waiting for a repair",
        "Staff know about it. Please use another terminal, or go to a counter.",
        retry=False,
    ),
    Reason.CLOSED_BY_OPERATOR: _say(
        "本机暂停服务",
        "请使用其他自助终端，或到人工窗口办理。",
        "This terminal is out of service",
        "Please use another terminal, or go to a counter.",
        retry=False,
    ),
    Reason.ENROLMENT_FOREIGN: _say(
        "这份登记文件不是本机运营单位签发的",
        "本机只接受运营单位签发的文件。请换用正确的登记盘，或核对镜像中的运营单位公钥。",
        "This order was not signed by the operator of this terminal",
        "The terminal takes no other. Bring the right stick, or check whose key is in the image.",
        retry=False,
    ),
    Reason.ENROLMENT_STICK: _say(
        "登记盘无法使用",
        "请不要提前拔出，也不要打开写保护；仍然不行时，请重新制作登记盘。",
        "This stick could not be used",
        "Leave it in until the page says so, and do not write-protect it. If it still fails, make it again.",
        retry=False,
    ),
    Reason.ENROLMENT_EXPIRED: _say(
        "登记文件或证书已过期",
        "请核对本机时间；时间正确时，请运营单位重新签发。",
        "The order or the certificate has expired",
        "Check the clock of this terminal. If it is right, ask the operator for a new order.",
        retry=False,
    ),
    Reason.ENROLMENT_TAKEN: _say(
        "这份登记文件已被另一台终端使用",
        "每份文件只能登记一台终端。请为本机重新签发一份。",
        "Another terminal has used this order",
        "An order is good for one terminal. Ask the operator for another one.",
        retry=False,
    ),
    Reason.ENROLMENT_ANSWER_FOREIGN: _say(
        "这份证书不是发给本机的",
        "请核对登记盘和本机指纹，取回本机自己的证书。",
        "This certificate is not for this terminal",
        "Compare the fingerprint below with the request, and bring the certificate that belongs to it.",
        retry=False,
    ),
    Reason.ENROLMENT_REFUSED: _say(
        "平台没有批准本机登记",
        "请联系运营单位核对指纹，然后再取一个配对码。",
        "The platform did not admit this terminal",
        "Speak to the operator, compare the fingerprint, then ask for a new code.",
        retry=True,
    ),
    Reason.ENROLMENT_CODE_EXPIRED: _say(
        "配对码已过期",
        "请在有效时间内由运营单位输入配对码。",
        "The pairing code has expired",
        "Ask for a new one and have it entered in time.",
        retry=True,
    ),
    Reason.ENROLMENT_UNFIT: _say(
        "登记文件与本机不符",
        "文件里的本机配置不能在这里使用，原因如下。请修改配置后重新签发。",
        "The order does not fit this terminal",
        "Its profile would not work here; the reason is below. Correct it and sign it again.",
        retry=False,
    ),
    Reason.ENROLMENT_KEY: _say(
        "无法生成本机密钥",
        "请检查安全芯片是否已在固件中启用，原因如下。",
        "The key of this terminal could not be made",
        "Check that the security chip is enabled in the firmware; the reason is below.",
        retry=False,
    ),
    Reason.ENROLMENT_NO_PLATFORM: _say(
        "暂时连不上登记平台",
        "本机会自动重试。请检查网线和网络，也可以使用登记盘。",
        "The enrolling platform cannot be reached",
        "The terminal tries again by itself. Check cable and network, or use a stick.",
        retry=False,
    ),
    Reason.ENROLMENT_NOT_TRUSTED: _say(
        "未能确认登记平台的身份",
        "本机没有接受它的答复。请检查网络中是否有代理，并核对镜像中的平台证书。",
        "We could not confirm that this is the enrolling platform",
        "Its answers are not taken. Look for a proxy on the way, and check the CA in the image.",
        retry=False,
    ),
    Reason.ENROLMENT_CLOCK: _say(
        "本机时间不对",
        "请在固件中校正日期和时间，然后重新启动。",
        "The clock of this terminal is wrong",
        "Set date and time in the firmware, then start again.",
        retry=False,
    ),
    Reason.ENROLMENT_DISK: _say(
        "本机无法保存登记结果",
        "请检查加密分区，原因如下。没有登记完成，可以重来。",
        "What was decided could not be stored",
        "Check the encrypted partition; the reason is below. Nothing is half done, so it can be repeated.",
        retry=False,
    ),
    Reason.ENROLMENT_ALTERED: _say(
        "本机存储的配置与运营单位签发的不一致",
        "本机已停止服务，请不要使用。请联系运营单位，由其检查本机后重写镜像并重新登记。",
        "What is stored here is not what the operator signed",
        "This terminal stays out of use. The operator examines it, writes its image anew and enrols it again.",
        retry=False,
    ),
    Reason.INTERNAL: _say(
        "本机出现故障",
        "您的信息已清除。请告知工作人员，并使用旁边的终端或到人工窗口办理。",
        "This terminal has a fault",
        "Your data has been wiped. Please tell a member of staff, and use another terminal or a counter.",
        retry=False,
    ),
}

# The same trouble reads differently once a job was sent: the citizen must know that no second original can come.
ONCE_SENT = {
    Reason.PAPER_EMPTY: Reason.PAPER_EMPTY_DURING,
    Reason.PAPER_JAM: Reason.PAPER_JAM_DURING,
    Reason.PRINTER_DOOR_OPEN: Reason.PRINT_UNCERTAIN,
}

# After one of these the citizen should look at the tray. A fault of the terminal may have come after the paper.
MAY_LEAVE_PAPER = frozenset(
    {
        Reason.PAPER_EMPTY_DURING,
        Reason.PAPER_JAM_DURING,
        Reason.PRINT_UNCERTAIN,
        Reason.PRINT_ALREADY_OUT,
        Reason.INTERRUPTED_BUT_OUT,
        Reason.INTERNAL,
        Reason.AUDIT_FULL,
    }
)
