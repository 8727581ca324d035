"""Python clients of SMSC's API, as their pages show them; prints what they say as a line of JSON.

`address` empty leaves the addresses alone that they have built in.
"""

import json
import logging
import sys
import uuid

import smsc
import smsc_client
from smsc.api import SMSC

told = json.loads(sys.argv[1])
logging.disable()
if told["address"]:
    SMSC._url = f"{told['address']}/sys/"


def read(answer: object) -> dict[str, object]:
    """Show an answer's properties."""
    names = ("error", "message_id", "count", "cost", "balance", "credit", "currency")
    return {name: getattr(answer, name) for name in names if hasattr(answer, name)}


def send() -> dict[str, object]:
    """Send with the package smsc."""
    client = SMSC(told["login"], told["password"])
    long = smsc.SMSMessage("Длинный текст " * 8, translit=1, maxsms=1)
    messages = {"sms": smsc.SMSMessage("Привет из Python"), "long": long, "flash": smsc.FlashMessage("Flash")}
    messages["viber"] = smsc.ViberMessage("Viber")
    said: dict[str, object] = {name: read(client.send(told["phone"], each)) for name, each in messages.items()}
    said["both"] = read(client.send([told["phone"], told["other"]], smsc.SMSMessage("to both")))
    said["price"] = read(client.get_cost([told["phone"], told["other"]], smsc.SMSMessage("price")))
    said["balance"] = read(client.get_balance())
    said["stranger"] = read(SMSC(told["login"], "wrong").get_balance())
    said["nobody"] = read(client.send("123", smsc.SMSMessage("to nobody")))
    return said


def status() -> dict[str, object]:
    """Ask for a message with the package smsc, twice within a minute."""
    client = SMSC(told["login"], told["password"])
    (shown,) = client.get_status(told["phone"], told["id"])
    try:
        client.get_status(told["phone"], told["id"])
    except smsc.GetStatusError as error:
        again = str(error)
    return {"status": shown.status.status_id, "name": shown.status.name, "again": again, **shown.data}


def other() -> dict[str, object]:
    """Send with the package smsc_client, which reads the answer as text and names no character set."""
    api = smsc_client.SMSCAPI(told["login"], told["password"])
    if told["address"]:
        api._domain = f"{told['address']}/"
    id = uuid.UUID(int=4711)
    sent = api.default.send(phones=told["phone"], mes="Привет из smsc_client", id=id, sender="SHOP")
    return {"ok": sent.OK, "id": sent.ID, "wanted": str(id)}


print(json.dumps({"send": send, "status": status, "other": other}[told["what"]](), default=str))
