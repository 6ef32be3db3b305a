"""Every text of every page, Chinese first; the sentences of refusals are in `kiosk/reasons.py`.

Chinese: 您, short sentences, full-width punctuation, no term a visitor would have to ask about. English: plain words,
no abbreviations. `{…}` are facts that the page brings.
"""

from datetime import date, datetime
from typing import Final

from kiosk.china_time import CHINA
from kiosk.maintenance.pages import Denied
from kiosk.maintenance.plan import Group, Role
from kiosk.pages import EnrolmentStep, Hint, Language, Notice, Prompt, SlipState, Stage, Text, Way
from kiosk.reasons import Reason
from kiosk.ui.theme.icons import Drawing

TERMINAL: Final = Text("自助证明打印终端", "Certificates, self-service")
OTHER_LANGUAGE: Final = Text("English", "中文")
"""What the language switch offers, in that language."""
HELP: Final = Text("需要帮助？请联系大厅工作人员。", "Need help? Please ask a member of staff.")
STEPS: Final = (
    Text("读取证件", "Card"),
    Text("人脸核验", "Face"),
    Text("选择证明", "Choose"),
    Text("打印取件", "Print"),
)

# Buttons
CANCEL: Final = Text("结束办理", "Stop")
DONE: Final = Text("好的，返回首页", "OK, go to start")
START_AGAIN: Final = Text("重新办理", "Start again")
RETRY: Final = Text("再试一次", "Try again")
PRINT: Final = Text("确认打印", "Print it")
TAKEN: Final = Text("已取走，完成", "I have everything")
SKIP: Final = Text("不评价，返回首页", "Skip")
STILL_HERE: Final = Text("我还在，继续办理", "I am still here")

# Home
HOME_TITLE: Final = Text("您好，欢迎自助办理", "Welcome. How can we help?")
HOME_LEAD: Final = Text(
    "证明当场查询、核验、打印，免费，约两分钟。",
    "Certificates checked and printed on the spot. Free, about two minutes.",
)
HOME_CARD: Final = Text("放上身份证，即可开始", "Lay your identity card on the reader")
HOME_DOCUMENT: Final = Text("放上护照或旅行证件，即可开始", "Lay your passport on the reader")
HOME_CARD_HOW: Final = Text("请将证件平放在屏幕下方的感应区。", "The reader is just below the screen.")
HOME_CARD_LEFT: Final = Text("感应区上有证件，请先取走", "A card lies on the reader. Please take it away first")
HOME_CARD_LEFT_HOW: Final = Text(
    "不是您的，请交给工作人员；要再次办理，请取走后重新放上。",
    "Not yours? Give it to staff. To go on with your own, lay it down again.",
)
HOME_KINDS: Final = Text("或先选择要打印的证明", "Or first choose what you need")
HOME_READYING: Final = Text("正在准备，请稍候", "Getting ready, one moment")
HOME_READYING_HOW: Final = Text("正在查询今天可以办理的证明。", "Looking up which certificates can be printed today.")
HOME_CLOSED: Final = Text("抱歉，本机暂停服务", "Sorry, not in service")
HOME_CLOSED_HOW: Final = Text("恢复后，本页会自动更新。", "This page changes by itself as soon as it works again.")
HOME_TROUBLES: Final[dict[Reason, Text]] = {
    Reason.PAPER_EMPTY: Text("打印机缺纸", "The printer is out of paper"),
    Reason.PAPER_JAM: Text("打印机卡纸", "The paper is stuck"),
    Reason.PRINTER_DOOR_OPEN: Text("打印机门没有关好", "A door of the printer is open"),
    Reason.PRINTER_LOST: Text("打印机暂时不可用", "The printer is not available"),
    Reason.READER_LOST: Text("读卡器暂时不可用", "The card reader is not available"),
    Reason.PLATFORM_UNREACHABLE: Text("暂时连不上政务服务平台", "The government platform cannot be reached"),
    Reason.PLATFORM_SLOW: Text("暂时连不上政务服务平台", "The government platform does not answer"),
    Reason.PLATFORM_RESTING: Text("政务服务平台暂时没有应答", "The government platform does not answer"),
    Reason.CLOCK_WRONG: Text("本机时间与平台不一致", "The clocks of terminal and platform differ"),
}
"""Nobody is here, so no sentence of `kiosk/reasons.py` on somebody's job or data would be true."""
HOME_TROUBLE: Final = Text("本机需要检修", "This terminal needs attention")
HOME_TROUBLE_HOW: Final = Text(
    "请使用旁边的终端，或到人工窗口办理。", "Please use another terminal or go to a counter."
)
HOME_AGAIN_AT: Final = Text("本机将于 {at} 再次连接。", "This terminal tries again at {at}.")
NOTICES: Final[dict[Notice, Text]] = {
    Notice.PAPER_LOW: Text("打印纸快用完了，现在仍可打印。", "Paper is running low. Printing still works."),
    Notice.TONER_LOW: Text("碳粉快用完了，现在仍可打印。", "Toner is running low. Printing still works."),
    Notice.RECEIPT_PAPER_LOW: Text("凭条纸快用完了，现在仍可打印。", "Receipt paper is running low. It still works."),
    Notice.NO_RECEIPTS: Text("证明照常打印，凭条暂时没有。", "Certificates print as usual. No receipts for now."),
}
HOME_OFFER: Final = Text("本机可办理的证明", "What this terminal offers")
NOT_NOW: Final = Text("暂不可办", "Not available")

