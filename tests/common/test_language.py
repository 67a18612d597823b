"""Which language is chosen, and what is translated of what others have put together."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from securechat.ca.errors import StorageError
from securechat.common import language
from securechat.common.language import _, chosen, in_language, ngettext, shown, translated
from securechat.core.administration.announcements import HEAD


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "en"),
        ({"LANG": "ru_RU.UTF-8"}, "ru_RU.UTF-8"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ru_RU.UTF-8"}, "ru_RU.UTF-8"),
        ({"LANG": "ru_RU.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "ru"}, "ru"),
        ({"LANGUAGE": "xx:ru"}, "ru"),
        ({"LANGUAGE": "en_GB:ru"}, "en"),
        ({"LANG": "ru_RU.UTF-8", "LANGUAGE": "C"}, "en"),
        ({"LANGUAGE": "ru", "LC_ALL": "C"}, "en"),
        ({"LANGUAGE": "ru", "LC_ALL": "POSIX"}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANGUAGE": "../locale/ru"}, "en"),
        ({"LANGUAGE": "/their/catalogue:ru"}, "en"),
    ],
)
def test_the_environment_chooses_the_language(environ: Mapping[str, str], expected: str) -> None:
    """As gettext(1) has it; what there is no catalogue for is English."""
    assert chosen(environ) == expected


def test_the_tests_speak_english() -> None:
    """Whatever language the machine has on which they run."""
    assert language.is_english()
    assert _("Next:") == "Next:"
    assert ngettext("one", "many", 2) == "many"
    assert translated("Wrong account or password") == "Wrong account or password"


@pytest.mark.usefixtures("russian")
def test_a_text_of_ours_is_in_russian() -> None:
    """With the names in braces filled in afterwards."""
    assert _("{path} is not here").format(path="ca.pem") == "ca.pem здесь нет"


@pytest.mark.usefixtures("russian")
def test_programs_are_spoken_to_in_english() -> None:
    """As what they read must not depend on who runs them."""
    with language.english():
        assert _("{path} is not here") == "{path} is not here"
        assert translated("Wrong account or password") == "Wrong account or password"
        with language.english(wanted=False):
            assert language.is_english()
    assert not language.is_english()


@pytest.mark.usefixtures("russian")
@pytest.mark.parametrize(
    ("days", "expected"), [(1, "дня"), (2, "дней"), (5, "дней"), (11, "дней"), (21, "дня")]
)
def test_a_number_decides_the_form(days: int, expected: str) -> None:
    """Russian has three, by the last digits."""
    one, many = (
        "The link works once, within {days} day.",
        "The link works once, within {days} days.",
    )
    text = ngettext(one, many, days).format(days=days)
    assert text == f"Ссылка действует один раз, в течение {days} {expected}."


@pytest.mark.usefixtures("russian")
@pytest.mark.parametrize(
    ("english", "expected"),
    [
        ("Wrong account or password", "Неверная учётная запись или пароль"),
        (
            "can't read /etc/x: Permission denied",
            "не удаётся прочитать /etc/x: нет прав доступа",
        ),
        (
            "securechat.toml: listen.port: expected a number from 0 to 65535, not 'x'",
            "securechat.toml: listen.port: ожидалось число от 0 до 65535, а указано 'x'",
        ),
        (
            "can't connect to x:1: nothing listens there; check the port, and that "
            "securechat-server runs. If the server has moved, name its new address",
            "не удаётся подключиться к x:1: там ничего не запущено; проверьте порт и работает ли "
            "securechat-server. Если сервер переехал, укажите его новый адрес",
        ),
        (
            "x.csv, line 2: 'Oб' can't be an account name: it mixes the scripts Cyrillic and Latin."
            " Use 1 to 32 letters or digits of one script, or - _, at most 64 bytes.",
            "x.csv, line 2: 'Oб' не может быть именем учётной записи: в нём смешаны письменности: "
            "Cyrillic and Latin. Возьмите от 1 до 32 букв или цифр одной письменности или знаки "
            "- _, не больше 64 байт.",
        ),
        (
            "there is no account bne; `user list` shows them; did you mean ben?",
            "нет учётной записи bne; их показывает `user list`; может быть, ben?",
        ),
        ("Z: is not a mode of #den", "Z: нет такого режима у #den"),
        (
            "no server runs on this data directory, and only a running one can do this",
            "на этом каталоге данных не работает сервер, а сделать это может только работающий",
        ),
        ("a, b and names below them; any address", "a, b и имена под ними; любой адрес"),
        ("FAIL: 7: Wrong account or password", "FAIL: 7: Неверная учётная запись или пароль"),
        (
            "postgresql://chat@db:1/chat: the database is damaged; restore a backup (page (1, 2))",
            "postgresql://chat@db:1/chat: база данных повреждена; восстановите резервную копию "
            "(page (1, 2))",
        ),
        ("the sky is green (restore a backup)", "the sky is green (restore a backup)"),
        ("the sky is green", "the sky is green"),
        ("no such thing: admin", "no such thing: admin"),
        ("Options", "Параметры"),
        ("", ""),
    ],
)
def test_the_text_of_an_error_is_translated(english: str, expected: str) -> None:
    """As a whole, by its template, behind a colon, or before what another program says in
    parentheses; what nobody knows stays.
    """
    assert translated(english) == expected


@pytest.mark.usefixtures("russian")
def test_an_error_itself_stays_english() -> None:
    """The log has it as it was raised."""
    error = StorageError(Path("ca.pem"), "no such file: check the path")
    assert str(error) == "ca.pem: no such file: check the path"
    assert translated(error) == "ca.pem: нет такого файла: проверьте путь"


@pytest.mark.usefixtures("russian")
@pytest.mark.parametrize(
    ("english", "expected"),
    [
        ("Report 1: anna about bob: spam", "Жалоба 1: от anna на bob: spam"),
        ("Report 1: anna about bob in #lab: spam", "Жалоба 1: от anna на bob в #lab: spam"),
        (HEAD.format(text="tea at noon"), "Объявление: tea at noon"),
    ],
)
def test_what_a_server_says_with_words_of_people(english: str, expected: str) -> None:
    """The frame is translated, and their words stay."""
    assert translated(english) == expected


@pytest.mark.usefixtures("russian")
def test_a_name_within_a_text_stays() -> None:
    """An account may be called like one of our texts."""
    assert translated("there is no account Options; `user list` shows them").startswith(
        "нет учётной записи Options;"
    )


@pytest.mark.usefixtures("russian")
def test_a_text_that_was_made_to_take_long_takes_no_time() -> None:
    """A server may send what it likes, and more of it than is looked at."""
    hostile = "securechat: " * 300 + "; expected " * 40
    assert translated(hostile) == hostile
    assert translated("x" * 1_000_000) == "x" * 1_000_000
    hostile = "securechat: (" * 300 + " (" * 90 + ")"
    assert translated(hostile) == hostile


@pytest.mark.usefixtures("russian")
def test_texts_within_texts_take_no_more_room_than_they_have() -> None:
    """A translation that names somebody twice would else double with each text within."""
    text = "a b"
    while len(text) < 4000:
        text = f"x is disabled: no login until `user enable {text}`."
    assert len(translated(text)) < 2 * len(text)
    text = "a b"
    while len(text) < 4000:
        text = f"can't read {text}: a b"
    assert len(translated(text)) < 2 * len(text)


@pytest.mark.usefixtures("russian")
@pytest.mark.parametrize(
    ("english", "expected"),
    [
        (
            "the connection is lost (no one); trying again in ten s",
            "соединение потеряно (no one); следующая попытка через ten с",
        ),
        (
            "Report 1: eve about bob: the connection is lost (it is); trying again in no s",
            "Жалоба 1: от eve на bob: соединение потеряно (it is); следующая попытка через no с",
        ),
        ("No such option '--porr'.", "Нет такого параметра: '--porr'."),
        ("it has expired on no day", "его срок истёк no day"),
        ("nothing was added: it has one error", "nothing was added: it has one error"),
    ],
)
def test_a_text_need_not_have_been_made_by_its_template(english: str, expected: str) -> None:
    """Anybody's may look like one with a number or a date in it, and ends no program."""
    assert translated(english) == expected


