"""The tables, as numbered migrations: number N takes a database from user_version N-1 to N.

A migration that has been released is never changed; a new one is added.
"""

from __future__ import annotations

from securechat.store.sql.fragments import EVENTS, MESSAGES, PART_BITS, STORED_BYTES, UNTOLD

_ROOM_CLOSED = """-- Nobody is invited into a closed room, or banned from it.
CREATE TRIGGER room_closed AFTER UPDATE OF folded ON targets WHEN NEW.folded IS NULL BEGIN
    DELETE FROM invitations WHERE room = NEW.id;
    DELETE FROM bans WHERE room = NEW.id;
END;
"""

FIRST = f"""
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- A person or a bot. A deleted one stays as a row without password: its name is never given to
-- a stranger, and the log keeps its author.
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    folded TEXT NOT NULL UNIQUE,
    skeleton TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL,
    admin INTEGER NOT NULL DEFAULT 0,
    disabled INTEGER NOT NULL DEFAULT 0,
    deleted INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL,
    seen INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Only the hash of a code is kept. A revoked or used-up invite has no uses left.
CREATE TABLE invites (
    code_sha256 BLOB PRIMARY KEY,
    uses INTEGER NOT NULL CHECK (uses >= 0),
    expires_ms INTEGER NOT NULL,
    admin INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL,
    note TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

-- What messages go to: a room (an open one has a folded name) or the direct conversation of two
-- accounts. Ids are given by the hub and never used again.
CREATE TABLE targets (
    id INTEGER PRIMARY KEY,
    name TEXT,
    folded TEXT UNIQUE,
    skeleton TEXT UNIQUE,
    founder INTEGER,
    modes TEXT NOT NULL DEFAULT '',
    room_key TEXT,
    member_limit INTEGER,
    topic TEXT NOT NULL DEFAULT '',
    topic_by TEXT NOT NULL DEFAULT '',
    topic_ms INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL DEFAULT 0,
    low INTEGER,
    high INTEGER,
    UNIQUE (low, high)
) STRICT;

CREATE TABLE memberships (
    room INTEGER NOT NULL,
    account INTEGER NOT NULL,
    role TEXT NOT NULL DEFAULT '',
    seq INTEGER NOT NULL,
    PRIMARY KEY (room, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE bans (
    room INTEGER NOT NULL,
    mask TEXT NOT NULL,
    by TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (room, mask)
) STRICT, WITHOUT ROWID;

CREATE TABLE invitations (
    room INTEGER NOT NULL,
    account INTEGER NOT NULL,
    by TEXT NOT NULL,
    PRIMARY KEY (room, account)
) STRICT, WITHOUT ROWID;

{_ROOM_CLOSED}
-- Every message and every event of a room, in the one order of the server.
CREATE TABLE log (
    seq INTEGER PRIMARY KEY,
    target INTEGER NOT NULL,
    sender INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    tags TEXT
) STRICT;
CREATE INDEX log_by_target ON log (target, seq);

-- What the administrator has changed, for a running server to take up.
CREATE TABLE changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    account INTEGER
) STRICT;
"""

CREDENTIALS = """
-- What a device logs in with in the password's place. Only the SHA-256 of a token is kept.
CREATE TABLE tokens (
    digest BLOB PRIMARY KEY,
    account INTEGER NOT NULL,
    name TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    used_ms INTEGER,
    UNIQUE (account, name)
) STRICT, WITHOUT ROWID;

-- The second factor of an account. secret: sealed with the pepper. counter: of the last code that
-- was accepted; that one and older ones are refused.
CREATE TABLE factors (
    account INTEGER PRIMARY KEY,
    secret TEXT NOT NULL,
    counter INTEGER NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT;

-- Each stands in for a code of the second factor once. digest: keyed with the pepper.
CREATE TABLE recovery_codes (
    digest BLOB PRIMARY KEY,
    account INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX recovery_by_account ON recovery_codes (account);
CREATE TRIGGER factor_removed AFTER DELETE ON factors BEGIN
    DELETE FROM recovery_codes WHERE account = OLD.account;
END;

-- Who did what to the server's security, written in the same transaction as what it tells of.
-- account: the name of who did it, '-' for nobody's. address: where from, '' for an administrator
-- on the machine itself. result: 'ok', or why not. facts: a JSON object.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    event TEXT NOT NULL,
    account TEXT NOT NULL,
    address TEXT NOT NULL,
    result TEXT NOT NULL,
    facts TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN
    SELECT raise(ABORT, 'the audit is append-only');
END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit BEGIN
    SELECT raise(ABORT, 'the audit is append-only');
END;
"""