# Card
PRESENT_TITLE: Final = Text("请放上您的身份证", "Lay your identity card on the reader")
PRESENT_DOCUMENT: Final = Text("请放上您的护照或旅行证件", "Lay your passport on the reader")
PRESENT_HOW: Final = Text(
    "平放在屏幕下方的感应区，办理完成前请不要取走。", "Lay it flat on the reader below the screen and leave it there."
)
PRESENT_WISH: Final = Text("您要打印", "You chose")
READING_TITLE: Final = Text("正在读取证件", "Reading your card")
READING_HOW: Final = Text("几秒钟即可，请不要移动证件。", "This takes a few seconds. Please do not move the card.")
OPEN_TITLE: Final = Text("请输入证件上印的信息", "Type what is printed on your document")
OPEN_LEADS: Final[dict[Way, Text]] = {
    Way.MRZ: Text(
        "护照或旅行证件的芯片，要用证件号码和两个日期打开。", "Its chip opens with the document number and two dates."
    ),
    Way.CAN: Text(
        "请输入证件正面单独印的六位数字（CAN）。", "Its chip opens with the six digits printed apart, the CAN."
    ),
}
OPEN_WHY: Final = Text(
    "这不是公民身份号码，不能用来查询任何人；只打开感应区上的这本证件，读完即清除。",
    "This is no identity number and finds nobody: it only opens the document on the reader, and is wiped afterwards.",
)
OPEN_NUMBER: Final = Text("证件号码", "Document number")
OPEN_BIRTH: Final = Text("出生日期", "Date of birth")
OPEN_EXPIRY: Final = Text("有效期至", "Date of expiry")
OPEN_CAN: Final = Text("六位数字", "Six digits")
OPEN_DAY: Final = Text("年年年年 月月 日日", "YYYY MM DD")
OPEN_OTHER_WAY: Final[dict[Way, Text]] = {
    Way.MRZ: Text("证件上有六位数字（CAN）？改用它", "Six digits (CAN) on it? Use those"),
    Way.CAN: Text("没有六位数字？改用号码和日期", "No six digits? Use number and dates"),
}
OPEN_REFUSED: Final = Text("芯片没有打开", "The chip did not open")
OPEN_REFUSED_HOW: Final = Text("请核对后重新输入，还可以试 {n} 次。", "Please check and type again. Tries left: {n}.")
OPEN_GO_ON: Final = Text("打开证件", "Open it")
OPEN_DELETE: Final = Text("删除", "Delete")

