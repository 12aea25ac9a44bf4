"""Synonyms of event types: click, play and watch are views."""

from __future__ import annotations

import re

import polars as pl

SYNONYMS: dict[str, str] = {
    "view": "views viewed click clicks clicked watch watches watched watching play plays played"
    " start started open opened stream streamed complete completed finish finished",
    "like": "likes liked heart hearts favourite favorite favourited favorited fav love loved"
    " upvote thumbs_up thumbsup",
    "dislike": "dislikes disliked hate hated downvote thumbs_down thumbsdown not_interested",
    "comment": "comments commented reply replied",
    "share": "shares shared forward forwarded repost reposted retweet retweeted",
    "save": "saves saved bookmark bookmarked collect collected watch_later",
    "follow": "follows followed subscribe subscribed subscription",
    "skip": "skips skipped",
    "rating": "ratings rate rated stars",
    "impression": "impressions impressed show shown expose exposed exposure",
}
_KNOWN = {synonym: word for word, synonyms in SYNONYMS.items() for synonym in synonyms.split()}


def event_word(text: str) -> str:
    """The event type of one word, as `event_words`."""
    lower = text.lower()
    return _KNOWN.get(re.sub(r"[\s-]+", "_", lower), lower)


def event_words(column: pl.Expr) -> pl.Expr:
    """Event types of a column; unknown words stay, in lower case."""
    lower = column.str.to_lowercase()
    joined = lower.str.replace_all(r"[\s-]+", "_")
    return joined.replace_strict(
        list(_KNOWN), list(_KNOWN.values()), default=lower, return_dtype=pl.String
    )
