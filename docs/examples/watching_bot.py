#!/usr/bin/env python3
"""Tells a channel each line of its input that has a word in it, and says what wasn't stored.

tail -F app.log | watching_bot.py git@chat.example /etc/securechat/git.token '#alerts' ERROR
"""

import sys

from securechat.client import connect
from securechat.client.exits import ClientError


def done(delivery):
    """Called when it is known what became of a line."""
    try:
        delivery.result()
    except ClientError as error:
        print(f"not told: {error}", file=sys.stderr, flush=True)


where, token, channel, word = sys.argv[1:]
with connect(where, token_file=token, visible=False) as client:
    for line in sys.stdin:
        if word in line:
            client.send(channel, line).when_done(done)
