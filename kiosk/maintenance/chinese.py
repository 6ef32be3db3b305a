"""Findings in both languages. The doctor and the board speak English, for they are read by programs and in logs, too;
staff in the hall read Chinese first. A sentence without a rendering here stands as it is, behind the Chinese name of
its part: better that than a guess.
"""

import re
from typing import Final

from kiosk.health.findings import Finding
from kiosk.health.remedies import VALIDATE
from kiosk.maintenance.line import Line
from kiosk.reasons import EXPLANATIONS, Reason
from kiosk.text import Text

PARTS: Final = {
    "desk": "终端程序",
    "sign": "服务开关",
    "audit log": "审计日志",
    "audit key": "审计密钥",
    "audit anchor": "审计锚点",
    "revocation lists": "吊销列表",
    "doctor": "自检程序",
    "audit disk": "日志磁盘",
    "card reader": "读卡器",
    "reader binding": "读卡器绑定",
    "portrait decoder": "照片解码",
    "portrait policy": "照片策略",
    "WLT decoder": "WLT 照片解码库",
    "printer": "打印机",
    "print queue": "打印队列",
    "supplies": "耗材",
    "paper": "纸张",
    "toner": "碳粉",
    "paper forecast": "纸张预测",
    "paper ledger": "打印台账",
    "ticket printer": "凭条打印机",
    "receipt paper": "凭条纸",
    "platform": "平台",
    "platform login": "平台登录",
    "platform CA": "平台 CA 证书",
    "device certificate": "终端证书",
    "device identity": "终端身份",
    "root of all seals": "签章根证书",
    "country signing CAs": "国家签名证书",
    "technicians' cards": "维护卡",
    "ui process": "屏幕程序",
    "vision process": "摄像头程序",
    "documents process": "文件程序",
    "camera": "摄像头",
    "face match": "人脸比对",
    "anti-spoof": "防伪模型",
    "model manifest": "模型清单",
    "self-watch": "自我检查",
    "fleet": "机群",
    "fleet log": "机群日志",
    "run directory": "运行目录",
    "swap": "交换空间",
    "core dumps": "崩溃转储",
    "memory": "内存",
    "clock": "时钟",
}
_SAYS: Final = tuple(
    (re.compile(pattern), chinese)
    for pattern, chinese in (
        (r"the platform remembers record (\d+)", r"平台已记住第 \1 条记录"),
        (r"the platform refuses: (.+)", r"平台拒绝：\1"),
        (r"none for two days: (.+)", r"已两天没有：\1"),
        (r"one of them does not say when it ends", "其中一份没有写明有效期"),
        (r"the platform sent what is none", "平台发来的不是吊销列表"),
        (r"one ended at (.+): no certificate can be verified", r"其中一份已于 \1 到期，无法验证证明"),
        (r"one ends at (.+)", r"其中一份将于 \1 到期"),
        (r"good until (.+)", r"有效期至 \1"),
        (r"nobody is let in from (.+) on", r"自 \1 起无人能登录"),
        (r"nobody is let in: (.+)", r"无人能登录：\1"),
        (r"(.+): no CA's certificates", r"\1 不是 CA 证书"),
        (r"the platform is asked for a portrait that cannot be decoded", "无法解码的照片向平台索取"),
        (r"did not come to an end", "没有正常结束"),
        (r"ready", "就绪"),
        (r"enough", "充足"),
        (r"valid until (.+)", r"有效期至 \1"),
        (r"expires on (.+)", r"将于 \1 过期"),
        (r"expired on (.+)", r"已于 \1 过期"),
        (r"not valid before (.+)", r"自 \1 起才有效"),
        (r"(.+), certificate and key belong together", r"\1，证书与密钥相符"),
        (r"(\d+) records, an unbroken chain", r"\1 条记录，链条完整"),
        (r"nothing is recorded yet", "尚无记录"),
        (r"signs checkpoints as (.+)", r"检查点签名密钥 \1"),
        (r"(\d+) MiB are free", r"剩余 \1 MiB"),
        (r"(.+) was set aside", r"\1 已被另存"),
        (r"nothing was printed yet", "尚未打印"),
        (r"(\d+) prints, every page accounted for", r"\1 次打印，页页有着落"),
        (r"of (\d+) prints, (\d+) may be out", r"\1 次打印中有 \2 次无法确定"),
        (r"nothing runs low", "充足"),
        (r"runs low", "不足"),
        (r"(.+) runs low", r"\1 不足"),
        (r"the roll is near its end", "纸卷将尽"),
        (r"gives no receipts", "不能打印凭条"),
        (r"lasts for more than a day of opening", "够用一个工作日以上"),
        (r"may run out from (.+) on", r"\1 起可能用完"),
        (r"(.+) answers", r"\1 有应答"),
        (r"(.+) does not answer", r"\1 无应答"),
        (r"SAM (.+)", r"SAM \1"),
        (r"any SDT reader is believed", "接受任何 SDT 读卡器"),
        (r"another reader than the bound one", "不是绑定的那台读卡器"),
        (r"(.+), in a process of its own", r"\1，在独立进程中解码"),
        (r"as in the manifest", "与清单一致"),
        (r"none is installed: .+", "未安装：照片和录像攻击只靠动作、景深和视频流识别"),
        (r"for demonstration only: (\S+) is not validated for (\w+).*", r"仅供演示：\1 未对“\2”人群验证"),
        (r"every citizen is sent to the counter.*", "未经验证，所有市民都须到窗口办理"),
        (r"(\S+), validated for (\w+).*", r"\1，已对“\2”人群验证"),
        (
            r"at ([\d.]+) m it sees faces of people (.+) tall who stand, (.+) who sit.*",
            r"\1 米处可见身高：站立 \2，坐姿 \3",
        ),
        (r"not installed: the portraits of real resident cards.*", "未安装：真实居民身份证上的照片无法解码"),
        (r"(.+) has the SHA-256 of the profile and loads", r"\1 的 SHA-256 与配置一致，可以加载"),
        (r"does not come back", "没有恢复"),
        (r"is starting", "正在启动"),
        (r"the agent's log got shorter", "代理程序的日志变短了"),
        (r"(.+) is no such note", r"\1 的内容不正确"),
        (
            r"had the terminal for itself for (\d+) min of (\d+) h, and gets no more",
            r"\2 小时内已独占本机 \1 分钟，不再允许",
        ),
        (
            r"had the machine restarted (\d+) times within a day without an order, and may no more",
            r"一天内未经运营方下令已让本机重启 \1 次，不再允许",
        ),
        (r"none on a disk", "不在磁盘上"),
        (r"memory may be written to (.+)", r"内存可能写入 \1"),
        (r"the kernel throws them away", "内核丢弃"),
        (r"a crash may write a citizen's data to a disk", "崩溃时可能把市民数据写入磁盘"),
        (r"(.+) is on (\S+)", r"\1 位于 \2"),
        (r"(.+) is not there", r"\1 不存在"),
        (r"set by a time server", "由时间服务器校准"),
        (r"no time server was heard since the start", "启动后没有收到时间服务器的应答"),
        (r"(\d+) are believed", r"信任 \1 张"),
        (r"the desk cannot look at itself", "终端程序无法检查自己"),
        (r"a data-call key", "数据调用密钥"),
        (r"a password", "账号密码"),
        (r"paper-empty", "缺纸"),
        (r"jam", "卡纸"),
        (r"door-open", "盖子打开"),
        (r"offline", "离线"),
        (r"cover-open", "上盖打开"),
        (r"toner-empty", "碳粉用尽"),
        (r"(\S+) on (127\.0\.0\.1:\d+)", r"\1，位于 \2"),
        (r"(\S+) takes no jobs", r"\1 不接受任务"),
    )
)
_SPAN: Final = re.compile(r"(?<=\d) to (?=\d)")
_REMEDIES: Final = {
    "bring the CA's new certificate or revocation list: docs/maintenance.md": (
        "请提供发卡机构的新证书或吊销列表，见 docs/maintenance.md"
    ),
    "set reader.sam_id; `kiosk card read` says it": "在配置中设置 reader.sam_id；kiosk card read 会显示它",
    VALIDATE: "换用对本地人群实测并认可的模型，步骤见 docs/face.md",
    "bring a network that was measured, if the operator asks for one": "如运营方要求，请安装经过实测的模型",
    "get the library from the reader's maker; set portrait.wlt_library and portrait.wlt_sha256": (
        "向读卡器厂商索取解码库，并设置 portrait.wlt_library 和 portrait.wlt_sha256"
    ),
    "put paper in": "请装纸",
    "take the jammed paper out": "请取出卡住的纸",
    "close the printer's door": "请关好打印机盖",
    "is it switched on and connected, and is printer.uri right?": "是否通电、连接，printer.uri 是否正确？",
    "bring some; `kiosk paper` says until when": "请备货；kiosk paper 可看能用到何时",
    "bring some; `kiosk paper` says more": "请备货；详见 kiosk paper",
    "bring a new one": "请更换",
    "ask the platform's operator for a new one": "请平台运营方签发新证书",
    "ask the platform's operator for the new one": "请平台运营方提供新证书",
    "is the clock right?": "时钟正确吗？",
    "wait half a minute": "请等半分钟",
    "swapoff -a, and take it out of /etc/fstab": "swapoff -a，并从 /etc/fstab 删除",
    "kernel.core_pattern=|/bin/false, and LimitCORE=0 in the units": "kernel.core_pattern=|/bin/false，LimitCORE=0",
    "put it on tmpfs: camera pictures pass through it": "应放在 tmpfs 上：摄像头画面经过这里",
    "is the reader plugged in, and the one that is bound (reader.sam_id)?": "插好了吗？是绑定的那台吗（sam_id）？",
    "is it plugged in? Only one program can have it: is the terminal running?": "插好了吗？终端程序正占用它吗？",
    "is the camera plugged in? journalctl -u kiosk-vision": "摄像头插好了吗？journalctl -u kiosk-vision",
    "is our own CUPS running, with this queue?": "本机 CUPS 在运行吗？有这个队列吗？",
    "is the network there? Address and port: platform.url": "网络通吗？地址和端口见 platform.url",
    "certificates are printed without them until it is mended": "修好之前只打印证明，不打印凭条",
    "certificates are printed without receipts until it is mended": "修好之前只打印证明，不打印凭条",
    "when it is to serve again: kiosk maintenance in-service": "恢复服务：kiosk maintenance in-service",
    "see `kiosk paper`, and look into the tray": "查看 kiosk paper，并查看出纸口",
    "see `kiosk paper`; look into the tray": "查看 kiosk paper，并查看出纸口",
    "export the log, let an auditor look at it, then take the folder away": "导出日志，请审计员查看，然后移走该目录",
    "export the log; a full disk ends service": "请导出日志；磁盘写满后将停止服务",
    "export the audit log and make room; service goes on by itself": "请导出审计日志并腾出空间，服务会自行恢复",
    "set the clock; is the time server reached?": "校准时钟；时间服务器可达吗？",
    "is udp 123 let out? timedatectl says": "UDP 123 放行了吗？查看 timedatectl",
    "which program grows? systemd-cgtop -m": "哪个程序占用增长？systemd-cgtop -m",
    "ask the platform's operator; `kiosk sandbox --conformance URL` examines a platform": (
        "请联系平台运营方；kiosk sandbox --conformance URL 可检查平台"
    ),
    "correct [printer] in the profile": "更正配置中的 [printer]",
    "correct [reader] in the profile": "更正配置中的 [reader]",
    "correct [tickets] in the profile": "更正配置中的 [tickets]",
    "correct model in [face] of the profile": "更正配置 [face] 中的 model",
    "correct terminal.id, or ask for a certificate of this terminal": "更正 terminal.id，或申请本终端的证书",
    "correct the manifest in the models folder": "更正模型目录中的清单",
    "does the platform offer it, and is the key right?": "平台提供此功能吗？密钥正确吗？",
    "export the log and let an auditor compare both": "导出日志，请审计员比对",
    "does the platform publish new ones? `kiosk sandbox --conformance URL` examines a platform": (
        "平台是否发布了新的吊销列表？kiosk sandbox --conformance URL 可检查平台"
    ),
    "grant this terminal a kind at the platform, and list it in [certificates]": (
        "在平台为本终端开通证明种类，并列入 [certificates]"
    ),
    "import a master list": "请导入主列表",
    "install Pillow's wheel": "请安装 Pillow",
    "correct `font` in [tickets] of the profile": "修正配置 [tickets] 中的 font",
    "install the file whose SHA-256 is in the profile": "安装 SHA-256 与配置一致的文件",
    "it was silent four times in a row and is asked again soon; is the network there?": (
        "连续四次无应答，稍后再问；网络通吗？"
    ),
    "its certificate is not of platform.ca: somebody stands in between, or the CA changed": (
        "其证书不属于 platform.ca：有人拦截，或 CA 已更换"
    ),
    "make one with `kiosk audit key`, and tell whoever verifies its public half": (
        "用 kiosk audit key 生成，并把公钥交给审计方"
    ),
    "put certificate, key and CA in place again": "把证书、密钥和 CA 放回原处",
    "put it in place again": "放回原处",
    "put the bound one back, or bind this one: sam_id": "换回绑定的那台，或绑定这台：sam_id",
    "put the secret where the profile says": "把密钥放到配置指定的位置",
    "replace or remove it": "更换或移除",
    "run script/setup": "运行 script/setup",
    "run this as root": "以 root 运行",
    "somebody changed it: keep the file and find out why": "有人改动过：保留文件，查明原因",
    "the platform answers too late: ask its operator": "平台答复太慢：请联系运营方",
    "the platform does not know this terminal: ask its operator": "平台不认识本终端：请联系运营方",
    "the terminal prints nothing that it cannot write down": "不能记录，就不打印：检查目录",
    "the unit's RuntimeDirectory= makes it": "由 tmpfiles.d 或单元的 RuntimeDirectory= 创建",
    "the unit's StateDirectory= makes it": "由单元的 StateDirectory= 创建",
    "wait until staff are done": "请等工作人员完成",
    "a wider view, another height or tilt: [camera] in the profile, geometry in models/placement.py": (
        "换广角镜头，或调整高度、角度：配置 [camera]"
    ),
    "who commands so much, and why? journalctl -u kiosk-agent": "是谁、为何下达这么多命令？journalctl -u kiosk-agent",
    "who sends so many updates or profiles? journalctl -u kiosk-restart": (
        "是谁下发了这么多升级或配置？journalctl -u kiosk-restart"
    ),
    "let an auditor compare both logs: kiosk audit verify --told-in": (
        "请审计员比对两份日志：kiosk audit verify --told-in"
    ),
    "run `kiosk doctor` by hand; its journal says why": "请手动运行 kiosk doctor 查看原因",
}


def part_in_chinese(part: str) -> str:
    if part.startswith("model "):
        return f"模型 {part.removeprefix('model ')}"
    return PARTS.get(part, part)


def says_in_chinese(finding: Finding) -> str:
    if finding.code:
        return EXPLANATIONS[Reason(finding.code)].zh.what
    for pattern, chinese in _SAYS:
        if found := pattern.fullmatch(finding.says):
            return _SPAN.sub(" 至 ", found.expand(chinese))
    return finding.says


def remedy_in_chinese(finding: Finding) -> str:
    """What citizens would do is no remedy; without a rendering it stands in English."""
    journal = re.fullmatch(r"(?:the desk's journal says why: )?journalctl -u (\S+?)(?: says why)?", finding.remedy)
    return f"原因见：journalctl -u {journal[1]}" if journal else _REMEDIES.get(finding.remedy, finding.remedy)


def as_line(finding: Finding) -> Line:
    """A finding as an entry says it."""
    says = Text(f"{part_in_chinese(finding.part)}：{says_in_chinese(finding)}", f"{finding.part}: {finding.says}")
    remedy = Text(remedy_in_chinese(finding), finding.remedy) if finding.remedy else None
    return Line(finding.level, says, remedy)
