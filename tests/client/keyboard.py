"""Somebody at the keyboard: answers when asked on the terminal, and remembers the questions."""

from __future__ import annotations


class Keyboard:
    """answers: what is typed, in this order; to be asked more is an error."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)
        self.questions: list[str] = []

    def __call__(self, prompt: str) -> str:
        self.questions.append(prompt)
        assert self._answers, f"asked once too often: {self.questions}"
        return self._answers.pop(0)

    @property
    def silent(self) -> bool:
        """Whether all answers have been given."""
        return not self._answers
