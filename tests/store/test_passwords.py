"""Passwords: which are accepted, how they are stored, that a wrong one never fits."""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import itertools
import random
import string
from concurrent.futures import ThreadPoolExecutor

import bcrypt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from securechat.common import strength
from securechat.store import passwords
from securechat.store.passwords import (
    InvalidPassword,
    check_acceptable,
    dummy_hash,
    hash_password,
    needs_rehash,
    normalise,
    verify_password,
)
from securechat.store.pepper import Pepper
from tests.support.pepper import PEPPER

COST = 4  # bcrypt's least, to be fast
GOOD = "correct horse battery staple"
MALFORMED = [
    "",
    "tab\tinside",
    "nul\0inside",
    "line\nbreak",
    "\x7f",
    "\ud800",
    "\u0378",
    "x\u200by",
]


def refused(password: str, account: str = "alice", min_length: int = 15) -> str:
    with pytest.raises(InvalidPassword) as caught:
        accept(password, account, min_length)
    return str(caught.value)


def accept(password: str, account: str = "alice", min_length: int = 15) -> None:
    check_acceptable(
        password, account=account, server_name="chat.example.org", min_length=min_length
    )


class TestNormalise:
    @pytest.mark.parametrize(
        ("password", "normal"),
        [
            (GOOD, GOOD),
            ("MiXeD Case", "MiXeD Case"),
            ("re\u0301sume\u0301", "résumé"),
            ("a\u00a0b\u3000c", "a b c"),
            ("пароль", "пароль"),
            ("  kept  ", "  kept  "),
            ("🎉☃", "🎉☃"),
            ("Ｆｕｌｌ", "Ｆｕｌｌ"),
        ],
    )
    def test_is_opaque_string(self, password: str, normal: str) -> None:
        """RFC 8265, 4.2: NFC and ASCII spaces; case and width stay."""
        assert normalise(password) == normal

    @pytest.mark.parametrize("password", MALFORMED)
    def test_refuses_what_the_rfc_disallows(self, password: str) -> None:
        """Empty, control and unassigned characters are refused, with what to do about it."""
        with pytest.raises(InvalidPassword, match="Choose one"):
            normalise(password)

    @pytest.mark.parametrize("password", ["x" * 1024, "я" * 512, "漢" * 341, "e\u0301" * 512])
    def test_accepts_1024_bytes(self, password: str) -> None:
        """The limit counts bytes of UTF-8 after normalisation."""
        assert len(normalise(password).encode()) in (1023, 1024)

    @pytest.mark.parametrize("password", ["x" * 1025, "я" * 513, "x" * 5_000_000, "ᾂ" * 342])
    def test_refuses_more(self, password: str) -> None:
        """A longer one is refused, however long."""
        with pytest.raises(InvalidPassword, match="more than 1024 bytes"):
            normalise(password)

    @given(st.text(max_size=40))
    @example("\u1fbe\u0345")
    def test_is_final(self, password: str) -> None:
        """A normalised password is its own normal form."""
        try:
            once = normalise(password)
        except InvalidPassword:
            return
        assert normalise(once) == once

    def test_error_carries_no_password(self) -> None:
        """Neither the text nor the chain of errors behind it holds any of the password."""
        with pytest.raises(InvalidPassword) as caught:
            normalise("hunter2\0hunter2")
        error = caught.value
        assert "hunter2" not in str(error)
        assert (error.__cause__, error.__context__) == (None, None)


