"""A small part of a data set, for runs that must be quick: the same code, figures of no worth."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import numpy as np

from bench.base import Interactions
from vireo.arrays import Bools, Ints


def sampled(data: Interactions, users: int, items: int) -> Interactions:
    """Users evenly spread among the users, and what they did with the most met items."""
    met = np.bincount(data.items, minlength=len(data.catalogue))
    popular = np.argsort(-met, kind="stable")[:items]
    spread = np.linspace(0, len(data.user_ids) - 1, users).round().astype(np.int64)
    return _only(data, np.isin(data.users, spread) & np.isin(data.items, popular))


def sampled_talks(data: Interactions, talks: int) -> Interactions:
    """The same where users are items: the first one and what its labels lead to, step by step."""
    labels: dict[int, list[int]] = {}
    for user, item in zip(data.users.tolist(), data.items.tolist(), strict=True):
        labels.setdefault(user, []).append(item)
    found, waiting = dict[int, None](), deque(range(len(data.catalogue)))
    while waiting and len(found) < talks:
        talk = waiting.popleft()
        if talk not in found:
            found[talk] = None
            waiting.extendleft(reversed(labels.get(talk, [])))
    kept = sorted(found)
    return _only(data, np.isin(data.users, kept) & np.isin(data.items, kept))


def _only(data: Interactions, keep: Bools) -> Interactions:
    """The kept rows; users and items without any are gone, the codes are counted anew."""
    users, user_codes = _recoded(data.users[keep])
    items, item_codes = _recoded(data.items[keep])
    return replace(
        data,
        users=user_codes,
        items=item_codes,
        times=data.times[keep],
        values=data.values[keep],
        user_ids=tuple(data.user_ids[user] for user in users.tolist()),
        catalogue=tuple(data.catalogue[item] for item in items.tolist()),
    )


def _recoded(codes: Ints) -> tuple[Ints, Ints]:
    """The codes that occur, rising, and the place of each code among them."""
    kept, places = np.unique(codes, return_inverse=True)
    return kept, places.astype(np.int64)
