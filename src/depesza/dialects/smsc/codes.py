"""The tables of SMSC: what kinds of messages there are, where they stand, why they failed, what an error says.

spec: smsc/1.6 smsc/3.2 smsc/3.3 smsc/3.4
"""

from enum import StrEnum
from typing import NamedTuple

from depesza.core.model import Channel, Shape, State


class Fault(NamedTuple):
    """An error that answers tell: `raise Refused(*NO_MONEY)`."""

    code: int
    text: str


PARAMETERS = Fault(1, "parameters error")
AUTHORISE = Fault(2, "authorise error")
NO_MONEY = Fault(3, "no money")
"""Of sending; in other scripts 3 is `NO_RECORD`."""
NO_RECORD = Fault(3, "record not found")
IP_BLOCKED = Fault(4, "ip is blocked")
INVALID_DATE = Fault(5, "invalid date")
"""Of sending; in other scripts 5 is `FAILED`."""
FAILED = Fault(5, "operation error")
DENIED = Fault(6, "message is denied")
INVALID_NUMBER = Fault(7, "invalid number")
UNDELIVERABLE = Fault(8, "can't to deliver")
"""The vendor's own grammar, which clients compare with."""
DUPLICATE = Fault(9, "duplicate request, wait a minute")
CONCURRENT = Fault(9, "too many concurrent requests")


class Kind(StrEnum):
    """What is sent, by the name of the vendor's flag."""

    __hash__ = str.__hash__

    SMS = "sms"
    FLASH = "flash"
    BIN = "bin"
    PUSH = "push"
    HLR = "hlr"
    PING = "ping"
    MMS = "mms"
    CALL = "call"
    MAIL = "mail"
    VIBER = "viber"
    SOCIAL = "soc"
    TELEGRAM = "tg"
    WHATSAPP = "whatsapp"


PRECEDENCE = (
    Kind.HLR,
    Kind.PING,
    Kind.CALL,
    Kind.MMS,
    Kind.MAIL,
    Kind.VIBER,
    Kind.WHATSAPP,
    Kind.TELEGRAM,
    Kind.SOCIAL,
    Kind.PUSH,
    Kind.BIN,
    Kind.FLASH,
)
"""Which flag wins where several are set. spec: smsc/2.1"""

TYPES = {
    Kind.SMS: 0,
    Kind.FLASH: 1,
    Kind.BIN: 2,
    Kind.PUSH: 3,
    Kind.HLR: 4,
    Kind.PING: 5,
    Kind.MMS: 6,
    Kind.CALL: 7,
    Kind.MAIL: 8,
    Kind.VIBER: 10,
    Kind.SOCIAL: 12,
    Kind.TELEGRAM: 13,
    Kind.WHATSAPP: 14,
}
"""Member `type` of answers and callbacks. spec: smsc/3.2"""

CHANNELS = {
    Kind.PING: Channel.PING,
    Kind.MMS: Channel.MMS,
    Kind.CALL: Channel.CALL,
    Kind.MAIL: Channel.MAIL,
    Kind.VIBER: Channel.VIBER,
    Kind.SOCIAL: Channel.SOCIAL,
    Kind.TELEGRAM: Channel.TELEGRAM,
    Kind.WHATSAPP: Channel.WHATSAPP,
}
"""Kinds that travel elsewhere than as an SMS."""

_OF_CHANNEL = {channel: kind for kind, channel in CHANNELS.items()} | {Channel.HLR: Kind.HLR}


_OF_SHAPE = {Shape.TEXT: Kind.SMS, Shape.FLASH: Kind.FLASH, Shape.OCTETS: Kind.BIN, Shape.PUSH: Kind.PUSH}


def kind_of(channel: Channel, shape: Shape) -> Kind:
    """Tell what was sent."""
    found = _OF_CHANNEL.get(channel)
    return found if found is not None else _OF_SHAPE[shape]


WITHOUT_TEXT = frozenset({Kind.HLR, Kind.PING})
WITH_FILES = frozenset({Kind.MMS, Kind.MAIL, Kind.CALL, Kind.VIBER, Kind.WHATSAPP, Kind.TELEGRAM, Kind.SOCIAL})
"""Kinds that can carry a file; in an SMS it would be lost."""

STATUSES = {
    -3: "Сообщение не найдено",
    -2: "Остановлено",
    -1: "Ожидает отправки",
    0: "Передано оператору",
    1: "Доставлено",
    2: "Прочитано",
    3: "Просрочено",
    4: "Нажата ссылка",
    20: "Невозможно доставить",
    22: "Неверный номер",
    23: "Запрещено",
    24: "Недостаточно средств",
    25: "Недоступный номер",
}
"""Member `status_name` by `status`."""

