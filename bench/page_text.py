"""What the page says in words: protocols, figures, and how a table is to be read."""

from __future__ import annotations

from collections.abc import Mapping

TITLES: Mapping[str, str] = {
    "ml-1m--leave-one-out": "MovieLens-1M, leave-one-out",
    "ml-1m-2999--leave-one-out": "MovieLens-1M, users 1 to 2999, leave-one-out with times",
    "ml-1m--time": "MovieLens-1M, users 1 to 2999, global time split",
    "ml-1m--cold-items": "MovieLens-1M, new items",
    "amazon-beauty--leave-one-out": "Amazon Beauty (5-core), leave-one-out",
    "kuairand--time": "KuaiRand-Pure, long views, global time split",
    "twitch-follows--random": "Twitch follows, random hold-out",
    "ted--related": "TED, talks like this one",
}
"""The headings, in the order of the page."""

PROTOCOLS: Mapping[str, str] = {
    "leave-one-out": (
        "The last item of every user is hidden; systems learn from all that came before, of all "
        "users. The order is the shipped one, so equal times change nothing. Where the times are "
        "the original ones, systems get the time of the request: the hidden item's time."
    ),
    "time": (
        "All that happened after one moment is hidden, of all users: 80% of the rows lie before "
        "it. Ranked for users with a history and new items afterwards; that moment is "
        "the time of all requests."
    ),
    "random": "A fifth of every user's items, at random (seed 0), is hidden.",
    "cold-items": (
        "A fifth of the items, at random (seed 0), leaves the training wholly. Of every user the "
        "last warm and the last cold item are hidden. `warm`, `cold` and `mixed` are measured on "
        "the same lists of all candidates, `within cold` on lists of cold items alone, and `cold "
        "share` is the part of the first ten places that cold items hold. A constant added to all "
        "cold scores raises `cold`, lowers `warm`, raises `cold share` and leaves `within cold` as "
        "it was; † marks rows in which cold items hold more than twice their part of the catalogue."
    ),
    "related": (
        "For every talk, the talks most like it, by text and dialogue alone; labels are the talks "
        "that the site showed beside it. Recall is the share of the labels among the first six, "
        "where more than six labels count as six."
    ),
}

INTRODUCTION = """# Benchmarks

<!-- Written by `python -m bench table` from bench/results/*.json. Do not edit. -->

Vireo and other people's recommenders on the same split files, each in a process of its own, judged
by one evaluator. Rankings are of the whole catalogue with the seen masked; never of sampled
candidates. A system gets a copy of the split without the hidden rows, and the codes of the users to
rank for. Lists that are too short, repeat an item, hold a seen one or belong to other users are
refused. Rows without ranked lists cannot enter this page.

In brackets: 95% intervals, bootstrap over users. **Bold**: the best figure of a column; a row whose
interval overlaps another's is not thereby shown to differ. Training seconds and memory are those of
the whole process tree on the machine named; `load` is the machine's load average when the run
began, and times of runs beside other work are longer than they need be. Lists per second counts the
top-100 lists of all test users after training.

Run it: `make bench` (all of it takes long; what has its row is skipped), or one command from the
tables. The data are read from `--data DIR` and never copied into the repository. A row's command
needs the environment of its system (`bench/peers/*.txt`).
"""

NOTHING = "\nNo results yet: type `make bench`.\n"