# Face
PROMPTS: Final[dict[Prompt, Text]] = {
    Prompt.LOOK: Text("请正视屏幕", "Look straight at the screen"),
    Prompt.TURN_LEFT: Text("请慢慢向左转头", "Slowly turn your head left"),
    Prompt.TURN_RIGHT: Text("请慢慢向右转头", "Slowly turn your head right"),
    Prompt.LOOK_UP: Text("请慢慢抬头", "Slowly look up"),
    Prompt.OPEN_MOUTH: Text("请张开嘴", "Open your mouth"),
    Prompt.BACK_TO_FRONT: Text("请转回正面", "Now face the screen again"),
    Prompt.KEEP_LOOKING: Text("请继续看着屏幕", "Keep looking at the screen"),
    Prompt.COMPARING: Text("正在核对，请稍候", "Comparing, one moment"),
}
HINTS: Final[dict[Hint, Text]] = {
    Hint.NO_PICTURE: Text("摄像头正在恢复，请稍候", "The camera is coming back, one moment"),
    Hint.NO_FACE: Text("请将脸部移到椭圆框内", "Move your face into the oval"),
    Hint.TWO_FACES: Text("请让身边的人退后一些", "Please ask the person beside you to step back"),
    Hint.TOO_FAR: Text("请再靠近一些", "Please come a little closer"),
    Hint.TOO_NEAR: Text("请稍微后退", "Please step back a little"),
    Hint.OFF_CENTRE: Text("请移到画面中间", "Please move to the middle"),
    Hint.BACK_LIT: Text("背后光线太强，请换个角度", "The light is behind you: please turn a little"),
    Hint.TOO_DARK: Text("光线太暗，请转向亮处", "Too dark: please face the light"),
    Hint.TOO_BRIGHT: Text("光线太强，请避开直射光", "Too bright: please move out of the glare"),
    Hint.COVERED: Text(
        "请露出整张脸：摘下口罩、墨镜，放下手", "Please show your whole face: no mask, dark glasses or hand"
    ),
    Hint.BLURRED: Text("画面不清晰，请放慢动作", "The picture is blurred: please move slowly"),
    Hint.TURNED_AWAY: Text("请正对屏幕", "Please turn to the screen"),
    Hint.HOLD_STILL: Text("请保持不动", "Please hold still"),
}
FACE_PRIVACY: Final = Text("画面只用于本次核对，随后立即清除。", "The picture is used for this check only, then wiped.")

# Choosing
CHOOSE_TITLE: Final = Text("{name}，请选择要打印的证明", "{name}, what would you like to print?")
CHOOSE_LEAD: Final = Text("点一下即可，打印前可以先查看。", "One tap. You will see it before it is printed.")

# Waiting
STAGES: Final[dict[Stage, Text]] = {
    Stage.ASKING_PORTRAIT: Text("正在调取登记照片", "Fetching your registered portrait"),
    Stage.ASKING_KINDS: Text("正在查询可办的证明", "Looking up your certificates"),
    Stage.ISSUING: Text("正在为您开具证明", "Preparing your certificate"),
    Stage.CHECKING: Text("正在核验电子印章", "Checking the electronic seal"),
    Stage.RECALLING: Text("正在取消打印", "Cancelling the print"),
}
STAGES_HOW: Final[dict[Stage, Text]] = {
    Stage.ASKING_PORTRAIT: Text(
        "证件中的照片无法读出；登记照片只用于本次核对。",
        "The one on your card cannot be read. It is used for this check only.",
    ),
    Stage.ASKING_KINDS: Text("正在连接政务服务平台。", "Asking the government platform."),
    Stage.ISSUING: Text("政务服务平台正在汇集并盖章。", "The government platform gathers and seals it."),
    Stage.CHECKING: Text("确认证明真实有效，并且属于您本人。", "Making sure that it is genuine and about you."),
    Stage.RECALLING: Text("正在确认没有纸张再打出来。", "Making sure that no page comes out any more."),
}
WAIT_MORE: Final = Text(
    "比平时久一些。您可以继续等待，也可以随时结束。", "This takes longer than usual. You can wait or stop at any time."
)

# Somebody looks over the shoulder
OVERLOOKED: Final = Text("身后有人靠近，内容已遮挡", "Somebody is close behind you, so this is covered")
OVERLOOKED_HOW: Final = Text(
    "对方离开后，本页会自动恢复。没有留存任何画面。", "It comes back by itself when they step away. No picture is kept."
)
REVEAL: Final = Text("我们是一起的，继续显示", "We are together: show it")

