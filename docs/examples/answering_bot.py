#!/usr/bin/env python3
"""A bot that answers: !time in any channel that it is in, and to who writes to it.

    answering_bot.py robot@chat.example /etc/securechat/robot.token

It reads what `securechat tail --json` prints and answers by `securechat send`, which log in, trust
the server's authority and come back after a lost connection. Nothing but the standard library.
"""

import json
import subprocess
import sys
from datetime import UTC, datetime


def answer(message: dict) -> str:
    """What is to be said to a message; '' for nothing."""
    # Neither what other bots say nor notices are answered: two bots would never stop.
    if message["mine"] or "bot" in message["tags"] or message["kind"] != "message":
        return ""
    if message["text"].strip() == "!time":
        return f"{message['from']}: it is {datetime.now(UTC):%H:%M} UTC"
    return ""


def run(server: str, token: str) -> int:
    """Until the tail ends; its exit code."""
    login = ["--server", server, "--password-file", token]
    tail = ["securechat", "tail", "--json", *login]
    with subprocess.Popen(tail, stdout=subprocess.PIPE, text=True) as reading:
        for line in reading.stdout:
            message = json.loads(line)
            if text := answer(message):
                # As arguments and behind --: no shell reads what somebody has typed.
                send = ["securechat", "send", *login, "--", message["conversation"], text]
                subprocess.run(send, check=False)
    return reading.returncode


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("expected two arguments: answering_bot.py ACCOUNT@SERVER TOKEN-FILE")
    sys.exit(run(*sys.argv[1:]))
