#!/usr/bin/env python3
"""Finds what was said: !find WORDS is answered, to who has asked alone, with the last messages of
that channel that have them; and a reaction says that there are some.

finding_bot.py robot@chat.example /etc/securechat/robot.token
"""

import sys

from securechat.client import connect
from securechat.client.exits import RefusedError

where, token = sys.argv[1:]
with connect(where, token_file=token) as client:
    for message in client:
        command, _, words = message.text.partition(" ")
        if message.bot or command != "!find" or not words:
            continue
        try:
            all_ = client.search(words, conversation=message.conversation)
        except RefusedError as error:
            client.send(message.sender, f"I can't search: {error}")
            continue
        found = [one for one in all_ if one.kind == "message" and not one.text.startswith(command)]
        client.react(message, "👍" if found else "👎")
        for one in found[-5:]:
            client.send(message.sender, f"{one.time:%d %b %H:%M} <{one.sender}> {one.text}")