@pytest.mark.usefixtures("russian")
def test_braces_in_what_others_write_are_no_names() -> None:
    """Format strings of strangers are not filled in."""
    text = "can't read {0.__class__}: {path}"
    assert translated(text) == "не удаётся прочитать {0.__class__}: {path}"


@click.group()
def group() -> None:
    """Print names, dates and SHA-256 fingerprints of the certificates in DIR.

    \b
    Example: gencerts show --out certs
    """


@group.command(epilog="Wrong account or password")
@click.option("--port", type=int, help="TOML file.")
@click.argument("name")
def part(port: int, name: str) -> None:
    """Run a command that has no translation."""
    raise click.UsageError("no such file: check the path")


@pytest.mark.usefixtures("russian")
def test_help_is_translated_at_every_depth() -> None:
    """And the words that click puts around it; the commands themselves stay as they were."""
    here = in_language(group)
    assert "Показывает имена" in CliRunner().invoke(here, ["--help"]).output
    output = CliRunner().invoke(here, ["part", "--help"]).output
    assert "Использование: " in output
    assert "Параметры:" in output
    assert "Показать эту справку и выйти." in output
    assert "Файл настроек" in output
    assert "Неверная учётная запись" in output
    assert "Run a command that has no translation." in output
    assert group.help is not None
    assert group.help.startswith("Print names")


@pytest.mark.usefixtures("russian")
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["part"], "Не указан аргумент 'NAME'."),
        (["part", "a", "b"], "Лишний аргумент (b)"),
        (["part", "a", "--port", "x"], "Неверное значение для '--port': 'x'"),
        (["part", "a", "--colour"], "Нет такого параметра: '--colour'."),
        (["part", "a"], "Ошибка: нет такого файла: проверьте путь"),
        (["other"], "Нет такой команды: 'other'."),
    ],
)
def test_errors_of_usage_are_translated(arguments: list[str], expected: str) -> None:
    """click's own, and those that we raise by it."""
    with pytest.raises(click.UsageError) as raised:
        in_language(group).main(arguments, prog_name="x", standalone_mode=False)
    text = shown(raised.value)
    assert expected in text
    assert text.startswith("Использование: x")


def test_nothing_is_opened_for_english() -> None:
    """A start is no slower: no catalogue is looked for, nor read."""
    code = (
        "import sys; from pathlib import Path; from securechat.common import language as x\n"
        "sys.addaudithook(lambda event, args: event == 'open' and sys.exit(f'opened {args}'))\n"
        "x._('Next:'), x.translated('a: b'), x.in_language(None)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"LANG": "en_US.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_another_language_is_spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until it is forgotten, whatever the environment asks for."""
    monkeypatch.setenv("LANGUAGE", "en")
    language.forget()
    try:
        assert (language.known(), language.spoken()) == (["en", "ru"], "en")
        language.speak("ru")
        assert (language.spoken(), _("{name} joined {channel}")[:6]) == ("ru", "{name}")
        assert translated("wrong account or password") != "wrong account or password"
        language.speak("en")
        assert language.is_english()
        monkeypatch.setenv("LANGUAGE", "ru_RU.UTF-8")
        language.forget()
        assert language.spoken() == "ru"
    finally:
        monkeypatch.undo()
        language.forget()