# Preview
PREVIEW_TITLE: Final = Text("请核对，再确认打印", "Please check, then print")
PREVIEW_CHECKED: Final = Text("{n} 项核验通过", "{n} checks passed")
PREVIEW_ISSUER: Final = Text("出具单位", "Issued by")
PREVIEW_UNTIL: Final = Text("有效期至", "Valid until")
PREVIEW_PAGES: Final = Text("页数", "Pages")
PAGES_ONE: Final = Text("共 1 页", "1 page")
PAGES_MANY: Final = Text("共 {n} 页", "{n} pages")
PREVIEW_MISSING: Final = Text(
    "预览无法显示，因此不能打印。请结束后重试。",
    "The preview cannot be shown, so it cannot be printed. Please stop and try again.",
)

# Printing
PRINTING_TITLE: Final = Text("正在打印", "Printing")
PRINTING_HOW: Final = Text(
    "纸张从屏幕下方的出纸口送出，请稍候。", "The paper comes out below the screen. One moment, please."
)
PRINTING_PAGE: Final = Text("共 {m} 页，已打出 {n} 页", "{n} of {m} pages are out")
PRINTING_PAUSED: Final = Text("打印已暂停", "Printing has paused")
PRINTING_PAUSED_HOW: Final = Text("请告知工作人员，并在此稍候。", "Please tell a member of staff, and stay here.")
PRINTING_TROUBLES: Final[dict[Reason, tuple[Text, Text]]] = {
    Reason.PAPER_EMPTY: (
        Text("打印机缺纸", "The printer is out of paper"),
        Text(
            "您的证明没有丢失，加纸后会自动继续打印。",
            "Nothing is lost: it goes on by itself as soon as there is paper.",
        ),
    ),
    Reason.PAPER_JAM: (
        Text("纸张卡住了", "The paper is stuck"),
        Text(
            "请不要自行拉纸。您的证明没有丢失，取出卡纸后会自动继续打印。",
            "Please do not pull it. Nothing is lost: it goes on by itself once the paper is cleared.",
        ),
    ),
    Reason.PRINTER_DOOR_OPEN: (
        Text("打印机门没有关好", "A door of the printer is open"),
        Text(
            "您的证明没有丢失，关好门后会自动继续打印。",
            "Nothing is lost: it goes on by itself as soon as the door is closed.",
        ),
    ),
}
"""What happened and what will happen, while the job still waits; `kiosk/reasons.py` has the words for its end."""
PRINTING_TROUBLE: Final = (
    Text("打印机需要工作人员处理", "The printer needs a member of staff"),
    Text(
        "您的证明没有丢失，处理好后会自动继续打印。",
        "Nothing is lost: it goes on by itself once they have helped.",
    ),
)
"""The same for every other trouble."""
PRINTING_LEFT: Final = Text("最多再等 {n} 秒", "We wait up to {n} more seconds")
PRINTING_STOP: Final = Text(
    "到时仍未恢复，就取消打印。您也可以随时结束。", "After that the print is cancelled. You can also stop at any time."
)

# Hand over
HAND_OVER_TITLE: Final = Text("打印完成，请取走物品", "Done. Please take your things")
TAKE_PAPER: Final = Text("取走证明，{pages}", "Take your paper: {pages}")
TAKE_CARD: Final = Text("取回证件", "Take your card")
TAKE_PAPER_WHERE: Final = Text("在屏幕下方的出纸口", "In the tray below the screen")
TAKE_CARD_WHERE: Final = Text("在感应区上", "On the reader")

WANT_SLIP: Final = Text("打印凭条", "Print a receipt")
SLIPS: Final[dict[SlipState, Text]] = {
    SlipState.PRINTING: Text("正在打印凭条", "Printing the receipt"),
    SlipState.OUT: Text("凭条已打出，请一并取走", "The receipt is out. Please take it, too"),
    SlipState.FAILED: Text("凭条没有打出，不影响证明的使用", "No receipt came out. Your paper is valid without it"),
}

# Rating
RATE_TITLE: Final = Text("您对这次服务满意吗？", "How satisfied are you?")
RATE_LEAD: Final = Text("点一下即可，不记录姓名。", "One tap. Your name is not kept.")
RATINGS: Final[dict[int, Text]] = {
    5: Text("非常满意", "Very satisfied"),
    4: Text("满意", "Satisfied"),
    3: Text("基本满意", "Fairly satisfied"),
    2: Text("不满意", "Dissatisfied"),
    1: Text("非常不满意", "Very dissatisfied"),
}

