"""Lists' other goals, on MovieLens-1M: new films' exposure, counterfactuals, sentences."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bench.base import Interactions
from vireo.arrays import Doubles, Floats, Ints, unit_rows
from vireo.behavior.base import Histories, History
from vireo.evaluation.bootstrap import interval, resampled_means
from vireo.interest.base import Expert, InterestModel
from vireo.interest.content import Content
from vireo.language import LanguageModel
from vireo.recommend.base import Query
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.explain.counterfactual import counterfactual, without
from vireo.recommend.recommender import Recommender
from vireo.recommend.section import RecommendSection

K = 10
QUOTAS = (0.05, 0.1, 0.2)
LIKE_WEIGHTS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0)
_WORDS = 8
"""Topics that a sentence names, at most."""
_TEXT = 240
"""Characters of a film's text that are embedded."""


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
    viewers = np.where(new, 0, films.catalogue.viewers)
    catalogue = replace(films.catalogue, viewers=viewers, recent=viewers)
    content = films.catalogue.content
    experts: dict[str, Expert] = {"ease-recent": films.expert, "content": Content(content)}
    model = InterestModel(experts, {"ease-recent": 1.0}, content, {}, ~new, 0.0)
    rows = []
    for quota in (0.0, *QUOTAS):
        section = RecommendSection(new_share=quota, rules=("seen", "new-videos"))
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


def sentences(
    films: Films, users: Ints, language: LanguageModel, skip: int, seed: int
) -> dict[str, Any]:
    """NDCG@10 for viewers of whom a sentence is all that is known, against two baselines.

    The sentence names the tags of three random films of theirs; all their other films count.
    `skip` users come first, on whom the weight of the sentence is looked at; the others report.
    """
    texts = [f"{item.title}. {item.text}"[:_TEXT] for item in films.found.catalogue]
    raw = language.embed(texts)
    mean = raw.mean(axis=0)
    catalogue = replace(films.catalogue, text=unit_rows(raw - mean))
    random = np.random.default_rng(seed)
    picked = [random.permutation(np.unique(films.histories.row(u).videos))[:3] for u in users]
    asked = [_sentence(films.found, three) for three in picked]
    towards = unit_rows(language.embed(asked) - mean)
    popular = catalogue.viewers.astype(np.float32)
    systems: dict[str, Doubles] = {
        "popularity": _gains(films, users, picked, [popular] * len(users)),
        "text kNN": _gains(films, users, picked, [catalogue.text @ vector for vector in towards]),
    }
    model = InterestModel({}, {}, catalogue.content)
    for weight in LIKE_WEIGHTS:
        section = RecommendSection(like_weight=weight)
        maker = Recommender(catalogue, model, section)
        values = np.zeros(len(users))
        for at, (user, three) in enumerate(zip(users.tolist(), picked, strict=True)):
            query = Query(None, History.empty(), K, asked[at], towards[at])
            listed = maker.rows(replace(query, exclude=frozenset(three.tolist())))
            values[at] = _ndcg(listed, _others(films, user, three))
        systems[f"sentence, like_weight {weight:g}"] = values
    return _compared(systems, skip, seed) | {"example": asked[0]}


def _compared(systems: dict[str, Doubles], skip: int, seed: int) -> dict[str, Any]:
    mixed = [name for name in systems if name.startswith("sentence")]
    best = max(mixed, key=lambda name: systems[name][:skip].mean())
    rows = {name: round(float(values[skip:].mean()), 4) for name, values in systems.items()}
    chosen = systems[best][skip:]
    over = {}
    for other in ("popularity", "text kNN"):
        base = systems[other][skip:]
        draws = resampled_means(np.stack([chosen, base], axis=1), seed)
        low, high = interval(draws[:, 0] / draws[:, 1] - 1)
        change = float(chosen.mean() / base.mean() - 1)
        over[other] = {"change": round(change, 4), "interval": [round(low, 4), round(high, 4)]}
    return {"users": len(chosen), "ndcg@10": rows, "chosen_on_other_users": best, "over": over}


def _sentence(found: Interactions, three: Ints) -> str:
    tags = [list(found.catalogue[row].tags) for row in three.tolist()]
    mixed = [own[place] for place in range(_WORDS) for own in tags if place < len(own)]
    return "Films about " + ", ".join(list(dict.fromkeys(mixed))[:_WORDS])


def _others(films: Films, user: int, three: Ints) -> Ints:
    return np.setdiff1d(films.histories.row(user).videos, three)


def _gains(films: Films, users: Ints, picked: list[Ints], scores: list[Floats]) -> Doubles:
    """NDCG@10 of the films with the highest scores, the three left out. (u,)"""
    values = np.zeros(len(users))
    for at, (user, three) in enumerate(zip(users.tolist(), picked, strict=True)):
        own = scores[at].copy()
        own[three] = -np.inf
        listed = np.argsort(-own, kind="stable")[:K]
        values[at] = _ndcg(listed, _others(films, user, three))
    return values


def _ndcg(listed: Ints, wanted: Ints) -> float:
    discounts = 1.0 / np.log2(np.arange(2, K + 2))
    ideal = discounts[: len(wanted)].sum()
    hits = np.isin(listed, wanted)
    return float(discounts[: len(listed)][hits].sum() / ideal) if ideal else 0.0