USAGE = f"""
-- What the log holds of each account, in bytes, up to the entry that meta has as 'usage_upto'.
CREATE TABLE usage (
    account INTEGER PRIMARY KEY,
    bytes INTEGER NOT NULL
) STRICT;
INSERT INTO usage SELECT sender, sum({STORED_BYTES}) FROM log GROUP BY sender;
INSERT INTO meta SELECT 'usage_upto', coalesce(max(seq), 0) FROM log;
"""  # noqa: S608 - no input in it

DEVICES = """
-- Up to which place of the order everything has certainly arrived at a device of an account. name:
-- '' is the one that all logins share which name none. used_ms: its newest login.
CREATE TABLE devices (
    account INTEGER NOT NULL,
    name TEXT NOT NULL,
    delivered INTEGER NOT NULL,
    used_ms INTEGER NOT NULL,
    PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;
-- Before, there was one mark for all devices of an account.
INSERT INTO devices SELECT id, '', seen, created_ms FROM accounts WHERE NOT deleted;
INSERT INTO devices SELECT account, 'token:' || tokens.name, seen, coalesce(used_ms, 0)
    FROM tokens JOIN accounts ON accounts.id = account;
CREATE TRIGGER token_ended AFTER DELETE ON tokens BEGIN
    DELETE FROM devices WHERE account = OLD.account AND name = 'token:' || OLD.name;
END;

-- To a new device nothing up to starts_after is missed. To a bot nothing is replayed.
ALTER TABLE accounts RENAME COLUMN seen TO starts_after;
CREATE TRIGGER device_forgotten AFTER DELETE ON devices BEGIN
    UPDATE accounts SET starts_after = max(starts_after, OLD.delivered) WHERE id = OLD.account;
END;
ALTER TABLE accounts ADD COLUMN bot INTEGER NOT NULL DEFAULT 0;
"""

CERTIFICATES = """
-- What logs in by SASL EXTERNAL. fingerprint: the SHA-256 of the certificate's DER form.
CREATE TABLE certificates (
    fingerprint BLOB PRIMARY KEY,
    account INTEGER NOT NULL,
    name TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    used_ms INTEGER,
    UNIQUE (account, name)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER certificate_ended AFTER DELETE ON certificates BEGIN
    DELETE FROM devices WHERE account = OLD.account AND name = 'certificate:' || OLD.name;
END;
"""

KICKS = """
-- Who was put out of a room, the newest time of each, while nobody was there to see it: to be told
-- at the account's next login, and then deleted.
CREATE TABLE kicks (
    account INTEGER NOT NULL,
    name TEXT NOT NULL,
    by TEXT NOT NULL,
    reason TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;
"""

_READABLE = (
    "kind IN ('PRIVMSG', 'NOTICE') "
    "AND (substr(text, 1, 1) <> char(1) OR substr(text, 1, 8) = char(1) || 'ACTION ')"
)

REPLAYED = f"""
-- What may be replayed has an index of its own, so that a login never walks over what is not. Each
-- row stands in one of the two.
DROP INDEX log_by_target;
CREATE INDEX log_messages ON log (target, seq) WHERE {_READABLE};
CREATE INDEX log_others ON log (target, seq) WHERE NOT ({_READABLE});
"""

MESSAGE_KEYS = """
-- The keys that clients have given to the newest messages of an account, so that the second message
-- of one key is known. slot: the newest key replaces the oldest.
CREATE TABLE message_keys (
    account INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    key INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (account, slot)
) STRICT, WITHOUT ROWID;
"""

CHANNELS = """
-- A member's modes are a set, as letters of 'qov': before, the highest stood for all.
ALTER TABLE memberships RENAME COLUMN role TO modes;
ALTER TABLE memberships RENAME COLUMN room TO channel;
ALTER TABLE bans RENAME COLUMN room TO channel;
ALTER TABLE invitations RENAME COLUMN room TO channel;
ALTER TABLE targets RENAME COLUMN room_key TO channel_key;
"""

REAL_NAMES = """
-- What a person has set as their real name; '' for nothing. It goes with the person.
ALTER TABLE accounts ADD COLUMN chosen_name TEXT NOT NULL DEFAULT '';
CREATE TRIGGER chosen_name_ends AFTER UPDATE OF deleted ON accounts WHEN NEW.deleted BEGIN
    UPDATE accounts SET chosen_name = '' WHERE id = NEW.id;
END;
"""

_CLASSES = f"""
-- What is found by its kind alone costs a message less than what its text has to be looked at for.
-- Each row stands in one of the three indexes.
DROP INDEX log_messages;
DROP INDEX log_others;
UPDATE log SET kind = iif(kind = 'PRIVMSG', 'CTCP', 'CTCPREPLY')
    WHERE kind IN ('PRIVMSG', 'NOTICE') AND NOT ({_READABLE});
CREATE INDEX log_messages ON log (target, seq) WHERE kind IN ('PRIVMSG', 'NOTICE');
"""  # noqa: S608 - no input in it

