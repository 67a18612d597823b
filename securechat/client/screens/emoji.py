"""Emoji by the names that people know them by, such as `:+1:`. Pure; any thread."""

from __future__ import annotations

from typing import Final

# What people react with; whoever wants another one types it.
NAMES: Final = {
    "+1": "👍",
    "-1": "👎",
    "ok": "👌",
    "clap": "👏",
    "wave": "👋",
    "pray": "🙏",
    "muscle": "💪",
    "raised_hands": "🙌",
    "raised_hand": "✋",
    "point_up": "☝️",
    "handshake": "🤝",
    "heart": "❤️",
    "broken_heart": "💔",
    "fire": "🔥",
    "star": "⭐",
    "sparkles": "✨",
    "tada": "🎉",
    "rocket": "🚀",
    "100": "💯",
    "eyes": "👀",
    "check": "✅",
    "x": "❌",
    "question": "❓",
    "exclamation": "❗",
    "warning": "⚠️",
    "bulb": "💡",
    "bug": "🐛",
    "wrench": "🔧",
    "pencil": "✏️",
    "books": "📚",
    "memo": "📝",
    "pushpin": "📌",
    "bell": "🔔",
    "hourglass": "⏳",
    "clock": "🕐",
    "calendar": "📅",
    "coffee": "☕",
    "tea": "🍵",
    "cake": "🍰",
    "pizza": "🍕",
    "beer": "🍺",
    "sun": "☀️",
    "rain": "🌧️",
    "snow": "❄️",
    "smile": "😄",
    "grin": "😁",
    "joy": "😂",
    "wink": "😉",
    "blush": "😊",
    "heart_eyes": "😍",
    "sunglasses": "😎",
    "thinking": "🤔",
    "shrug": "🤷",
    "sweat_smile": "😅",
    "neutral": "😐",
    "confused": "😕",
    "disappointed": "😞",
    "cry": "😢",
    "sob": "😭",
    "angry": "😠",
    "scream": "😱",
    "sleeping": "😴",
    "exploding_head": "🤯",
    "party": "🥳",
    "ghost": "👻",
    "cat": "🐱",
    "dog": "🐶",
}

_FURTHER: Final = {
    "thumbsup": "+1",
    "thumbsdown": "-1",
    "white_check_mark": "check",
    "yes": "check",
}


def from_name(text: str) -> str | None:
    """The emoji that `:name:` stands for, None when it stands for none; another text is itself."""
    if len(text) < 3 or text[0] != ":" or text[-1] != ":":
        return text
    name = text[1:-1].lower()
    return NAMES.get(_FURTHER.get(name, name))


def near(text: str) -> str:
    """The name that may have been meant, in its colons; '' for none."""
    import difflib  # only here, as nobody mistypes often

    found = difflib.get_close_matches(text.strip(":").lower(), [*NAMES, *_FURTHER], n=1)
    return f":{found[0]}:" if found else ""


def beginning(word: str) -> list[str]:
    """The emoji whose names begin like this, of a word that begins with a colon."""
    begin = word[1:].lower()
    return [emoji for name, emoji in NAMES.items() if name.startswith(begin)]
