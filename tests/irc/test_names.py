"""Names: what may be one, what is the same one, what looks like one."""

from __future__ import annotations

import subprocess
import sys
from unicodedata import category, is_normalized

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from securechat.irc import lookalikes, names
from securechat.irc.names import (
    RESERVED,
    InvalidName,
    account_name,
    channel_name,
    fold_account,
    fold_channel,
    is_reserved,
)
from tests.irc.awkward import texts


def looks_alike(one: str, other: str) -> bool:
    return account_name(one).skeleton == account_name(other).skeleton


def account_fault(text: str) -> str:
    with pytest.raises(InvalidName) as caught:
        account_name(text)
    return str(caught.value)


def channel_fault(text: str) -> str:
    with pytest.raises(InvalidName) as caught:
        channel_name(text)
    return str(caught.value)


class TestAccountName:
    @pytest.mark.parametrize(
        ("text", "display", "folded"),
        [
            ("alice", "alice", "alice"),
            ("Alice", "Alice", "alice"),
            ("x", "x", "x"),
            ("1up", "1up", "1up"),
            ("[Bot]{a}|^_-", "[Bot]{a}|^_-", "[bot]{a}|^_-"),
            ("Борис", "Борис", "борис"),
            ("Ｂｏｂ", "Bob", "bob"),
            ("Rene\u0301", "René", "rené"),
            ("Ελένη", "Ελένη", "ελένη"),
            ("김철수", "김철수", "김철수"),
            ("ひらがなカタカナ漢字Ken", "ひらがなカタカナ漢字Ken", "ひらがなカタカナ漢字ken"),
            ("ㄅㄆ漢A", "ㄅㄆ漢A", "ㄅㄆ漢a"),
            ("김漢A", "김漢A", "김漢a"),
            ("שלום", "שלום", "שלום"),
            ("العربية", "العربية", "العربية"),
            ("हिन्दी", "हिन्दी", "हिन्दी"),
            ("नमस्ते१२", "नमस्ते१२", "नमस्ते१२"),
            ("Straße", "Straße", "straße"),
            ("İdil", "İdil", "i̇dil"),
        ],
    )
    def test_is_welcome_in_any_script(self, text: str, display: str, folded: str) -> None:
        """Display keeps the case (UsernameCasePreserved), folded doesn't (UsernameCaseMapped)."""
        name = account_name(text)
        assert (name.display, name.folded) == (display, folded)
        assert fold_account(text) == folded

    @pytest.mark.parametrize("char", ".!@*?,:#&$+%~ \t\r\n\0\x1b\x7f\\/'\"`()<>=;")
    def test_holds_only_the_punctuation_that_no_grammar_needs(self, char: str) -> None:
        """Everything that means something on the wire or in a shell is refused, wherever it is."""
        for text in (f"{char}bob", f"bo{char}b", f"bob{char}"):
            assert f"U+{ord(char):04X}" in account_fault(text)
            assert fold_account(text) is None

    @pytest.mark.parametrize(
        "char",
        "\u200b\u200c\u200d\u2060\u200e\u202e\u2066\ufeff\u00ad\u034f\u115f\u3164\ufe0f\U00016fe4"
        "\U000e0061",
    )
    def test_holds_nothing_invisible(self, char: str) -> None:
        """What can't be seen would make two names of what looks like one."""
        assert f"invisible character U+{ord(char):04X}" in account_fault(f"a{char}b")
        assert fold_account(f"a{char}b") is None

    def test_refuses_joiners_even_where_precis_allows_them(self) -> None:
        """A joiner after a virama is within PRECIS and can't be seen all the same."""
        assert "invisible character U+200D" in account_fault("क्\u200dष")

    @pytest.mark.parametrize("char", "·٠〇Ⅷ²ǅ☃🎉\ue000\u0378 \u3000‿・")
    def test_holds_letters_digits_and_marks_only(self, char: str) -> None:
        """Symbols, other numbers, title case and unassigned characters are no letters or digits."""
        assert "can't be an account name" in account_fault(f"x{char}x")

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("", "it is empty"),
            ("-bob", "begins with a hyphen"),
            ("\u0301bob", "begins with a combining mark"),
            ("x" * 33, "it has 33 characters"),
            ("я" * 33, "it has 33 characters"),
            ("漢" * 22, "it takes 66 bytes"),
            ("İ" * 32, "it has 64 characters"),
            ("x" * 100_000, "it has 100000 characters"),
            ("שלום_", "right-to-left"),
            ("abשלום", "right-to-left"),
            ("abc١", "right-to-left"),
            ("Iван", "mixes the scripts Cyrillic and Latin"),
            ("Νick", "mixes the scripts Greek and Latin"),
            ("漢кот", "mixes the scripts Cyrillic and Han"),
            ("ひ김", "mixes the scripts Hangul and Hiragana"),
            ("a१", "mixes the scripts Devanagari and Latin"),
            ("ab\ud800", "U+D800"),
            ("a\u0323\u0307\u0304\u0301\u0300", "more than 4 combining marks"),
            ("é\u0301", "a combining mark is repeated"),
        ],
    )
    def test_says_what_is_wrong_and_what_to_do(self, text: str, why: str) -> None:
        """A refusal names the reason and what is accepted, and can be printed anywhere."""
        fault = account_fault(text)
        assert why.lower() in fault.lower()
        assert "Use 1 to 32 letters or digits" in fault
        assert len(fault.encode()) < 600
        assert fold_account(text) is None

    def test_is_measured_before_it_is_worked_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A long text costs nobody the time that PRECIS takes for it."""

        def worked(*_: object) -> str:
            raise AssertionError("worked on")

        monkeypatch.setattr(names._profiles()[0], "enforce", worked)
        monkeypatch.setattr(names, "_fold_compatible", worked)
        assert "it has 33 characters" in account_fault("é" * 33)
        assert fold_account("e\u0301" * 33) is None
        assert "it has 64 characters after the #" in channel_fault("#" + "é" * 64)
        assert fold_channel("#" + "e\u0301" * 64) is None

    def test_reaches_its_limits(self) -> None:
        """32 characters and 64 bytes are accepted, however many code points they come in."""
        assert account_name("e\u0301" * 32).display == "é" * 32
        assert account_name("x" * 32).display == "x" * 32
        assert account_name("я" * 32).folded == "я" * 32
        assert fold_account("X" * 32) == "x" * 32

    def test_shows_control_characters_escaped(self) -> None:
        """An error about a hostile name doesn't carry the attack."""
        assert "\x1b" not in account_fault("\x1b[31mbob")
        assert "\u202e" not in account_fault("bob\u202e")

    @given(texts)
    @example("İİ")
    @example("ΟΔΟΣ")
    @example("\u1e9e")
    def test_folds_to_a_name_that_folds_to_itself(self, text: str) -> None:
        """Folding is final, and every form of a name folds alike, by either function."""
        folded = fold_account(text)
        if folded is None:
            account_fault(text)
            return
        name = account_name(text)
        assert name.folded == folded
        assert account_name(name.display) == name
        assert fold_account(name.display) == folded
        assert account_name(folded).folded == folded

    @given(st.text(st.characters(max_codepoint=0x7F), max_size=34))
    def test_of_ascii_is_lowered(self, text: str) -> None:
        """The short way for ASCII agrees with PRECIS."""
        try:
            expected: str | None = account_name(text).folded
        except InvalidName:
            expected = None
        assert fold_account(text) == expected

    @given(texts)
    def test_never_holds_what_another_grammar_needs(self, text: str) -> None:
        """No accepted name can break out of a line, a mask or a list."""
        assume(fold_account(text) is not None)
        name = account_name(text)
        for form in (name.display, name.folded):
            assert not set(form) & set(".!@*?,:#&$+%~")
            assert not any(category(char)[0] in "CZ" for char in form)
            assert len(form) <= 32
            assert len(form.encode()) <= 64


