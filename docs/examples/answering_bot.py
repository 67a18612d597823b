#!/usr/bin/env python3
"""Answers !time, in any channel that it is in and to who writes to it; misses nothing.

answering_bot.py robot@chat.example /etc/securechat/robot.token /var/lib/robot/state.json
"""

import sys
from datetime import UTC, datetime

from securechat.client import connect

if len(sys.argv) != 4:
    sys.exit("expected three arguments: answering_bot.py ACCOUNT@SERVER TOKEN-FILE STATE-FILE")
where, token, state = sys.argv[1:]
with connect(where, token_file=token, state=state) as client:
    for message in client:
        # Neither what other bots say nor notices are answered: two bots would never stop.
        if message.bot or message.kind != "message":
            continue
        if message.text.strip() == "!time":
            now = f"{message.sender}: it is {datetime.now(UTC):%H:%M} UTC"
            client.send(message.conversation, now, reply=message)
