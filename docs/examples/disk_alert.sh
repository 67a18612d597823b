#!/bin/sh
# Tells a channel which disks are nearly full, once, and when they no longer are. For cron:
#
#   */10 * * * *  SERVER=monitor@chat.example TOKEN=/etc/securechat/monitor.token disk_alert.sh
#
# SERVER   [ACCOUNT@]HOST[:PORT]          CHANNEL  where to tell it [#alerts]
# TOKEN    the file with the bot's token  LIMIT    percent of a disk [90]
# STATE    a file of its own, which remembers what was told last
set -eu
: "${SERVER:?expected the bot and its server, such as monitor@chat.example}"
: "${TOKEN:?expected the file with the bot's token}"
state=${STATE:-"$HOME/.disk_alert.state"}

# -P: one line for each disk, in every locale; a tmpfs is not a disk.
full=$(LC_ALL=C df -P | awk -v limit="${LIMIT:-90}" '
    NR > 1 && $1 != "tmpfs" && $5 + 0 >= limit { print $6 }')
[ "$full" != "$(cat "$state" 2>/dev/null)" ] || exit 0

if [ -n "$full" ]; then
    text="$(hostname): these disks are ${LIMIT:-90} % full or more:
$(printf '%s\n' "$full" | while read -r mount; do df -hP "$mount" | tail -n 1; done)"
else
    text="$(hostname): the disks have room again."
fi
# It ends with 0 once the message is stored on the server: else the next run tries again.
printf '%s\n' "$text" |
    securechat send "${CHANNEL:-#alerts}" --together --server "$SERVER" --password-file "$TOKEN"
printf '%s\n' "$full" >"$state"
