"""What is behind the sockets of [web]: the page, and the WebSockets that it and others open."""

from __future__ import annotations

from securechat.net.connection import Place
from securechat.net.listener import Endpoint
from securechat.net.opening import TlsOpening
from securechat.server.config import Config
from securechat.web.headers import strict_transport_security
from securechat.web.http import Rules
from securechat.web.opening import WebOpening
from securechat.web.site import site, version_file


def web_endpoint(tls: TlsOpening, config: Config, port: int) -> Endpoint:
    """tls: how their connections begin. port: where clients connect."""
    origins, page = config.web.origins, site()
    served = {**page.files, "version.json": version_file(page.version, port)}
    rules = Rules(
        find=served.get,
        # A page of this server has the same address as the socket that it opens. Programs that
        # are no browsers say none, and could say any.
        origins=lambda host: [f"https://{host}", *origins, None],
        more=strict_transport_security(config.web.hsts_days),
    )
    return Endpoint(lambda stays: WebOpening(tls, rules, stays), place=Place.VISITING)
