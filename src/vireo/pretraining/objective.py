"""ObjectiveModel: a network with the loss of one objective, for `trainer.py`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Generic, TypeVar

from torch import Tensor, nn

B = TypeVar("B")
"""The objective's own batch."""


class ObjectiveModel(nn.Module, Generic[B]):
    """A network and its loss. Parameters that no objective trains have `requires_grad` off."""

    @abstractmethod
    def forward(self, batch: B) -> Tensor:
        """The sum of the losses of the batch's terms, in nats; a scalar."""

    @abstractmethod
    def terms(self, batch: B) -> int:
        """Number of summed losses: masked tokens, next tokens or pairs."""

    def head(self) -> Iterator[tuple[str, nn.Parameter]]:
        """New parameters, fitted alone first, by name; empty by default."""
        yield from ()

    def trained(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Trainable parameters of the main phase, by name."""
        for name, parameter in self.named_parameters():
            if parameter.requires_grad:
                yield name, parameter
