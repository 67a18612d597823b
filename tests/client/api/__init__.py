"""securechat.client.api."""
