"""The parent of Google's AutoML: a recurrent policy answers the questions one after the other and learns from rewards.

It is asked in numpy, a question at a time, and taught in torch, a batch of trials at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import e, pi, sqrt
from random import Random
from typing import Final, final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.special import ndtr

from byeori._util.json import Json, digest
from byeori._util.seeds import seed_of
from byeori.core.errors import OptionError
from byeori.core.jobs import Candidate, Origin
from byeori.core.question import HOLE
from byeori.core.space import Space
from byeori.core.state import Trial
from byeori.core.walk import walk
from byeori.strategies.parts.rewards import Rewards
from byeori.strategies.parts.speaker import OFFSET, SHARPEST, STRAY, Floats, Speaker, Voice, memory
from byeori.strategies.parts.tokens import ITEMS, Token, Vocabulary
from byeori.strategies.parts.tried import Tried

PPO = "ppo"
REINFORCE = "reinforce"
CLIP: Final = 0.2
EPOCHS: Final = 8
REDRAWS: Final = 20
WARMER: Final = 1.15
"""How much less decided the policy is at each redraw: where it has converged, near its mode is better than anywhere."""
HIDDEN: Final = 32
_ORIGIN = Origin(strategy="controller")


@final
class Controller:
    """An LSTM that says a genome token by token, and is made to say more often what did well.

    Use it with some hundreds of trials or more, where answers depend on each other: what is good at one question hangs
    on what was said before. At first it answers by chance, within weights and logarithms; every `batch` trials that
    ended it learns. What it knows depends on the trials told and their order alone, so a resumed study rebuilds it by
    learning all of them again, at some milliseconds a trial.

    A reward is the share of the last 256 losses that are worse less the share that are better; a failure has the least
    there is. Trials that others proposed (an opening, another parent) are learnt like its own: probabilities are scored
    when the batch is learnt, so a ratio begins at 1 and its clip bounds what any trial can do.

    Args:
        space: What is searched.
        algorithm: `ppo`: several passes over a batch, each answer's ratio clipped to 1 ± 0.2, advantages scaled.
            `reinforce`: one pass, unscaled.
        recurrent: False forgets what was said before: independent distributions, one for each question.
        rate: Learning rate of Adam.
        batch: Trials learnt at once.
        entropy: Weight of the bonus for staying undecided.

    Raises:
        OptionError: An unknown algorithm, a rate or batch that is not positive, a negative entropy.
        SpaceError: While asked: no genome that passes the space's check can be found.

    Example:
        >>> from byeori.core.space import Int, Record
        >>> parent = Controller(Record({"width": Int(8, 64)}))
        >>> [candidate.origin.strategy for candidate in parent.ask(2, Random(0), ())]
        ['controller', 'controller']

    Source: Zoph & Le 2017, https://arxiv.org/abs/1611.01578; PPO as in Zoph et al. 2018,
    https://arxiv.org/abs/1707.07012
    """

    def __init__(
        self,
        space: Space,
        *,
        algorithm: str = PPO,
        recurrent: bool = True,
        rate: float = 0.01,
        batch: int = 10,
        entropy: float = 0.03,
    ) -> None:
        if algorithm not in (PPO, REINFORCE):
            raise OptionError(f"The algorithm of a controller is {PPO!r} or {REINFORCE!r}; got {algorithm!r}.")
        if not (rate > 0 and batch >= 1 and entropy >= 0):
            raise OptionError(
                "A controller has a rate above 0, a batch of 1 or more and an entropy of 0 or more; "
                f"got rate={rate}, batch={batch}, entropy={entropy}."
            )
        self.space = space
        self.algorithm = algorithm
        self.batch = batch
        self.entropy = entropy
        self.policy = Policy(Vocabulary(space), recurrent=recurrent)
        self._adam = torch.optim.Adam(self.policy.parameters(), lr=rate)
        self._rewards = Rewards()
        self._tried = Tried(space)
        self._heard: list[tuple[list[Token], float]] = []

    def ask(self, n: int, rng: Random, pending: Sequence[Trial]) -> Sequence[Candidate]:
        """Say new genomes, at random where the policy only repeats itself; fewer than `n` where the space is
        exhausted."""
        self._tried.begin(pending)
        found: list[Candidate] = []
        while len(found) < n:
            genome = self._new(rng)
            if genome is HOLE and (genome := self._tried.unseen(rng)) is None:
                break
            found.append(Candidate(genome=genome, origin=_ORIGIN))
        return found

    def tell(self, ended: Sequence[Trial]) -> None:
        """Learn from every `batch` trials; what has weight 0 (a baseline) says nothing about the policy."""
        for trial in ended:
            self._tried.remember(trial)
            if self.space.bare.alive(trial.genome) and (tokens := self.policy.vocabulary.read(trial.genome)):
                self._heard.append((tokens, self._rewards.advantage(trial.loss)))
                if len(self._heard) == self.batch:
                    self._learn()

    def _new(self, rng: Random) -> Json:
        """Return what the policy says, warmer with each try that is not new; HOLE where nothing is."""
        voice = self.policy.voice
        for tries in range(REDRAWS):
            genome = walk(self.space, Speaker(voice, self.policy.vocabulary, rng, heat=WARMER**tries))
            if self.space.problem(genome) is None and self._tried.claim(genome):
                return genome
        return HOLE

    def _learn(self) -> None:
        tokens, gains = zip(*self._heard, strict=True)
        self._heard.clear()
        advantages = torch.tensor(gains, dtype=torch.float32)
        if self.algorithm == PPO:
            advantages = advantages / (advantages.square().mean().sqrt() + 1e-8)
        pack = Pack.of(tokens, self.policy.vocabulary)
        before: Tensor | None = None
        for _ in range(EPOCHS if self.algorithm == PPO else 1):
            logs, entropies = self.policy.score(pack)
            before = logs.detach() if before is None else before
            gain = surrogate(logs, before, advantages[pack.trial], CLIP if self.algorithm == PPO else None)
            loss = -(gain.sum() + self.entropy * entropies.sum()) / len(tokens)
            self._adam.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self._adam.step()


def surrogate(logs: Tensor, before: Tensor, advantages: Tensor, clip: float | None) -> Tensor:
    """Return what is to be maximised, an answer each, summed by the caller.

    Args:
        logs: Log-probabilities of the answers now (N,).
        before: The same before the batch was learnt (N,).
        advantages: Of the trial each answer belongs to (N,).
        clip: How far a ratio may be from 1 and still be driven further; None for REINFORCE.

    Source: Williams 1992; Schulman et al. 2017, https://arxiv.org/abs/1707.06347
    """
    if clip is None:
        return logs * advantages
    ratio = (logs - before).exp()
    return torch.minimum(ratio * advantages, ratio.clamp(1.0 - clip, 1.0 + clip) * advantages)


@final
@dataclass(frozen=True, slots=True)
class Pack:
    """Trials of one batch as tensors: T tokens of the longest, B trials, N tokens of all together.

    Args:
        here: Where there is a token (T, B); the order of the N tokens below.
        rows: Answer row of the token before (T, B).
        shifts: A range's place before, −1 to 1, else 0 (T, B).
        asked: Number of the question (T, B).
        items: Number of the item (T, B).
        trial: Which trial a token belongs to (N,).
        option: Which option was taken (N,).
        place: Where in a range (N,).
    """

    here: Tensor
    rows: Tensor
    shifts: Tensor
    asked: Tensor
    items: Tensor
    trial: Tensor
    option: Tensor
    place: Tensor

    @staticmethod
    def of(trials: Sequence[Sequence[Token]], vocabulary: Vocabulary) -> Pack:
        """Pack tokens; shorter trials are filled up."""
        shape = max(map(len, trials)), len(trials)
        whole = np.zeros((4, *shape), dtype=np.int64)
        shifts, here = np.zeros(shape), np.zeros(shape, dtype=np.bool_)
        option, place = np.zeros(shape, dtype=np.int64), np.zeros(shape)
        for b, tokens in enumerate(trials):
            row, shift = 0, 0.0
            for t, token in enumerate(tokens):
                whole[:, t, b] = row, token.asked, token.item, b
                shifts[t, b], here[t, b] = shift, True
                option[t, b], place[t, b] = token.option, token.place
                row, shift = memory(vocabulary.asked[token.asked], token)
        rows, asked, items, trial = (torch.from_numpy(part) for part in whole)
        mask = torch.from_numpy(here)
        told = (trial[mask], torch.from_numpy(option)[mask], torch.from_numpy(place)[mask])
        return Pack(mask, rows, torch.from_numpy(shifts), asked, items, *told)


@final
class Policy(nn.Module):
    """A probability for every genome: an LSTM that hears each answer before the next question, and a head a question.

    It begins with what chance would do, so its first batch is random search. Nothing is drawn from torch's own
    generator: the first weights hang on the space alone.

    Args:
        vocabulary: The questions.
        recurrent: False remembers nothing; the outputs are then a bias each, and what the number of an item adds.

    Attributes:
        voice: The same weights as numpy arrays, which follow every change.
    """

    def __init__(self, vocabulary: Vocabulary, *, recurrent: bool = True) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        dice = torch.Generator().manual_seed(seed_of("controller", digest(vocabulary.space.to_json())))

        def drawn(rows: int, scale: float) -> nn.Parameter:
            return nn.Parameter(scale * torch.randn(rows, HIDDEN, generator=dice, dtype=torch.float32))

        self.answers = drawn(vocabulary.rows, 1.0)
        self.questions = drawn(len(vocabulary.asked), 1.0)
        self.items = drawn(ITEMS, 1.0)
        self.heads = drawn(vocabulary.outputs, 1e-3)
        first = [prior for asked in vocabulary.asked for prior in (asked.prior or (0.0, 0.0))]
        self.bias = nn.Parameter(torch.tensor(first, dtype=torch.float32))
        self.lstm = _lstm(dice) if recurrent else None
        weights = () if self.lstm is None else tuple(self.lstm.parameters())
        self.voice = Voice(
            answers=_seen(self.answers),
            questions=_seen(self.questions),
            items=_seen(self.items),
            heads=_seen(self.heads),
            bias=_seen(self.bias),
            recurrent=tuple(map(_seen, weights)),
        )
        self._lay_out()

    def score(self, pack: Pack) -> tuple[Tensor, Tensor]:
        """Return the logarithm of each answer's probability, for a range of its density from 0 to 1, and the entropy of
        what could have been answered: (N,) and (N,)."""
        outputs = functional.linear(self._mind(pack), self.heads, self.bias)
        asked = pack.asked[pack.here]
        raw = outputs.gather(1, self._columns[asked])
        logs, entropies = _listed(raw, self._missing[asked], pack.option)
        if not self._is_range.any():
            return logs, entropies
        dense, spread = _ranged(raw[:, 0], raw[:, 1], pack.place.to(raw.dtype))
        ranges = self._is_range[asked]
        return torch.where(ranges, dense, logs), torch.where(ranges, spread, entropies)

    def _mind(self, pack: Pack) -> Tensor:
        """Return what is in mind at each token (N, H)."""
        if self.lstm is None:
            return (self.items[pack.items] * (pack.items > 0).unsqueeze(-1))[pack.here]
        behind = pack.rows + (pack.shifts != 0)
        said = self.answers[pack.rows] + pack.shifts.to(self.answers.dtype).unsqueeze(-1) * self.answers[behind]
        mind, _ = self.lstm(said + self.questions[pack.asked] + self.items[pack.items])
        found: Tensor = mind[pack.here]
        return found

    def _lay_out(self) -> None:
        """Note which outputs belong to which question, filled up to the widest (questions, widest)."""
        asked = self.vocabulary.asked
        widest = max((one.width for one in asked), default=0)
        columns = [[one.output + min(i, one.width - 1) for i in range(widest)] for one in asked]
        self._columns = torch.tensor(columns, dtype=torch.int64)
        self._missing = torch.tensor([[i >= one.width for i in range(widest)] for one in asked])
        self._is_range = torch.tensor([not one.options for one in asked])


def _lstm(dice: torch.Generator) -> nn.LSTM:
    # made without memory first, since its constructor would draw weights from the generator of the whole process
    made = nn.LSTM(HIDDEN, HIDDEN, dtype=torch.float32, device="meta").to_empty(device="cpu")
    for part in made.parameters():
        nn.init.uniform_(part, -1.0 / sqrt(HIDDEN), 1.0 / sqrt(HIDDEN), generator=dice)
    return made


def _seen(weights: Tensor) -> Floats:
    """Return weights as an array that shares their memory."""
    found: Floats = weights.detach().numpy()
    return found


def _listed(raw: Tensor, missing: Tensor, option: Tensor) -> tuple[Tensor, Tensor]:
    """Return log-probability and entropy of options, given what the heads say of each (N, widest)."""
    logs = functional.log_softmax(raw.masked_fill(missing, -1e9), dim=1)
    entropies = -(logs.exp() * logs).masked_fill(missing, 0.0).sum(1)
    return logs.gather(1, option.unsqueeze(1)).squeeze(1), entropies


def _ranged(mean: Tensor, width: Tensor, place: Tensor) -> tuple[Tensor, Tensor]:
    """Return log-density and entropy of a normal distribution cut off at 0 and 1; the density with its strays."""
    middle = torch.sigmoid(mean)
    spread = SHARPEST + functional.softplus(width + OFFSET)
    low, high = -middle / spread, (1.0 - middle) / spread
    mass = ndtr(high) - ndtr(low)
    density = _bell((place - middle) / spread) / (spread * mass)
    entropies = (sqrt(2 * pi * e) * spread * mass).log() + (low * _bell(low) - high * _bell(high)) / (2 * mass)
    return ((1.0 - STRAY) * density + STRAY).log(), entropies


def _bell(x: Tensor) -> Tensor:
    return (-0.5 * x * x).exp() / sqrt(2 * pi)
