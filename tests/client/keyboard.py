"""Somebody at the keyboard: answers when asked, and remembers the questions."""

from __future__ import annotations

from securechat.client.person import TerminalPerson


class Keyboard(TerminalPerson):
    """answers: what is typed, in this order; to be asked more is an error.

    What is told goes where a terminal's person is told it, so that a test can read it there.
    """

    present = True

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)
        self.questions: list[str] = []

    def ask_secret(self, question: str, otherwise: str = "") -> str:
        """The next answer."""
        self.questions.append(question)
        assert self._answers, f"asked once too often: {self.questions}"
        return self._answers.pop(0)

    ask = ask_secret

    def confirm(self, explained: str, question: str) -> bool:
        """Whether the next answer is yes."""
        self.tell(explained)
        return self.ask(question) == "yes"

    @property
    def silent(self) -> bool:
        """Whether all answers have been given."""
        return not self._answers