# Refusal
CARD_ON_READER: Final = Text("证件还在感应区，请记得取回。", "Your card is still on the reader. Please take it.")
CARD_WITH_YOU: Final = Text(
    "证件不在感应区，请确认已收好。", "Your card is not on the reader. Please make sure you have it."
)
PAPER_IN_TRAY: Final = Text("出纸口可能有纸张，请查看。", "There may be paper in the tray. Please look.")
AGAIN_AT: Final = Text("{at} 以后可以再试。", "You can try again from {at} on.")
CODE: Final = Text("代码 {code}", "Code {code}")

# Before there is a terminal
ENROL_TITLE: Final = Text("本机尚未登记", "This terminal is not enrolled")
ENROL_LEAD: Final = Text(
    "登记完成后，本机自动开始服务，无需重新启动。", "Once it is, service begins by itself, without a restart."
)
BARRED_TITLE: Final = Text("本机未通过启动核对", "This terminal did not pass its own check")
BARRED_LEAD: Final = Text(
    "启动时核对了存储内容，发现不一致，因此不提供服务。",
    "When it started it compared what it stores with what was signed. It serves nobody.",
)
ENROL_AS: Final = Text("即将成为 {terminal}", "About to become {terminal}")
ENROL_CODE: Final = Text("配对码", "Pairing code")
ENROL_CODE_UNTIL: Final = Text("{at} 前有效", "Good until {at}")
ENROL_FINGERPRINT: Final = Text("本机密钥指纹", "Fingerprint of the key of this terminal")
ENROL_BY_CODE: Final = Text(
    "由运营人员在登记平台上输入配对码，并核对指纹。",
    "An operator types the code at the enrolling platform and compares the fingerprint.",
)
ENROL_BY_STICK: Final = Text(
    "插入登记盘。已经插着的，请拔出后重新插入。",
    "Plug in the enrolment stick. If it is in already, take it out and plug it in again.",
)
ENROL_STEPS: Final[dict[EnrolmentStep, Text]] = {
    EnrolmentStep.MAKING_KEY: Text("正在生成本机密钥", "Making the key of this terminal"),
    EnrolmentStep.WAITING: Text("等待配对码或登记盘", "Waiting for the code or a stick"),
    EnrolmentStep.READING_STICK: Text("正在读取登记盘，请勿拔出", "Reading the stick, please leave it in"),
    EnrolmentStep.TAKE_STICK_AWAY: Text(
        "请拔出登记盘，交运营单位签发证书后再插回", "Take the stick to whoever signs, then bring it back"
    ),
    EnrolmentStep.ASKING: Text(
        "正在向平台申请证书，请勿拔出登记盘", "Asking for the certificate, please leave the stick in"
    ),
    EnrolmentStep.SETTLING: Text("已批准，正在保存，请勿断电", "Approved. Storing it, please leave the power on"),
    EnrolmentStep.DONE: Text("登记完成，正在启动", "Enrolled. The terminal is starting"),
    EnrolmentStep.BARRED: Text("暂停使用，等待运营单位处理", "Out of use until the operator has been here"),
}
ENROL_ALTERED: Final = Text("首个不一致的文件：{file}", "The first file that differs: {file}")
ENROL_DETAIL: Final = Text("原因：{detail}", "Reason: {detail}")
ENROL_NEW_CODE: Final = Text("重新获取配对码", "Ask for a new code")

# Idle
COUNTDOWN_TITLE: Final = Text("您还在吗？", "Are you still there?")
COUNTDOWN_HOW: Final = Text("秒后结束办理，并清除您的信息", "seconds until we stop and wipe your data")