class TestSkeleton:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("сосо", "coco"),
            ("сосо", "COCO"),
            ("alice", "aIice"),
            ("alice", "a1ice"),
            ("alice", "a|ice"),
            ("b0b", "bob"),
            ("BOB", "b0b"),
            ("mike", "rnike"),
            ("Mike", "rnike"),
            ("modem", "modern"),
            ("ian", "lan"),
            ("Ian", "lan"),
            ("ΝΟΝΑ", "NONA"),
            ("ОСА", "OCA"),
            ("æon", "aeon"),
            ("аӏісе", "alice"),
            ("strasse", "straße"),
            ("οδος", "οδοσ"),
            ("タロ", "夕口"),
            ("alice", "ali\u0307ce"),
            ("alice", "al\u0131\u0307ce"),
            ("alice", "al\u0130ce"),
            ("ali\u0323ce", "ali\u0323\u0307ce"),
            ("hajo", "haj\u0307o"),
            ("hajo", "ha\u0237o"),
            ("hajo", "ha\u0237\u0307o"),
            ("Hajo", "HaJ\u0307o"),
            ("\u043c\u0456\u0440", "\u043c\u0456\u0307\u0440"),
            ("h\u0268c", "h\u0268\u0307c"),
        ],
    )
    def test_is_shared_by_look_alikes(self, one: str, other: str) -> None:
        """Two names that the eye can't tell apart have one skeleton."""
        assert looks_alike(one, other)

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("neil", "nell"),
            ("ali", "all"),
            ("anna", "anne"),
            ("борис", "барис"),
            ("rene", "rené"),
            ("roza", "ro\u017ca"),
            ("al\u00edce", "ali\u0301\u0307ce"),
            ("alice", "al\u00edce"),
            ("a-b", "a_b"),
            ("user1", "user2"),
            ("田中", "中田"),
            ("김철수", "김철호"),
        ],
    )
    def test_differs_where_the_eye_sees_a_difference(self, one: str, other: str) -> None:
        """Names that merely resemble each other may both exist."""
        assert not looks_alike(one, other)

    @given(texts)
    def test_of_a_skeleton_is_itself(self, text: str) -> None:
        """Nothing is left to map, so equal looks can't hide behind one more round."""
        once = lookalikes.skeleton(text)
        assert lookalikes.skeleton(once) == once

    def test_of_each_character_is_final(self) -> None:
        """The repeated mapping comes to rest for every character of the data."""
        for char in map(chr, lookalikes._prototypes()):
            once = lookalikes.skeleton(char)
            assert lookalikes.skeleton(once) == once

    def test_data_is_a_set_of_stars(self) -> None:
        """Each character leads to a prototype that leads nowhere: what the table is built on."""
        table = lookalikes._prototypes()
        assert len(table) > 6000
        assert not [end for end in table.values() if len(end) == 1 and ord(end) in table]

    def test_is_equal_wherever_the_data_says_so(self) -> None:
        """Every line of the data holds, but for those that decomposition (TR 39) overrides."""
        checked = 0
        for glyph, others in lookalikes.unicode_data("confusables.json").items():
            for raw in (glyph, *(other["c"] for other in others)):
                one, other = lookalikes._unmarked(glyph), lookalikes._unmarked(raw)
                if is_normalized("NFD", one + other) and "\u04cf" not in (one, other):
                    assert lookalikes.skeleton(f"x{one}") == lookalikes.skeleton(f"x{other}")
                    checked += one != other
        assert checked > 10_000

    def test_data_is_read_at_the_first_use(self) -> None:
        """A program that needs no skeleton doesn't pay for the data."""
        program = (
            "from securechat.irc.lookalikes import _prototypes\n"
            "from securechat.irc.characters import _script_ranges as scripts\n"
            "raise SystemExit(_prototypes.cache_info().currsize + scripts.cache_info().currsize)"
        )
        assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