class TestAcceptable:
    @pytest.mark.parametrize(
        "password",
        [
            GOOD,
            "correcthorsebatterystaple",
            "kqzvbnwtyfjhsxp",
            "правильная лошадь батарея скрепка",
            "שלום עולם ארבע מילים",
            "東京特許許可局長今日急遽許可却下",
            "alice-k7Qp2xVzzW!9a",
            "x" * 200 + "f8#kQz!9vLm2@wRt",
            "f8#kQz!9vLm2@wRt" * 10,
        ],
    )
    def test_passes_what_is_hard_to_guess(self, password: str) -> None:
        """Random letters, unrelated words and any script pass."""
        accept(password)

    def test_passes_what_a_generator_makes(self) -> None:
        """15 random lower case letters are enough, and 300 random characters aren't too much."""
        draw = random.Random(7)
        for _ in range(40):
            accept("".join(draw.choices(string.ascii_lowercase, k=15)))
        accept("".join(draw.choices(string.printable[:94], k=300)))

    @pytest.mark.parametrize(
        "password",
        [
            "passwordpassword",
            "password1234567",
            "P@ssw0rd12345678",
            "ｐａｓｓｗｏｒｄ１２３４５６７",
            "iloveyouiloveyou",
            "123456789012345",
            "abcdefghijklmnopqrstuvwxyz0123456789",
            "абвгдежзийклмноп",
            "aaaaaaaaaaaaaaaaa",
            " " * 20,
            "a" * 300,
            "abcabcabcabcabcab",
            "password" * 40,
            "mysecretphrase1mysecretphrase1",
            "парольпарольпароль",
            "qwertyuiopasdfgh",
            "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
            "йцукенгшщзхъфывап",
            "ЙЦУКЕНГШЩЗХЪФЫВАП",
            "зфыыцщквзфыыцщкв1",
        ],
    )
    def test_refuses_what_is_guessed_first(self, password: str) -> None:
        """Length alone doesn't help: common ones, repetitions, sequences and walks over keys."""
        assert "easily guessed" in refused(password)

    @pytest.mark.parametrize(
        ("account", "password"),
        [
            ("alice", "alicealicealice"),
            ("alice", "Alice.Alice.Alice"),
            ("alice", "ecila-ecila-ecila"),
            ("alice", "alice.chat.example"),
            ("alexandria", "alexandria-1x9kq"),
            ("Ａlexandria", "AlexandriA-1x9kq"),
            ("пользователь", "Пользователь1987"),
            ("bob", "securechat-example"),
        ],
    )
    def test_refuses_the_names_at_hand(self, account: str, password: str) -> None:
        """The account's and the server's names are tried first, so they don't count as password."""
        assert "mainly of the account's name or the server's" in refused(password, account)

    def test_lets_a_short_name_be_a_part(self) -> None:
        """An account called al doesn't lose every password with those letters."""
        accept("alalkd82qpzalmv", account="al")

    def test_counts_characters(self) -> None:
        """14 characters are too short for 15, in any script; what composes counts as one."""
        assert "has 14 characters" in refused("kqzvbnwtyfjhsx")
        assert "at least 15" in refused("пароль лошади")
        assert "has 8 characters" in refused("e\u0301" * 8)
        accept("лошадь скрепка1")

    @pytest.mark.parametrize(
        ("min_length", "drawn", "common"),
        [(4, "kzqv", "love"), (8, "kzqvwxjh", "sunshine"), (12, "kzqvwxjhypgb", "qwertyuiop12")],
    )
    def test_fits_a_shorter_minimum(self, min_length: int, drawn: str, common: str) -> None:
        """Where less is asked for, a random password of that length passes, no common one."""
        accept(drawn, min_length=min_length)
        assert "easily guessed" in refused(common, min_length=min_length)

    @pytest.mark.parametrize("password", MALFORMED)
    def test_refuses_the_malformed(self, password: str) -> None:
        """A malformed password is refused as such."""
        assert "Choose one" in refused(password)

    @settings(max_examples=60, deadline=None)
    @given(st.text(min_size=3, max_size=60))
    @example("١٢/٣/٢٠١٢")
    @example("²²²²²²²²²²²²²²²²")
    @example("p@$$w0rd1!|7(<{")
    @example("password")
    def test_answers_for_any_text(self, password: str) -> None:
        """Whatever was typed is accepted or refused, and a refusal doesn't quote it."""
        text = ""
        try:
            accept(password, min_length=3)
        except InvalidPassword as error:
            text = str(error).replace("password", "")  # the word, which may have been typed
        assert len(password) < 8 or password not in text

    @pytest.mark.parametrize("alphabet", ["4@8({[<369!1|70$5+%2", "p@$w0rd1!|73", "ab"])
    def test_judges_in_bounded_pieces(self, alphabet: str) -> None:
        """The estimator's worst inputs reach it in short pieces, and not endlessly many."""
        pieces = strength._pieces("".join(itertools.islice(itertools.cycle(alphabet), 1024)))
        assert len(pieces) == 12
        assert {len(piece) for piece in pieces} == {24}


