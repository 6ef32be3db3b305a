"""One page of every kind, about nobody: the certificate is drawn here, the person does not exist."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
from PIL import Image, ImageDraw, ImageFont

from kiosk.maintenance.line import Live, Number, doubtful, fine, wrong
from kiosk.maintenance.pages import (
    Denied,
    StaffCard,
    StaffChoose,
    StaffConfirm,
    StaffDenied,
    StaffMenu,
    StaffPin,
    StaffRun,
    StaffTouch,
    Tile,
)
from kiosk.maintenance.plan import Choice, Group, Role
from kiosk.pages import (
    ChooseCertificate,
    EnrolmentStep,
    FaceCheck,
    HandOver,
    Hint,
    Home,
    Kind,
    Light,
    NotEnrolled,
    Notice,
    OpenDocument,
    Page,
    Picture,
    PresentCard,
    Preview,
    Printing,
    Prompt,
    Rate,
    ReadingCard,
    Refusal,
    SlipState,
    Stage,
    Text,
    Waiting,
    Way,
)
from kiosk.reasons import Reason

_KINDS = (
    ("residence", "户籍证明", "户口登记与家庭成员", "Household registration", "Register and family members", "home"),
    (
        "no-record",
        "无犯罪记录证明",
        "用于就业、出国等",
        "Certificate of no criminal record",
        "For work or travel",
        "shield",
    ),
    (
        "insurance",
        "社会保险参保证明",
        "参保与缴费明细",
        "Social insurance record",
        "Membership and contributions",
        "heart",
    ),
    ("marriage", "婚姻登记记录证明", "婚姻登记档案摘录", "Marriage record", "Extract from the register", "rings"),
    (
        "property",
        "不动产登记查询结果证明",
        "个人名下不动产登记情况",
        "Property record",
        "Real estate in your name",
        "key",
    ),
    ("driving", "驾驶人安全记录证明", "驾驶证与安全记录", "Driving record", "Licence and safety record", "car"),
    ("birth", "出生医学证明查询", "出生登记信息", "Birth record", "Extract from the register", "baby"),
    ("education", "学历证书核验证明", "学历与学位信息", "Education record", "Degrees and certificates", "book"),
)
_AGENCY = Text("示例区公安局", "Example District Public Security Bureau")
FINGERPRINT = "3F2A 9C01 77DE B4E0 5A6F 1288 C0FF EE42"
AGAIN = datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC)
KINDS = tuple(
    Kind(code, Text(zh, en), Text(zh_note, en_note), _AGENCY, icon) for code, zh, zh_note, en, en_note, icon in _KINDS
)


def certificate(fonts: Path) -> Picture:
    """An A4 page at 110 dpi with a heading, some lines and a red seal."""
    page = Image.new("RGB", (909, 1286), "white")
    draw = ImageDraw.Draw(page)
    regular, bold = fonts / "NotoSansSC-Regular.otf", fonts / "NotoSansSC-Bold.otf"
    draw.text((454, 150), "户籍证明", "black", ImageFont.truetype(str(bold), 54), anchor="mm")
    lines = (
        "姓名：张某某",
        "公民身份号码：330000********0000",
        "住址：示例省示例市示例区示例路 1 号",
        "",
        "兹证明上述人员的户口登记在本辖区。",
        "特此证明。",
    )
    for number, line in enumerate(lines):
        draw.text((120, 300 + 62 * number), line, "black", ImageFont.truetype(str(regular), 28))
    draw.ellipse((560, 820, 780, 1040), outline="#C8372D", width=8)
    draw.text((670, 930), "★", "#C8372D", ImageFont.truetype(str(bold), 70), anchor="mm")
    draw.text((670, 1080), "2026年11月23日", "black", ImageFont.truetype(str(regular), 28), anchor="mm")
    return Picture(page.width, page.height, page.tobytes())


def preview(picture: Picture) -> Preview:
    return Preview(KINDS[0], "示例区公安局", "2027-05-23", picture, 1, 22)


def pages(fonts: Path) -> dict[str, Page]:
    """Every page, by a name for its picture."""
    kind = KINDS[0]
    return {
        "home": Home(KINDS),
        "home-three": Home(KINDS[:3]),
        "home-one": Home(KINDS[:1]),
        "home-trouble": Home(KINDS[:4], Reason.PAPER_EMPTY),
        "home-trouble-eight": Home(KINDS, Reason.PLATFORM_UNREACHABLE),
        "home-trouble-again-at": Home(KINDS, Reason.PLATFORM_RESTING, again_at=AGAIN),
        "home-trouble-nothing-known": Home((), Reason.PRINTER_LOST),
        "home-getting-ready": Home(()),
        "home-card-left": Home(KINDS[:4], card_left=True),
        "home-documents": Home(KINDS, documents=True),
        "present-card": PresentCard(),
        "present-document": PresentCard(kind, documents=True),
        "present-card-wish": PresentCard(kind),
        "reading-card": ReadingCard(),
        "open-document": OpenDocument(Way.MRZ),
        "open-document-again": OpenDocument(Way.MRZ, 2),
        "open-document-can": OpenDocument(Way.CAN),
        "open-document-can-again": OpenDocument(Way.CAN, 1),
        "face-look": FaceCheck(Prompt.LOOK),
        "face-left": FaceCheck(Prompt.TURN_LEFT, Hint.TOO_FAR, 0.4),
        "face-right": FaceCheck(Prompt.TURN_RIGHT, None, 0.7),
        "face-up": FaceCheck(Prompt.LOOK_UP, Hint.COVERED, 0.3),
        "face-mouth": FaceCheck(Prompt.OPEN_MOUTH, Hint.BACK_LIT, 0.6),
        "face-light": FaceCheck(Prompt.KEEP_LOOKING, None, 0.9, Light.GREEN),
        "face-comparing": FaceCheck(Prompt.COMPARING, None, 1.0),
        "choose": ChooseCertificate("张*", KINDS),
        "choose-three": ChooseCertificate("张*", KINDS[:3]),
        "choose-overlooked": ChooseCertificate("张*", KINDS, overlooked=True),
        "waiting-portrait": Waiting(Stage.ASKING_PORTRAIT),
        "waiting-kinds": Waiting(Stage.ASKING_KINDS),
        "waiting-issuing": Waiting(Stage.ISSUING, kind),
        "waiting-checking": Waiting(Stage.CHECKING, kind),
        "waiting-recalling": Waiting(Stage.RECALLING, kind),
        "preview": preview(certificate(fonts)),
        "preview-overlooked": msgspec.structs.replace(preview(certificate(fonts)), overlooked=True),
        "preview-long": Preview(
            KINDS[4], "示例省示例市示例新区自然资源和规划局不动产登记中心", "2027-12-23", certificate(fonts), 12, 23
        ),
        "printing": Printing(kind),
        "printing-no-paper": Printing(kind, Reason.PAPER_EMPTY, 120),
        "printing-jam": Printing(kind, Reason.PAPER_JAM, 60),
        "printing-door": Printing(kind, Reason.PRINTER_DOOR_OPEN, 9),
        "printing-other-trouble": Printing(kind, Reason.PRINTER_LOST, 60),
        "hand-over": HandOver(kind, 1, card=True),
        "hand-over-paper": HandOver(kind, 2, card=False),
        "home-notices": Home(KINDS, notices=(Notice.PAPER_LOW, Notice.NO_RECEIPTS)),
        "home-few-notices": Home(KINDS[:3], notices=(Notice.TONER_LOW, Notice.RECEIPT_PAPER_LOW)),
        "hand-over-slip": HandOver(kind, 2, card=True, slip=SlipState.OFFERED),
        "hand-over-slip-out": HandOver(kind, 1, card=True, slip=SlipState.OUT),
        "hand-over-slip-failed": HandOver(kind, 1, card=True, slip=SlipState.FAILED),
        "printing-second-page": Printing(kind, pages_out=1, pages=2),
        "rate": Rate(),
        **staff_pages(),
        "refusal-retry": Refusal(Reason.CARD_UNREADABLE, card=True),
        "refusal-again-at": Refusal(Reason.PLATFORM_RESTING, card=True, again_at=AGAIN),
        "refusal-paper": Refusal(Reason.PRINT_UNCERTAIN, card=True, paper=True),
        "refusal-cancelled": Refusal(Reason.CANCELLED, card=False),
        "not-enrolled-key": NotEnrolled(EnrolmentStep.MAKING_KEY),
        "not-enrolled-code": NotEnrolled(EnrolmentStep.WAITING, FINGERPRINT, "BCDF-WXZK", AGAIN),
        "not-enrolled-no-code": NotEnrolled(EnrolmentStep.WAITING, FINGERPRINT, trouble=Reason.ENROLMENT_REFUSED),
        "not-enrolled-foreign": NotEnrolled(
            EnrolmentStep.WAITING, FINGERPRINT, "BCDF-WXZK", AGAIN, trouble=Reason.ENROLMENT_FOREIGN
        ),
        "not-enrolled-unfit": NotEnrolled(
            EnrolmentStep.WAITING,
            FINGERPRINT,
            "BCDF-WXZK",
            AGAIN,
            trouble=Reason.ENROLMENT_UNFIT,
            detail=(
                "kiosk-0001: its profile says platform.key = pkcs11:token=onecard-kiosk;object=onecard-platform, on "
                "this machine it is /var/lib/onecard/site/current/credentials/platform.key; and so on, up to as many "
                "characters as may be told: " + "x" * 31
            ),
        ),
        "not-enrolled-disk": NotEnrolled(
            EnrolmentStep.WAITING,
            FINGERPRINT,
            terminal="kiosk-0001",
            trouble=Reason.ENROLMENT_DISK,
            detail="/var/lib/onecard/site/coming/order.jws: No space left on device",
        ),
        "not-enrolled-stick": NotEnrolled(EnrolmentStep.TAKE_STICK_AWAY, FINGERPRINT, terminal="kiosk-0001"),
        "not-enrolled-asking": NotEnrolled(EnrolmentStep.ASKING, FINGERPRINT, terminal="kiosk-0001"),
        "not-enrolled-barred": NotEnrolled(
            EnrolmentStep.BARRED, trouble=Reason.ENROLMENT_ALTERED, altered="seals-root.pem"
        ),
        "not-enrolled-done": NotEnrolled(EnrolmentStep.DONE, FINGERPRINT, terminal="kiosk-0001"),
    }


_DEVICES = (
    ("card-reader", "读卡器（测试卡）", "Card reader, with a test card"),
    ("camera", "摄像头", "Camera"),
    ("liveness", "活体检测", "Liveness check"),
    ("printer", "打印测试页", "Printer test page"),
    ("ticket", "打印凭条", "Ticket printer"),
    ("scanner", "扫描枪", "Scanner"),
    ("speaker", "扬声器", "Loudspeaker"),
    ("touch", "触摸屏", "Touch grid"),
)
_OTHERS = (
    ("refill", "补充耗材", "Refill", Group.SUPPLIES, True),
    ("counters", "计数器", "Counters", Group.SUPPLIES, False),
    ("network", "网络与平台诊断", "Network and platform", Group.NETWORK, False),
    ("certificates", "证书与吊销列表", "Certificates and lists", Group.SOFTWARE, False),
    ("models", "识别模型", "Models and thresholds", Group.SOFTWARE, False),
    ("profile", "本机配置", "Profile", Group.SOFTWARE, False),
    ("version", "软件版本与启动状态", "Version and secure boot", Group.SOFTWARE, False),
    ("update", "立即更新", "Update now", Group.SOFTWARE, True),
    ("roll-back", "退回上一版本", "Roll back", Group.SOFTWARE, True),
    ("out-of-service", "暂停服务", "Take out of service", Group.SERVICE, True),
    ("in-service", "恢复服务", "Put back into service", Group.SERVICE, True),
    ("restart", "重新启动", "Restart", Group.SERVICE, True),
    ("self-test", "自检", "Self-test", Group.SERVICE, False),
    ("export", "导出日志到 U 盘", "Export logs to a USB stick", Group.RECORDS, True),
    ("report", "打印就绪报告", "Readiness report on paper", Group.RECORDS, False),
)
_LINES = (
    fine("名称解析：platform.example → 192.0.2.10", "names: platform.example is 192.0.2.10"),
    fine("TLS：证书链有效，剩余 212 天", "TLS: the chain holds, 212 days left"),
    doubtful(
        "时钟：比平台慢 41 秒",
        "clock: 41 s behind the platform",
        Text("检查时间服务器：timedatectl timesync-status", "check the time server: timedatectl timesync-status"),
    ),
    wrong(
        "平台：20 秒内没有应答",
        "platform: no answer within 20 s",
        Text(
            "请联系平台运维人员，并核对防火墙的出站地址。",
            "Ask its operator, and look at the firewall's addresses.",
        ),
    ),
)
_NUMBERS = Live(
    (
        Number(Text("帧率", "pictures/s"), "28", well=True),
        Number(Text("亮度", "brightness"), "64", well=False),
        Number(Text("人脸", "faces"), "1", well=True),
        Number(Text("人脸高度", "face height"), "42%", well=True),
        Number(Text("清晰度", "sharpness"), "210", well=True),
        Number(Text("提示", "hint"), "too-dark", well=False),
    )
)


def staff_pages() -> dict[str, Page]:
    """What a technician sees."""
    tiles = tuple(Tile(name, Text(zh, en), Group.DEVICES) for name, zh, en in _DEVICES)
    tiles += tuple(Tile(name, Text(zh, en), group, asks) for name, zh, en, group, asks in _OTHERS)
    network = Text("网络与平台诊断", "Network and platform")
    closing = Text("暂停服务", "Take out of service")
    reasons = tuple(
        Choice(code, Text(zh, en))
        for code, zh, en in (
            ("maintenance", "本机正在维护，暂停服务", "This terminal is closed for maintenance"),
            ("repair", "本机等待维修，暂停服务", "This terminal is waiting for a repair"),
            ("operator", "本机暂停服务", "This terminal is out of service"),
        )
    )
    return {
        "staff-card": StaffCard(),
        "staff-pin": StaffPin(3),
        "staff-pin-wrong": StaffPin(2, wrong=True),
        "staff-pin-last": StaffPin(1, wrong=True),
        "staff-pin-wait": StaffPin(10, wrong=True, wait_s=15),
        "staff-menu": StaffMenu(Role.SERVICE, tiles),
        "staff-menu-supplies": StaffMenu(Role.SUPPLIES, tiles[8:11]),
        "staff-choose": StaffChoose(closing, reasons),
        "staff-confirm": StaffConfirm(
            closing,
            Text("首页将告知市民，重启后仍保持。", "Citizens will read of it, also after a restart."),
            reasons[0].title,
        ),
        "staff-run": StaffRun(network, _LINES[:2]),
        "staff-run-over": StaffRun(network, _LINES, over=True),
        "staff-run-well": StaffRun(network, _LINES[:2], over=True),
        "staff-run-long": StaffRun(network, _LINES * 6, over=True),
        "staff-touch": StaffTouch(Text("触摸屏", "Touch grid"), 9, 12, tuple(range(0, 60, 7))),
        "staff-run-numbers": StaffRun(Text("摄像头", "Camera"), (), _NUMBERS),
    }


def denials() -> list[StaffDenied]:
    """Every way of not being let in."""
    return [StaffDenied(why) for why in Denied]


def refusals() -> list[Refusal]:
    """Every reason there is."""
    return [Refusal(reason, card=True, paper=True) for reason in Reason]