class TestReserved:
    @pytest.mark.parametrize("text", sorted(RESERVED))
    def test_are_names_that_speak_for_the_server(self, text: str) -> None:
        """Each is refused in any case."""
        for form in (text, text.upper(), text.title()):
            assert is_reserved(account_name(form))

    @pytest.mark.parametrize(
        "text",
        ["adm1n", "adrnin", "Adm|n", "_admin_", "nick-serv", "[root]", "r00t", "a11", "SYSTEM"],
    )
    def test_are_refused_in_disguise(self, text: str) -> None:
        """Look-alikes and decorated forms impersonate as well."""
        assert is_reserved(account_name(text))

    @pytest.mark.parametrize("text", ["alice", "Ali", "rooter", "sall", "борис", "admina", "_"])
    def test_leave_people_their_names(self, text: str) -> None:
        """A name that contains or resembles a reserved one isn't it."""
        assert not is_reserved(account_name(text))


class TestChannelName:
    @pytest.mark.parametrize(
        ("text", "display", "folded"),
        [
            ("#Lobby", "#Lobby", "#lobby"),
            ("##C++", "##C++", "##c++"),
            ("#a.b/c;d&e~'\"\\", "#a.b/c;d&e~'\"\\", "#a.b/c;d&e~'\"\\"),
            ("#Кухня", "#Кухня", "#кухня"),
            ("#Straße", "#Straße", "#strasse"),
            ("#Ｌｏｂｂｙ", "#Ｌｏｂｂｙ", "#lobby"),
            ("#ᴬ㎒", "#ᴬ㎒", "#amhz"),
            ("#cafe\u0301", "#café", "#café"),
            ("#🎉", "#🎉", "#🎉"),
            ("#" + "x" * 63, "#" + "x" * 63, "#" + "x" * 63),
        ],
    )
    def test_is_composed_and_folded(self, text: str, display: str, folded: str) -> None:
        """Display is NFC; neither case nor width make another channel."""
        name = channel_name(text)
        assert (name.display, name.folded) == (display, folded)
        assert fold_channel(text) == folded

    @pytest.mark.parametrize(
        "char", " ,:*?!@\x07\0\r\n\t\x1b\x7f\x9b\u200b\u200d\u202e\ufe0f\u2800\U00016fe4"
    )
    def test_holds_no_character_with_a_meaning(self, char: str) -> None:
        """Separators, wildcards, control, format and blank characters are refused."""
        assert f"U+{ord(char):04X}" in channel_fault(f"#a{char}b")
        assert fold_channel(f"#a{char}b") is None

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("", "doesn't begin with #"),
            ("lobby", "doesn't begin with #"),
            ("&lobby", "doesn't begin with #"),
            ("＃lobby", "doesn't begin with #"),
            ("#", "0 characters"),
            ("#" + "x" * 64, "64 characters"),
            ("#" + "x" * 100_000, "100001 characters"),
            ("#" + "漢" * 43, "130 bytes"),
            ("#\u0301x", "combining mark"),
            ("#a，b", "','"),
            ("#a\u00a0b", "U+00A0"),
            ("#ﷺ", "U+0020"),
            ("#\ud800", "U+D800"),
            ("#\ue000", "U+E000"),
        ],
    )
    def test_says_what_is_wrong_and_what_to_do(self, text: str, why: str) -> None:
        """A refusal names the reason and what is accepted."""
        fault = channel_fault(text)
        assert why in fault
        assert "Use # and 1 to 63 characters" in fault
        assert fold_channel(text) is None

    @pytest.mark.parametrize("text", ["#l0bby", "#Lоbby", "#ＬOBBY", "#1obby", "#Iobby", "#lоbbу"])
    def test_has_the_skeleton_of_its_look_alikes(self, text: str) -> None:
        """A channel that looks like the lobby can be told from the lobby by its skeleton."""
        assert channel_name(text).skeleton == channel_name("#lobby").skeleton
        assert channel_name("#hobby").skeleton != channel_name("#lobby").skeleton

    @pytest.mark.parametrize("text", ["#den.", "#den...", "#den\u2026", "#den\u3002", "#den\uff0e"])
    def test_looks_the_same_with_a_full_stop(self, text: str) -> None:
        """Nobody sees whether the stop behind a name is a part of it; within it everybody does."""
        assert channel_name(text).skeleton == channel_name("#den").skeleton
        assert channel_name("#v1.2").skeleton != channel_name("#v12").skeleton
        assert channel_name("#...").skeleton == channel_name("#.").skeleton

    @given(texts.map("#{}".format))
    @example("#\u0345\u0301")
    @example("#ǅ")
    def test_folds_to_a_name_that_folds_to_itself(self, text: str) -> None:
        """Folding is final, and every form of a name folds alike, by either function."""
        folded = fold_channel(text)
        if folded is None:
            channel_fault(text)
            return
        name = channel_name(text)
        assert name.folded == folded
        assert channel_name(name.display) == name
        assert channel_name(folded).folded == folded

    @given(st.text(st.characters(max_codepoint=0x7F), max_size=66).map("#{}".format))
    def test_of_ascii_is_lowered(self, text: str) -> None:
        """The short way for ASCII agrees with the long one."""
        try:
            expected: str | None = channel_name(text).folded
        except InvalidName:
            expected = None
        assert fold_channel(text) == expected