class TestHash:
    def test_describes_itself(self) -> None:
        """The recipe's name, then bcrypt's own string with its cost."""
        stored = hash_password(GOOD, cost=COST, pepper=PEPPER)
        assert stored.startswith("sc2$$2b$04$")
        assert GOOD not in stored

    def test_is_salted(self) -> None:
        """Equal passwords are stored differently."""
        one, other = (hash_password(GOOD, cost=COST, pepper=PEPPER) for _ in range(2))
        assert one != other

    @pytest.mark.parametrize("recipe", ["sc1$", "sc2$"])
    def test_needs_the_pepper(self, recipe: str) -> None:
        """Without it the right password is a wrong one; the recipe of before had none."""
        stored = {"sc1$": FIRST_VERSION, "sc2$": hash_password(FIRST, cost=COST, pepper=PEPPER)}
        fits = [verify_password(FIRST, stored[recipe], p) for p in (PEPPER, Pepper(bytes(32)))]
        assert fits == [True, recipe == "sc1$"]

    def test_is_not_what_anybody_else_makes(self) -> None:
        """Digests of the password, as leaked elsewhere or made without the pepper, don't fit our
        bcrypt hash.
        """
        stored = hash_password(GOOD, cost=COST, pepper=PEPPER).removeprefix("sc2$").encode()
        for name in ("md5", "sha1", "sha256", "sha384"):
            digest = hashlib.new(name, GOOD.encode())
            for guess in (digest.digest(), digest.hexdigest().encode()[:72]):
                assert not bcrypt.checkpw(guess, stored)
                assert not bcrypt.checkpw(base64.b64encode(guess)[:72], stored)
        for label in (passwords._LABEL, passwords._SC1_LABEL):
            keyed = base64.b64encode(hmac.digest(label, GOOD.encode(), "sha384"))
            assert not bcrypt.checkpw(keyed, stored)

    def test_keeps_its_recipe(self) -> None:
        """What is in databases must verify for ever: the versions so far stored these strings."""
        for stored in (FIRST_VERSION, SECOND_VERSION):
            assert verify_password(FIRST, stored, PEPPER)
            assert not verify_password("пароль" * 19, stored, PEPPER)

    @pytest.mark.parametrize("cost", [-1, 0, 3, 32])
    def test_refuses_an_impossible_cost(self, cost: int) -> None:
        """bcrypt's cost is 4 to 31."""
        with pytest.raises(ValueError, match=f"4 to 31, not {cost}"):
            hash_password(GOOD, cost=cost, pepper=PEPPER)
        with pytest.raises(ValueError, match=f"4 to 31, not {cost}"):
            dummy_hash(cost)

    @pytest.mark.parametrize("password", MALFORMED)
    def test_refuses_the_malformed(self, password: str) -> None:
        """Nothing is stored for a password that could never be typed."""
        with pytest.raises(InvalidPassword):
            hash_password(password, cost=COST, pepper=PEPPER)

    @given(st.binary(max_size=300), st.binary(max_size=300))
    def test_prehash_fits_bcrypt(self, one: bytes, other: bytes) -> None:
        """Any two passwords become 64 bytes without NUL that differ."""
        firsts, seconds = (prehashes(raw.decode("latin-1")) for raw in (one, other))
        for first, second in zip(firsts, seconds, strict=True):
            assert len(first) == 64
            assert b"\0" not in first
            assert (first == second) == (one == other)


