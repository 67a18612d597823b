"""The client for programs: messages to iterate over, and sends that say when they are on disk.

    from securechat.client import connect

    with connect("robot@chat.example", token_file="robot.token", state="robot.state") as client:
        for message in client:
            if message.text == "!ping" and not message.bot:
                client.send(message.conversation, "pong", reply=message)

    program's threads ── send() ──► wire/receiver.py ──► TLS
                      ◄─ inbox ──── listener thread, which decides each Delivery

Any thread may call any method, at the same time; one thread at a time iterates. Errors are those of
exits.py, with a text that can be shown as it is. What goes wrong beside is logged as
"securechat.client".
"""

from securechat.client.api.chat import Chat
from securechat.client.api.opening import connect
from securechat.client.api.pending import Delivery, Pending
from securechat.client.api.values import Message

__all__ = ["Chat", "Delivery", "Message", "Pending", "connect"]
