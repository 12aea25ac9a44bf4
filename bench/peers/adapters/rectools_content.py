"""SASRec whose items start from their texts, so that an item that nobody has met has a place.

As in "Let It Go?" (content vectors with a bounded trainable delta): an item is its text vector,
reduced by PCA and of length 1, which stays as it is, plus a vector of its own that training may
move by at most `bound`. A cold item is its text vector alone. Settings: `bound`, and those of
rectools_sequence.py.
"""

from __future__ import annotations

import warnings
from importlib.metadata import version
from typing import Any, ClassVar

import contract
import numpy as np
import rectools_sequence as sequence
import torch
from filled import FilledPlaces
from rectools.dataset import Dataset
from rectools.models import SASRecModel
from rectools.models.nn.item_net import ItemNetBase
from training import Recipe, threads


class TextItems(ItemNetBase):
    """(items,) -> (items, d): fixed text vectors plus bounded deltas. Item 0 is the padding."""

    vectors: ClassVar[contract.Floats]
    """(catalogue, d) by item code; set before the model is built, since RecTools builds it."""
    bound: ClassVar[float] = 0.5

    def __init__(self, fixed: contract.Floats) -> None:
        super().__init__()
        self.register_buffer("fixed", torch.tensor(fixed, dtype=torch.float32))
        self.delta = torch.nn.Embedding(*self.fixed.shape, padding_idx=0)

    @classmethod
    def from_dataset(cls, dataset: Dataset, *_: Any, **__: Any) -> TextItems:
        """RecTools gives the items of training; their external ids are the codes."""
        codes = dataset.item_id_map.get_external_sorted_by_internal()[1:].astype(np.int64)
        return cls(np.vstack([np.zeros(cls.vectors.shape[1]), cls.vectors[codes]]))

    @property
    def out_dim(self) -> int:
        return int(self.fixed.shape[1])

    def forward(self, items: torch.Tensor) -> torch.Tensor:
        """Vectors of internal items."""
        moved = self.delta(items)
        lengths = moved.norm(dim=-1, keepdim=True).clamp(min=1e-9)
        return self.fixed[items] + moved * torch.clamp(self.bound / lengths, max=1.0)


class FromTexts(FilledPlaces):
    """Starts every delta at zero: before training an item is its text."""

    def _xavier_normal_init(self) -> None:
        super()._xavier_normal_init()
        for module in self.torch_model.modules():
            if isinstance(module, TextItems):
                torch.nn.init.zeros_(module.delta.weight)


def train(job: contract.Job) -> contract.Trained:
    """Train on the warm items; score warm items as trained and cold ones by their texts."""
    warnings.filterwarnings("ignore")
    torch.set_num_threads(threads())
    recipe = Recipe.of(job)
    d = int(recipe.parameters["n_factors"])
    TextItems.bound = float(job.settings["bound"])
    TextItems.vectors = _reduced(contract.text_vectors(job.split), d)
    rows = sequence.rows_of(job, recipe, timed=False)
    model = SASRecModel(
        item_net_block_types=(TextItems,),
        lightning_module_type=FromTexts,
        get_trainer_func=sequence.quiet_trainer,
        **recipe.parameters,
    )
    progress = sequence.fit(job, recipe, model, rows, timed=False)

    def rank() -> contract.Ranked:
        items = TextItems.vectors.copy()
        known = model.data_preparator.get_known_item_ids().astype(np.int64)
        people, everything = _vectors(model, rows.everything, job.users)
        items[known] = everything[1:]
        place = {int(user): row for row, user in enumerate(job.users)}
        return contract.rank_scores(
            job, lambda users: people[[place[int(user)] for user in users]] @ items.T, cold=True
        )

    return contract.Trained(
        "rectools SASRec from texts",
        f"rectools {version('rectools')}, torch {version('torch')}",
        rank,
        epochs=progress.epoch,
        notes=progress.note(len(rows.held)) + "; a cold item is its text vector alone",
        earlier=progress.earlier,
    )


def _vectors(model: SASRecModel, dataset: Dataset, users: contract.Ints) -> tuple[Any, Any]:
    """(u, d) of the users, zeros where no item is known, and (1 + known, d) of the items."""
    preparator = model.data_preparator
    asked = preparator.transform_dataset_u2i(dataset, users)
    loader = preparator.get_dataloader_recommend(asked, 256)
    people, items = model.lightning_model._get_user_item_embeddings(loader, "cpu")
    found = np.zeros((len(users), people.shape[1]))
    row_of = {int(user): row for row, user in enumerate(users)}
    known = asked.user_id_map.get_external_sorted_by_internal()
    found[[row_of[int(user)] for user in known]] = people.numpy()
    return found, items.numpy()


def _reduced(vectors: contract.Floats, d: int) -> contract.Floats:
    """The d directions in which the texts differ most, whitened, of length 1."""
    centred = vectors - vectors.mean(axis=0)
    left, _, _ = np.linalg.svd(centred, full_matrices=False)
    whitened = np.zeros((len(vectors), d))
    whitened[:, : left.shape[1]] = left[:, :d]
    lengths = np.linalg.norm(whitened, axis=1, keepdims=True)
    return whitened / np.maximum(lengths, 1e-12)


if __name__ == "__main__":
    contract.serve(train)