# For technicians
STAFF_FOOT: Final = Text(
    "维护菜单不显示市民信息，也不能开具证明。", "Shows nothing of any citizen, and issues no certificate."
)
STAFF_LEAVE: Final = Text("返回首页", "Back to start")
STAFF_BACK: Final = Text("返回菜单", "Back to the menu")
STAFF_STOP: Final = Text("停止，返回菜单", "Stop, to the menu")
STAFF_COUNTDOWN_HOW: Final = Text("秒后关闭维护菜单", "seconds until the menu closes")
STAFF_CARD: Final = Text("请插入维护卡", "Insert a technician's card")
STAFF_CARD_HOW: Final = Text("仅供维护人员使用。", "For technicians only.")
STAFF_PIN: Final = Text("请输入维护卡的 PIN 码", "Type the card's PIN")
STAFF_PIN_HOW: Final = Text("六到八位数字，屏幕不会显示。", "Six to eight digits. They are not shown.")
STAFF_PIN_TRIES: Final = Text("卡内还可以试 {n} 次", "Tries that the card allows: {n}")
STAFF_PIN_WRONG: Final = Text("PIN 码不正确", "The PIN is wrong")
STAFF_PIN_WRONG_HOW: Final = Text("请重新输入。", "Please type it again.")
STAFF_PIN_LAST: Final = Text("这是最后一次机会", "This is the last try")
STAFF_PIN_LAST_HOW: Final = Text(
    "再错一次，卡会锁死，只能由发卡单位解锁。", "One more wrong PIN locks the card. Only its issuer can unlock it."
)
STAFF_PIN_WAIT: Final = Text("请等待 {n} 秒", "Please wait {n} seconds")
STAFF_PIN_WAIT_HOW: Final = Text(
    "本机上 PIN 码连续输错，暂不接受输入。", "Too many wrong PINs in a row on this terminal."
)
STAFF_PIN_GO_ON: Final = Text("登录", "Log in")
STAFF_MENU: Final = Text("维护菜单", "Maintenance")
STAFF_MENU_HOW: Final = Text(
    "取出维护卡，菜单立即关闭。带 … 的操作会先询问。",
    "Take the card out, and the menu closes. An entry with … asks first.",
)
STAFF_ASKS: Final = Text("{title}…", "{title}…")
STAFF_ROLES: Final[dict[Role, Text]] = {
    Role.SERVICE: Text("维修", "Service"),
    Role.SUPPLIES: Text("耗材", "Supplies"),
    Role.AUDITOR: Text("审计", "Auditor"),
}
STAFF_GROUPS: Final[dict[Group, tuple[Drawing, Text]]] = {
    Group.DEVICES: ("printer", Text("设备检测", "Devices")),
    Group.SUPPLIES: ("document", Text("耗材", "Supplies")),
    Group.NETWORK: ("globe", Text("网络与平台", "Network and platform")),
    Group.SOFTWARE: ("shield", Text("软件与证书", "Software and certificates")),
    Group.SERVICE: ("again", Text("运行", "Operation")),
    Group.RECORDS: ("book", Text("日志与报告", "Records")),
}
"""Drawing and heading."""
STAFF_CHOOSE: Final = Text("请选择", "Choose one")
STAFF_YES: Final = Text("确认执行", "Yes, do it")
STAFF_NO: Final = Text("不执行，返回", "No, go back")
STAFF_CONFIRM_HOW: Final = Text("此操作会改变本机，并写入审计日志。", "This changes the terminal, and is logged.")
STAFF_RUNNING: Final = Text("正在执行", "At work")
STAFF_TOUCH_HOW: Final = Text("请触摸每一格，停 15 秒结束", "Touch every field. It ends after 15 seconds without")
STAFF_OVER: Final = Text("已完成，未发现问题", "Done, nothing is wrong")
STAFF_OVER_WARN: Final = Text("已完成，{n} 项需要留意", "Done, to look at: {n}")
STAFF_OVER_FAIL: Final = Text("已完成，{n} 项有故障", "Done, not working: {n}")
STAFF_DENIED: Final = Text("不能登录", "You cannot log in")
DENIALS: Final[dict[Denied, tuple[Text, Text]]] = {
    Denied.READER_LOST: (
        Text("维护卡读卡器没有连接", "The technicians' reader is not connected"),
        Text("检查读卡器的连线和 pcscd 服务。", "Check its cable and the service pcscd."),
    ),
    Denied.CARD_UNREADABLE: (
        Text("维护卡没有应答", "The card does not answer"),
        Text(
            "取出后擦净触点，重新插入；仍不行请换卡。",
            "Wipe its contacts and insert it again, or change it.",
        ),
    ),
    Denied.NO_STAFF_CARD: (
        Text("这不是维护卡", "This is no technician's card"),
        Text("需要带有 PIV 认证证书的卡。", "It needs a PIV authentication certificate."),
    ),
    Denied.KEY_UNSUPPORTED: (
        Text("维护卡的密钥类型不受支持", "The card's key is of another kind"),
        Text("请发卡单位使用 RSA-2048 或 P-256 密钥。", "Ask its issuer for RSA-2048 or P-256."),
    ),
    Denied.ISSUER_UNKNOWN: (
        Text("不是本机信任的机构签发的卡", "This terminal does not know the card's issuer"),
        Text("核对配置 [maintenance] 中的 ca。", "Compare it with `ca` under [maintenance] in the profile."),
    ),
    Denied.CERTIFICATE_UNFIT: (
        Text("维护卡的证书不符合要求", "The card's certificate is not fit for this"),
        Text("证书要求见 docs/maintenance.md。", "What it must be: docs/maintenance.md."),
    ),
    Denied.NOT_YET_VALID: (
        Text("维护卡的证书尚未生效", "The card's certificate is not valid yet"),
        Text("核对本机时间和证书的生效日期。", "Compare the terminal's clock with its first day."),
    ),
    Denied.EXPIRED: (
        Text("维护卡或其签发机构的证书已过期", "The card's certificate, or its CA's, has ended"),
        Text("请发卡单位换发新证书。", "Ask its issuer for a new one."),
    ),
    Denied.NO_ROLE: (
        Text("维护卡没有唯一的角色", "The card does not have exactly one role"),
        Text("请发卡单位在证书中写入一个角色。", "Ask its issuer to put one role into its certificate."),
    ),
    Denied.REVOKED: (
        Text("这张维护卡已被吊销", "This card was revoked"),
        Text("请把卡交回发卡单位。", "Please give it back to its issuer."),
    ),
    Denied.LIST_MISSING: (
        Text("没有可用的吊销列表", "There is no revocation list that can be used"),
        Text("请为本机提供发卡机构的吊销列表（CRL）。", "Bring this terminal the CRL of the cards' CA."),
    ),
    Denied.LIST_STALE: (
        Text("吊销列表已过期", "The revocation list is out of date"),
        Text("请更新吊销列表（CRL），并核对本机时间。", "Bring a new CRL, and check the terminal's clock."),
    ),
    Denied.PIN_BLOCKED: (
        Text("维护卡的 PIN 码已锁死", "The card's PIN is locked"),
        Text("请发卡单位解锁，或换一张卡。", "Ask its issuer to unlock it, or use another card."),
    ),
    Denied.NOT_PROVEN: (
        Text("维护卡没有证书对应的密钥", "The card does not have its certificate's key"),
        Text("可能是复制的卡，请扣下并报告。", "It may be a copy. Keep it, and report it."),
    ),
    Denied.NO_RECORD: (
        Text("审计日志不能写入", "The audit log cannot be written"),
        Text("不能留痕，就不能登录。请先腾出磁盘空间。", "No record, no login. Make room on its disk first."),
    ),
}
"""What is wrong, and what to do."""


def voice(said: Prompt | Hint) -> str:
    """The name of what is asked or said: for a voice, and for readers that must not depend on the words."""
    return f"{type(said).__name__.lower()}:{said.value}"


def clock(now: datetime) -> str:
    return f"{now:%H:%M}"


def to_the_second(at: datetime) -> str:
    """A moment soon to come, by the clock of the hall."""
    return f"{at.astimezone(CHINA):%H:%M:%S}"


def day(now: datetime, language: Language) -> str:
    """Today, as the head of a page says it."""
    if language == "zh":
        return f"{now.month}月{now.day}日 星期{'一二三四五六日'[now.weekday()]}"
    return f"{_DAYS[now.weekday()]} {now.day} {_MONTHS[now.month - 1]}"


def in_words(iso: str, language: Language) -> str:
    """An ISO date as a sentence says it; what is not a date stays as it is."""
    try:
        on = date.fromisoformat(iso)
    except ValueError:
        return iso
    if language == "zh":
        return f"{on.year}年{on.month}月{on.day}日"
    return f"{on.day} {_MONTHS[on.month - 1]} {on.year}"


def pages(count: int, language: Language) -> str:
    return (PAGES_ONE if count == 1 else PAGES_MANY).in_language(language).format(n=count)


_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