FINAL = frozenset({1, 2, 3, 4, 20, 22, 23, 24, 25})
"""Statuses that stay, but for 1, which may still become 2 or 4."""

ERRS = {
    0: "Нет ошибки",
    1: "Абонент не существует",
    6: "Абонент не в сети",
    11: "Нет услуги SMS",
    12: "Ошибка в телефоне абонента",
    13: "Абонент заблокирован",
    21: "Нет поддержки сервиса",
    200: "Виртуальная отправка",
    219: "Замена sim-карты",
    220: "Переполнена очередь у оператора",
    237: "Абонент не отвечает",
    238: "Нет шаблона",
    239: "Запрещенный ip-адрес",
    240: "Абонент занят",
    241: "Ошибка конвертации",
    242: "Зафиксирован автоответчик",
    243: "Не заключен договор",
    244: "Рассылка запрещена",
    245: "Статус не получен",
    246: "Ограничение по времени",
    247: "Превышен лимит сообщений",
    248: "Нет маршрута",
    249: "Неверный формат номера",
    250: "Номер запрещен настройками",
    251: "Превышен лимит на один номер",
    252: "Номер запрещен",
    253: "Запрещено спам-фильтром",
    254: "Незарегистрированный sender id",
    255: "Отклонено оператором",
}
"""Names of `err`; callbacks tell no others."""


class Fate(NamedTuple):
    """How a message stands, in the vendor's numbers."""

    status: int
    err: int = 0


_STATES = {
    State.SCHEDULED: Fate(-1),
    State.QUEUED: Fate(-1),
    State.SENDING: Fate(-1),
    State.SENT: Fate(0),
    State.PENDING: Fate(0),
    State.HELD: Fate(0),  # perhaps the carrier has it
    State.DELIVERED: Fate(1),
    State.READ: Fate(2),
    State.CLICKED: Fate(4),
    State.EXPIRED: Fate(3),
    State.CANCELLED: Fate(-2),
}
"""States that tell the status; of the others the refusal does."""

_REMARKS = frozenset({"no_report", "virtual"})
"""Refusals that tell something beside such a state."""

_BAD_NUMBER, _NOWHERE = Fate(22, 249), Fate(25, 248)
_DENIED_NUMBER, _DENIED_SENDER, _DENIED_TEXT = Fate(23, 250), Fate(23, 254), Fate(23, 253)
_REFUSED = Fate(20, 255)

FATES = {
    # before sending
    "bad_number": _BAD_NUMBER,
    "no_route": _NOWHERE,
    "no_price": _NOWHERE,
    "barred": _NOWHERE,
    "opted_out": _DENIED_NUMBER,
    "abroad": _DENIED_NUMBER,
    "forbidden_number": _DENIED_NUMBER,
    "forbidden_sender": _DENIED_SENDER,
    "forbidden_text": _DENIED_TEXT,
    "flood": Fate(23, 251),
    "limit": Fate(23, 247),
    "mailing": Fate(23, 244),
    "closed": Fate(23, 246),
    "new_address": Fate(23, 239),
    "no_credits": Fate(24),
    "unencodable": Fate(20, 241),
    "too_long": Fate(23, 247),
    "template_missing": Fate(23, 238),
    # at the carrier
    "throttled": Fate(20, 220),
    "queue_full": Fate(20, 220),
    "busy": _REFUSED,
    "link_down": _REFUSED,
    "uncertain": _REFUSED,
    "bad_sender": _DENIED_SENDER,
    "bad_destination": Fate(20, 1),
    "bad_content": _DENIED_TEXT,
    "bad_parameter": _REFUSED,
    "no_credit": _REFUSED,
    "rejected": _REFUSED,
    "unknown": _REFUSED,
    # in a receipt
    "undeliverable": _REFUSED,
    "absent": Fate(20, 6),
    "blocked": Fate(20, 13),
    "handset": Fate(20, 12),
    "network": _REFUSED,
    "spam": _DENIED_TEXT,
    "subscriber_credit": Fate(20, 11),
    "deleted": _REFUSED,
    "carrier_expired": Fate(3),
    "busy_line": Fate(20, 240),
    "no_answer": Fate(20, 237),
    "machine": Fate(20, 242),
    # ours, later
    "expired": Fate(3),
    "no_report": Fate(3, 245),
    "cancelled": Fate(-2),
    "virtual": Fate(1, 200),
}
"""By the names of `core.refusals`; the pairs are those of spec: smsc/3.4."""


def fate(state: State, refusal: str = "") -> Fate:
    """Tell how a message stands; a refusal that nobody knows is the operator's."""
    found = _STATES.get(state)
    if found is None:
        return FATES.get(refusal, _REFUSED)
    return Fate(found.status, FATES[refusal].err) if refusal in _REMARKS else found