class TestVerify:
    @settings(max_examples=25, deadline=None)
    @given(st.text(min_size=1, max_size=300))
    @example("я" * 150)
    @example("🎉" * 75)
    @example("x" * 300)
    def test_only_the_password_fits(self, password: str) -> None:
        """A password of any script and length fits, one with another end doesn't."""
        try:
            normalise(password)
        except InvalidPassword:
            password = "x" * len(password)
        stored = hash_password(password, cost=COST, pepper=PEPPER)
        assert verify_password(password, stored, PEPPER)
        assert not verify_password(password + "x", stored, PEPPER)
        other_end = password[:-1] + ("y" if password[-1] != "y" else "z")
        assert not verify_password(other_end, stored, PEPPER)

    @pytest.mark.parametrize("length", [71, 72, 73, 299, 1023])
    def test_the_last_byte_counts(self, length: int) -> None:
        """bcrypt alone reads 72 bytes; here the last byte of any length matters."""
        stored = hash_password("x" * length + "a", cost=COST, pepper=PEPPER)
        assert verify_password("x" * length + "a", stored, PEPPER)
        assert not verify_password("x" * length + "b", stored, PEPPER)
        assert not verify_password("x" * length, stored, PEPPER)

    def test_a_nul_in_the_digest_hides_nothing(self) -> None:
        """bcrypt may stop at a NUL: passwords whose raw digests begin with one still differ."""
        digests = ((f"{n}", base64.b64decode(prehashes(f"{n}")[1])) for n in range(10_000))
        one, other = itertools.islice((p for p, digest in digests if digest[0] == 0), 2)
        stored = hash_password(one, cost=COST, pepper=PEPPER)
        assert verify_password(one, stored, PEPPER)
        assert not verify_password(other, stored, PEPPER)

    def test_a_nul_in_the_password_cuts_nothing_off(self) -> None:
        """A password with a NUL isn't the password before the NUL, it's malformed: wrong."""
        stored = hash_password("hunter2", cost=COST, pepper=PEPPER)
        assert not verify_password("hunter2\0", stored, PEPPER)
        assert not verify_password("hunter2\0more", stored, PEPPER)
        assert not set(prehashes("a\0b")) & set(prehashes("a\0c"))

    def test_composition_does_not_matter(self) -> None:
        """A keyboard that decomposes logs in with the password of one that composes."""
        stored = hash_password("résumé très secret", cost=COST, pepper=PEPPER)
        assert verify_password("re\u0301sume\u0301 tre\u0300s\u00a0secret", stored, PEPPER)
        assert not verify_password("resume tres secret", stored, PEPPER)

    @pytest.mark.parametrize("password", [*MALFORMED, "x" * 1025, "x" * 100_000])
    def test_malformed_is_wrong_at_the_same_price(
        self, password: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A malformed password is hashed as well, so its rejection takes as long as another's."""
        stored = hash_password(GOOD, cost=COST, pepper=PEPPER)
        checked = count_checks(monkeypatch)
        assert not verify_password(password, stored, PEPPER)
        assert checked == [stored.removeprefix("sc2$")]

    def test_stand_in_for_the_malformed_fits_nothing(self) -> None:
        """Even a hash made of that stand-in isn't opened by a malformed password."""
        for scheme, prehash in zip(("sc1$", "sc2$"), prehashes(""), strict=True):
            forged = bcrypt.hashpw(prehash, bcrypt.gensalt(COST)).decode()
            assert not verify_password("", scheme + forged, PEPPER)

    @pytest.mark.parametrize(
        "stored",
        [
            "",
            "sc2$",
            "!",
            "sc2$$2b$04$short",
            "sc3$$2b$04$" + "a" * 53,
            "sc2$$2b$99$" + "a" * 53,
            "sc2$$2b$04$" + "a" * 53 + "\n",
            "$2b$04$" + "a" * 53,
        ],
    )
    def test_damaged_fits_nothing(self, stored: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """A damaged stored string opens to nobody, raises nothing and takes its time."""
        monkeypatch.setattr(passwords, "_FALLBACK_COST", COST)
        checked = count_checks(monkeypatch)
        assert not verify_password(GOOD, stored, PEPPER)
        assert len(checked) == 1
        assert needs_rehash(stored, cost=COST)

    def test_from_many_threads(self) -> None:
        """The pool's threads share nothing: right ones fit and wrong ones don't."""
        stored = hash_password(GOOD, cost=COST, pepper=PEPPER)
        with ThreadPoolExecutor(4) as pool:
            verify = functools.partial(verify_password, stored=stored, pepper=PEPPER)
            answers = list(pool.map(verify, [GOOD, "wrong"] * 20))
        assert answers == [True, False] * 20


class TestRehash:
    def test_follows_the_cost(self) -> None:
        """A hash of another cost, higher or lower, is to be made anew at the next login."""
        stored = hash_password(GOOD, cost=5, pepper=PEPPER)
        assert not needs_rehash(stored, cost=5)
        assert needs_rehash(stored, cost=4)
        assert needs_rehash(stored, cost=12)

    def test_follows_the_recipe(self) -> None:
        """A plain bcrypt hash, however costly, isn't of this recipe."""
        assert needs_rehash("$2b$12$" + "a" * 53, cost=12)

    def test_moves_the_recipe_of_before(self) -> None:
        """What was stored without the pepper is stored with it from the next login on."""
        assert needs_rehash(FIRST_VERSION, cost=COST)
        assert not needs_rehash(SECOND_VERSION, cost=COST)


class TestDummy:
    def test_costs_like_a_real_one(self) -> None:
        """It's a whole hash of the wanted cost, so that a check against it does the same work."""
        assert not needs_rehash(dummy_hash(COST), cost=COST)
        assert needs_rehash(dummy_hash(COST), cost=COST + 1)
        assert len(dummy_hash(COST)) == len(hash_password(GOOD, cost=COST, pepper=PEPPER))

    def test_fits_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """No password opens an account that doesn't exist, and the check is a real one."""
        checked = count_checks(monkeypatch)
        stored = dummy_hash(COST)
        assert not any(verify_password(p, stored, PEPPER) for p in (GOOD, "x", *MALFORMED))
        assert len(checked) == 2 + len(MALFORMED)

    def test_cost_is_read_from_the_head(self) -> None:
        """Whether there is a hash behind it or not."""
        for stored in (FIRST_VERSION, hash_password(GOOD, cost=COST, pepper=PEPPER)):
            assert passwords.cost_of(stored) == COST
            assert passwords.cost_of(stored[: passwords.HEAD_CHARS]) == COST
            assert passwords.cost_of(stored[: passwords.HEAD_CHARS - 1]) is None
        assert [passwords.cost_of(text) for text in ("", "sc2$$2b$99$", "hash")] == [None] * 3

    @given(st.text(), st.dictionaries(st.integers(4, 31), st.integers(0, 1000)))
    def test_cost_of_nobody_is_somebodys(self, name: str, costs: dict[int, int]) -> None:
        """The same each time, and one that some account has, if there is an account."""
        drawn = passwords.draw_cost(name, costs, key=b"k")
        assert drawn == passwords.draw_cost(name, costs, key=b"k")
        assert costs[drawn] > 0 if drawn is not None else not any(costs.values())

    def test_cost_of_nobody_depends_on_the_secret(self) -> None:
        """Or anybody could tell what it would be."""
        names = [f"name{number}" for number in range(50)]
        one, other = (
            [passwords.draw_cost(n, {4: 1, 5: 1}, key=k) for n in names] for k in (b"a", b"b")
        )
        assert one != other

    def test_cost_of_nobody_changes_once(self) -> None:
        """While the accounts move from one cost to the other, each name does so once."""
        for name in map(str, range(20)):
            drawn = [passwords.draw_cost(name, {10: 50 - n, 12: n}, key=b"k") for n in range(51)]
            moved = drawn.index(12)
            assert drawn == [10] * moved + [12] * (51 - moved)
            assert moved > 0

    def test_is_made_once(self) -> None:
        """The same for each cost until the process ends; another for another cost."""
        assert dummy_hash(COST) is dummy_hash(COST)
        assert dummy_hash(COST) != dummy_hash(COST + 1)


FIRST = "пароль" * 20
# Made of it at cost 4, by the recipe without a pepper, and with that of the tests.
FIRST_VERSION = "sc1$$2b$04$9pJqjnIbBTkQ719Ltq0pz.Qw1kvtQccncBkOsCgjYUMFbFfu0BxZq"
SECOND_VERSION = "sc2$$2b$04$pAaeFJkkcR3xoECF8gjffOmkAdIdDfqAfJYr.lUnTl5M7oaXRwBou"


def prehashes(password: str) -> list[bytes]:
    """What bcrypt gets by the recipes, the oldest first."""
    made = passwords._prehashes(password, PEPPER)
    return [made["sc1$"], made["sc2$"]]


def count_checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hashes that bcrypt is asked to check from now on."""
    checked: list[str] = []
    real = bcrypt.checkpw

    def checkpw(password: bytes, hashed: bytes) -> bool:
        checked.append(hashed.decode())
        return real(password, hashed)

    monkeypatch.setattr(bcrypt, "checkpw", checkpw)
    return checked
