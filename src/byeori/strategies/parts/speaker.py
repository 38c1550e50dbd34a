"""How a policy speaks, in numpy: a question at a time, each choice drawn from what was said before."""

from __future__ import annotations

from bisect import bisect
from math import exp, log
from random import Random
from typing import Final, NamedTuple, final

import numpy as np
import numpy.typing as npt
from scipy.special import expit, ndtr, ndtri

from byeori._util.json import Json
from byeori.core.question import Space
from byeori.core.walk import At, Chooser
from byeori.strategies.parts.tokens import Asked, Token, Vocabulary, item
from byeori.strategies.parts.unit import answer_at

Floats = npt.NDArray[np.float32]

STRAY: Final = 0.02
"""Share of the answers to a range that are drawn anywhere in it, so that none ever becomes impossible."""
SHARPEST: Final = 0.02
WIDEST: Final = 1.0
"""Least and first width of what is drawn in a range of 0 to 1; the first is nearly even."""
OFFSET: Final = log(exp(WIDEST - SHARPEST) - 1.0)
"""Where softplus gives the first width."""


class Voice(NamedTuple):
    """The weights of a policy.

    Args:
        answers: What is remembered of an answer (rows, H).
        questions: What is asked (questions, H).
        items: Which item of a Repeat it is (ITEMS, H).
        heads: From what is in mind to the outputs (outputs, H).
        bias: Of the outputs (outputs,).
        recurrent: Weights of the LSTM: of the input and of what is in mind (4H, H), and two biases (4H,); empty where
            nothing is remembered.
    """

    answers: Floats
    questions: Floats
    items: Floats
    heads: Floats
    bias: Floats
    recurrent: tuple[Floats, ...]


@final
class Speaker(Chooser):
    """Answers one genome as a policy would.

    Args:
        voice: The policy's weights.
        vocabulary: The questions.
        rng: The dice; one throw a choice.
        heat: Above 1 makes it less decided.
    """

    def __init__(self, voice: Voice, vocabulary: Vocabulary, rng: Random, *, heat: float = 1.0) -> None:
        self.voice = voice
        self.vocabulary = vocabulary
        self.rng = rng
        self.heat = heat
        self._mind = np.zeros(voice.heads.shape[1], dtype=np.float32)
        self._cell = np.zeros_like(self._mind)
        self._said = voice.answers[0]

    def choose(self, question: Space, at: At) -> Json:
        """Return an answer, a branch or a length, and remember it."""
        asked = self.vocabulary.find(at)
        if asked is None:
            return question.values()[0]
        which = item(at)
        self._think(asked, which)
        outputs = slice(asked.output, asked.output + asked.width)
        raw = self.voice.heads[outputs] @ self._mind + self.voice.bias[outputs]
        if asked.options:
            option = self._drawn(raw)
            self._said = self.voice.answers[asked.row + option]
            return asked.options[option]
        place = self._placed(float(raw[0]), float(raw[1]))
        answer = answer_at(question, place)
        row, shift = memory(asked, Token(asked.number, which, 0, asked.place(answer)))
        self._said = self.voice.answers[row] + shift * self.voice.answers[row + 1]
        return answer

    def _think(self, asked: Asked, which: int) -> None:
        voice = self.voice
        if not voice.recurrent:
            self._mind = voice.items[which] if which else np.zeros_like(self._cell)
            return
        into, back, bias, other = voice.recurrent
        size = len(self._cell)
        gates = (
            into @ (self._said + voice.questions[asked.number] + voice.items[which]) + back @ self._mind + bias + other
        )
        opened = expit(gates)
        self._cell = opened[size : 2 * size] * self._cell + opened[:size] * np.tanh(gates[2 * size : 3 * size])
        self._mind = opened[3 * size :] * np.tanh(self._cell)

    def _drawn(self, raw: Floats) -> int:
        shares = np.exp((raw - raw.max()) / self.heat).cumsum().tolist()
        return bisect(shares, self.rng.random() * shares[-1], 0, len(shares) - 1)

    def _placed(self, mean: float, width: float) -> float:
        """Draw from a normal distribution cut off at 0 and 1, or by a small chance anywhere."""
        dice = self.rng.random()
        if dice < STRAY:
            return dice / STRAY
        middle = float(expit(mean))
        spread = self.heat * (SHARPEST + float(np.logaddexp(0.0, width + OFFSET)))
        low, high = ndtr(-middle / spread), ndtr((1.0 - middle) / spread)
        place = middle + spread * float(ndtri(low + (high - low) * (dice - STRAY) / (1.0 - STRAY)))
        return min(max(place, 0.0), 1.0)


def memory(asked: Asked, token: Token) -> tuple[int, float]:
    """Return the row an answer is remembered by, and how much of the row behind it is added."""
    return (asked.row + token.option, 0.0) if asked.options else (asked.row, 2.0 * token.place - 1.0)
