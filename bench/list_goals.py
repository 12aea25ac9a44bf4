"""Lists' other goals, on MovieLens-1M: new films' exposure, counterfactuals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bench.base import Interactions
from vireo.arrays import Ints
from vireo.behavior.base import Histories, History
from vireo.interest.base import Expert, InterestModel
from vireo.interest.content import Content
from vireo.recommend.base import Query
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.explain.counterfactual import counterfactual, without
from vireo.recommend.recommender import Recommender
from vireo.recommend.settings import RecommendSection

K = 10
QUOTAS = (0.05, 0.1, 0.2)


@dataclass(frozen=True)
class Films:
    """The films, the expert and the histories that all measurements share."""

    found: Interactions
    histories: Histories
    catalogue: Catalogue
    expert: Expert


def exposure(films: Films, users: Ints, seed: int) -> list[dict[str, Any]]:
    """The share of all places that new films get, for several quotas.

    A tenth of the films, at random, is made new: nobody has watched them, genres alone are known.
    """
    n = len(films.catalogue)
    new = np.random.default_rng(seed).random(n) < 0.1
    viewers = np.where(new, 0, films.catalogue.user_counts)
    catalogue = replace(films.catalogue, user_counts=viewers, recent_counts=viewers)
    content = films.catalogue.content
    experts: dict[str, Expert] = {"ease-recent": films.expert, "content": Content(content)}
    model = InterestModel(experts, {"ease-recent": 1.0}, content, {}, ~new, {})
    rows = []
    for quota in (0.0, *QUOTAS):
        section = RecommendSection(new_video_quota=quota, rules=("seen", "new-video-quota"))
        maker = Recommender(catalogue, model, section)
        shown = 0
        for user in users.tolist():
            history = _without_new(films.histories.row(user), new)
            shown += int(new[maker.rows(Query(str(user), history, K))].sum())
        share = shown / (K * len(users))
        rows.append({"quota": quota, "share": round(share, 4)})
    return rows


def _without_new(history: History, new: np.ndarray) -> History:
    keep = ~new[history.videos]
    return History(history.videos[keep], history.weights[keep], history.times[keep])


def counterfactuals(films: Films, users: Ints) -> dict[str, int]:
    """Of the first films of every list: how many counterfactuals are shown, and how many hold.

    "Holds" is asked of a recommender that is made anew: without the set the film is off the list,
    and with any one video of the set put back it is on it.
    """
    experts: dict[str, Expert] = {"ease-recent": films.expert}
    model = InterestModel(experts, {"ease-recent": 1.0}, films.catalogue.content)
    maker = Recommender(films.catalogue, model, RecommendSection())
    judge = Recommender(films.catalogue, model, RecommendSection())
    counts = {"asked": 0, "shown": 0, "holds": 0, "nothing_to_spare": 0, "own_videos": 0}
    for user in users.tolist():
        query = Query(str(user), films.histories.row(user), K)
        for video in maker.rows(query)[:3].tolist():
            counts["asked"] += 1
            found = counterfactual(maker.rows, films.catalogue, model, query, video)
            if not found.videos:
                continue
            gone = films.catalogue.rows_of(name for name, _ in found.videos).tolist()
            counts["shown"] += 1
            counts["own_videos"] += len(gone)
            counts["holds"] += video not in judge.rows(without(query, gone))
            rests = ([row for row in gone if row != back] for back in gone)
            counts["nothing_to_spare"] += all(
                video in judge.rows(without(query, rest)) for rest in rests
            )
    return counts
