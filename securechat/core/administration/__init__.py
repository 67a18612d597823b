"""What an administrator can ask the server to do; each module declares its requests."""

from securechat.core.administration import addresses as addresses
from securechat.core.administration import announcements as announcements
from securechat.core.administration import channels as channels
from securechat.core.administration import naming as naming
from securechat.core.administration import reports as reports
from securechat.core.administration import sessions as sessions
