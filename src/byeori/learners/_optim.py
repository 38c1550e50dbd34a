"""AdamW and SGD on torch's fused kernels: one call a step, state that is plain tensors; and the moving average.

`torch.optim` is not used: making its first optimiser imports torch's compiler, which takes longer (1.6 s) than many a
child of a search trains.

Source: Loshchilov & Hutter 2019 (https://arxiv.org/abs/1711.05101) for the decoupled decay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

_BETAS = (0.9, 0.999)
_EPSILON = 1e-8


@dataclass(frozen=True, slots=True)
class _Group:
    """Parameters with the same decay, and what the optimiser remembers of each."""

    leaves: list[nn.Parameter]
    decay: float
    first: list[Tensor]
    second: list[Tensor]
    steps: list[Tensor]


class Optimiser:
    """Changes a module's parameters by their gradients.

    Args:
        module: Its parameters that want gradients are trained; biases, norms and other vectors are never decayed.
        kind: `adamw` or `sgd` (with Nesterov's momentum).
        weight_decay: Decoupled for AdamW, added to the gradient for SGD.
        momentum: Of SGD.
        clip: Largest norm of all gradients together; 0 clips nothing.

    Example:
        >>> net = nn.Linear(2, 1)
        >>> optimiser = Optimiser(net, kind="sgd", weight_decay=0.0)
        >>> before = net.bias.item()
        >>> net(torch.ones(1, 2)).sum().backward()
        >>> optimiser.step(0.1)
        >>> net.bias.item() < before
        True
    """

    def __init__(
        self, module: nn.Module, *, kind: str, weight_decay: float, momentum: float = 0.9, clip: float = 0.0
    ) -> None:
        if kind not in ("adamw", "sgd"):
            raise ValueError(f"Unknown optimiser {kind!r}: one of adamw, sgd.")
        self._adam = kind == "adamw"
        self._momentum = momentum
        self._clip = clip
        params = [p for p in module.parameters() if p.requires_grad]
        groups = [
            self._group([p for p in params if p.ndim > 1], weight_decay),
            self._group([p for p in params if p.ndim <= 1], 0.0),
        ]
        self._groups = [group for group in groups if group.leaves]

    def _group(self, leaves: list[nn.Parameter], decay: float) -> _Group:
        # The fused kernels walk memory in order, so what is kept must lie as the parameter lies.
        def zeros() -> list[Tensor]:
            return [torch.zeros_like(p, memory_format=torch.preserve_format, requires_grad=False) for p in leaves]

        steps = [torch.zeros((), device=p.device) for p in leaves]
        return _Group(leaves, decay, zeros(), zeros() if self._adam else [], steps)

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Make one step at a learning rate, and forget the gradients.

        Args:
            rate: Learning rate of this step.
        """
        if self._clip:
            self._shorten()
        for group in self._groups:
            live = [n for n, p in enumerate(group.leaves) if p.grad is not None]
            if live:
                (self._adamw if self._adam else self._sgd)(group, live, rate)
            for leaf in group.leaves:
                leaf.grad = None

    def _shorten(self) -> None:
        grads = [p.grad for group in self._groups for p in group.leaves if p.grad is not None]
        if grads:
            norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(grads)))
            torch._foreach_mul_(grads, (self._clip / (norm + 1e-6)).clamp(max=1.0))

    def _adamw(self, group: _Group, live: list[int], rate: float) -> None:
        steps = [group.steps[n] for n in live]
        torch._foreach_add_(steps, 1)
        torch._fused_adamw_(
            [group.leaves[n] for n in live],
            [_grad(group.leaves[n]) for n in live],
            [group.first[n] for n in live],
            [group.second[n] for n in live],
            [],
            steps,
            lr=rate,
            beta1=_BETAS[0],
            beta2=_BETAS[1],
            weight_decay=group.decay,
            eps=_EPSILON,
            amsgrad=False,
            maximize=False,
        )

    def _sgd(self, group: _Group, live: list[int], rate: float) -> None:
        torch._fused_sgd_(
            [group.leaves[n] for n in live],
            [_grad(group.leaves[n]) for n in live],
            [group.first[n] for n in live],
            weight_decay=group.decay,
            momentum=self._momentum,
            lr=rate,
            dampening=0.0,
            nesterov=True,
            maximize=False,
            is_first_step=False,
        )

    def state(self) -> dict[str, Tensor]:
        """Return all that is remembered, by name."""
        return {
            f"{g}.{kind}.{n}": tensor
            for g, group in enumerate(self._groups)
            for kind, tensors in (("first", group.first), ("second", group.second), ("steps", group.steps))
            for n, tensor in enumerate(tensors)
        }

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state` returned.

        Raises:
            KeyError: It is the state of another module.
        """
        for name, tensor in self.state().items():
            tensor.copy_(state[name])


class Average:
    """An exponential moving average of a module's parameters, kept in a copy of it; its decay grows from zero, so
    that a short training is not ruled by its first steps.

    Args:
        live: The module that is trained.
        shadow: A copy of it.
        decay: What remains of the average after a step, at most.
    """

    def __init__(self, live: nn.Module, shadow: nn.Module, decay: float) -> None:
        self._decay = decay
        self._live = [p.detach() for p in live.parameters()]
        self._shadow = [p.detach() for p in shadow.parameters()]
        self._buffers = list(zip(shadow.buffers(), live.buffers(), strict=True))

    def step(self, done: int) -> None:
        """Move towards the live parameters.

        Args:
            done: Steps of training done, this one included.
        """
        decay = min(self._decay, (1.0 + done) / (10.0 + done))
        torch._foreach_lerp_(self._shadow, self._live, 1.0 - decay)

    def settle(self) -> None:
        """Copy the buffers (batch norm's statistics); call it before the shadow is used."""
        for mine, its in self._buffers:
            mine.copy_(its)


def _grad(leaf: nn.Parameter) -> Tensor:
    grad = leaf.grad
    if grad is None:
        raise ValueError("A parameter without a gradient was asked for one.")
    return grad