CLASSES = (
    f"{_CLASSES}CREATE INDEX log_untold ON log (target, seq) "
    "WHERE kind IN ('CTCP', 'CTCPREPLY', 'REDACTED');\n"
    "CREATE INDEX log_events ON log (target, seq) "
    "WHERE kind NOT IN ('PRIVMSG', 'NOTICE', 'CTCP', 'CTCPREPLY', 'REDACTED');\n"
)

READ_MARKERS = """
-- Up to when an account's person has read what. target: the folded name of a channel or an account,
-- and not its number: who joins a new channel of an old name has read so far.
CREATE TABLE read_markers (
    account INTEGER NOT NULL,
    target TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (account, target)
) STRICT, WITHOUT ROWID;
"""

MASKS = """
-- The lists of a channel: who is banned (b), excepted from bans (e), or needs no invitation (I).
CREATE TABLE channel_masks (
    channel INTEGER NOT NULL,
    kind TEXT NOT NULL,
    mask TEXT NOT NULL,
    by TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (channel, kind, mask)
) STRICT, WITHOUT ROWID;
INSERT INTO channel_masks SELECT channel, 'b', mask, by, at_ms FROM bans;
DROP TRIGGER IF EXISTS room_closed;
DROP TABLE bans;
-- Nobody is in a closed channel, invited into it, or banned from it.
CREATE TRIGGER channel_closed AFTER UPDATE OF folded ON targets WHEN NEW.folded IS NULL BEGIN
    DELETE FROM memberships WHERE channel = NEW.id;
    DELETE FROM invitations WHERE channel = NEW.id;
    DELETE FROM channel_masks WHERE channel = NEW.id;
END;
"""

RENAMES = """
-- What its members have read of a channel stays read under its new name.
CREATE TRIGGER channel_renamed AFTER UPDATE OF folded ON targets
WHEN NEW.folded <> OLD.folded BEGIN
    UPDATE OR REPLACE read_markers SET target = NEW.folded WHERE target = OLD.folded
        AND account IN (SELECT account FROM memberships WHERE channel = NEW.id);
END;
"""

HISTORY_FROM = """
-- With mode H of a channel its members may read what came after this seq, also from before they
-- joined.
ALTER TABLE targets ADD COLUMN history_from INTEGER NOT NULL DEFAULT 0;
"""

METADATA = """
-- Keys with their values, as a JSON object; '' for none. They go with the account or channel.
ALTER TABLE accounts ADD COLUMN metadata TEXT NOT NULL DEFAULT '';
ALTER TABLE targets ADD COLUMN metadata TEXT NOT NULL DEFAULT '';
CREATE TRIGGER account_metadata_ends AFTER UPDATE OF deleted ON accounts WHEN NEW.deleted BEGIN
    UPDATE accounts SET metadata = '' WHERE id = NEW.id;
END;
CREATE TRIGGER channel_metadata_ends AFTER UPDATE OF folded ON targets WHEN NEW.folded IS NULL BEGIN
    UPDATE targets SET metadata = '' WHERE id = NEW.id;
END;
"""

KEPT_DAYS = """
-- For how many days the history of a channel is kept: 0 for ever, NULL as the configuration says.
ALTER TABLE targets ADD COLUMN keep_days INTEGER;
"""


_LOG_ENTRY_CHANGED = f"""\
CREATE TRIGGER log_entry_changed AFTER UPDATE OF target, sender, kind, text ON log BEGIN
    INSERT INTO search_stale VALUES (OLD.seq >> {PART_BITS}, 1)
        ON CONFLICT (part) DO UPDATE SET times = times + 1;
END;
"""  # noqa: S608 - no input in it

SEARCH_STALE = f"""
-- How often something was erased in a part of the log that the search's index has, which is to be
-- made anew then. The index is in a file of its own; a new entry costs nothing here.
CREATE TABLE search_stale (
    part INTEGER PRIMARY KEY,
    times INTEGER NOT NULL
) STRICT;
CREATE TRIGGER log_entry_erased AFTER DELETE ON log BEGIN
    INSERT INTO search_stale VALUES (OLD.seq >> {PART_BITS}, 1)
        ON CONFLICT (part) DO UPDATE SET times = times + 1;
END;
{_LOG_ENTRY_CHANGED}"""  # noqa: S608 - no input in it

COMPARED = f"""
-- The same three indexes. For each row that is stored, SQLite puts a list of more than two words
-- into a table first, to look the kind up in it: that made up two thirds of a message's cost.
DROP INDEX log_messages;
DROP INDEX IF EXISTS log_untold;
DROP INDEX IF EXISTS log_questions;
DROP INDEX log_events;
CREATE INDEX log_messages ON log (target, seq) WHERE {MESSAGES};
CREATE INDEX log_untold ON log (target, seq) WHERE {UNTOLD};
CREATE INDEX log_events ON log (target, seq) WHERE {EVENTS};
"""

REDACTED_USAGE = """
-- What is taken back no longer counts; what came after usage_upto is counted by the next start.
CREATE TRIGGER log_entry_redacted AFTER UPDATE OF text, tags ON log
WHEN OLD.seq <= (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'usage_upto') BEGIN
    UPDATE usage SET bytes = max(0, bytes
        - length(CAST(OLD.text AS BLOB)) - coalesce(length(CAST(OLD.tags AS BLOB)), 0)
        + length(CAST(NEW.text AS BLOB)) + coalesce(length(CAST(NEW.tags AS BLOB)), 0))
        WHERE account = OLD.sender;
END;
"""

REQUESTS = """
-- What an administrator asks the running server to do, and its answer, a JSON object; the row goes
-- when that is read. by: who asks. facts: a JSON object.
CREATE TABLE requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    by TEXT NOT NULL,
    facts TEXT NOT NULL,
    answer TEXT
) STRICT;
"""

_SERVER_MODES = f"log INDEXED BY log_events WHERE {EVENTS} AND kind = 'SERVERMODE'"

SERVER_ACTS = f"""
-- What the server does is nobody's: its sender is 0. Before, a MODE of the server's was of another
-- kind, and counted for the one by whom it came to that.
UPDATE usage SET bytes = max(0, bytes - theirs.size) FROM (
    SELECT sender, sum({STORED_BYTES}) AS size FROM {_SERVER_MODES}
    AND seq <= (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'usage_upto') GROUP BY sender
) AS theirs WHERE account = theirs.sender;
-- The search's index has none of these, so no part of it is stale by this.
DROP TRIGGER log_entry_changed;
UPDATE {_SERVER_MODES.replace(" WHERE", " SET sender = 0, kind = 'MODE' WHERE")};
{_LOG_ENTRY_CHANGED}"""  # noqa: S608 - no input in it

DELETED_MS = """
-- When an account was deleted; 0 for those that were deleted before this was kept.
ALTER TABLE accounts ADD COLUMN deleted_ms INTEGER NOT NULL DEFAULT 0;
"""

QUOTAS = """
-- How much the log may hold of an account, in MiB: 0 any amount, NULL as the configuration says.
ALTER TABLE accounts ADD COLUMN quota_mib INTEGER;
"""

FORMER_NAMES = """
-- The names that accounts had before they were renamed: nobody else is given one.
CREATE TABLE former_names (
    folded TEXT PRIMARY KEY,
    skeleton TEXT NOT NULL,
    name TEXT NOT NULL,
    account INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- What others have read of it stays read under its new name.
CREATE TRIGGER account_renamed AFTER UPDATE OF folded ON accounts
WHEN NEW.folded <> OLD.folded BEGIN
    DELETE FROM former_names WHERE folded = NEW.folded AND account = NEW.id;
    INSERT OR REPLACE INTO former_names VALUES (OLD.folded, OLD.skeleton, OLD.name, OLD.id);
    UPDATE OR REPLACE read_markers SET target = NEW.folded WHERE target = OLD.folded;
END;
"""

MARKED_SKELETONS = """
-- In a skeleton that another name has too stands a character that no name's has: 1, as PostgreSQL
-- keeps no 0 in a text.
UPDATE accounts SET skeleton = replace(skeleton, char(0), char(1)) WHERE instr(skeleton, char(0));
UPDATE targets SET skeleton = replace(skeleton, char(0), char(1)) WHERE instr(skeleton, char(0));
"""

MIGRATIONS = [
    FIRST,
    CREDENTIALS,
    USAGE,
    DEVICES,
    CERTIFICATES,
    KICKS,
    REPLAYED,
    MESSAGE_KEYS,
    CHANNELS,
    REAL_NAMES,
    CLASSES,
    READ_MARKERS,
    MASKS,
    RENAMES,
    HISTORY_FROM,
    METADATA,
    KEPT_DAYS,
    SEARCH_STALE,
    COMPARED,
    REDACTED_USAGE,
    REQUESTS,
    SERVER_ACTS,
    DELETED_MS,
    QUOTAS,
    FORMER_NAMES,
    MARKED_SKELETONS,
]

EARLIER = {
    1: FIRST.replace(_ROOM_CLOSED, ""),
    11: (
        f"{_CLASSES}CREATE INDEX log_questions ON log (target, seq) "
        "WHERE kind IN ('CTCP', 'CTCPREPLY');\n"
        "CREATE INDEX log_events ON log (target, seq) "
        "WHERE kind NOT IN ('PRIVMSG', 'NOTICE', 'CTCP', 'CTCPREPLY');\n"
    ),
}
"""What the migrations of these numbers were for some hours, before they were changed: there may be
databases that had them so. Later migrations (13 and 19) take away what differs.
"""
