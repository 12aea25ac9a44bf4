"""Mapping of a file's columns to ours: aliases, and `--columns THEIRS=OURS`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import polars as pl

from vireo.data.readers.rows import Rows
from vireo.errors import InputError

# The first alias that a table has wins; case, blanks, hyphens and underscores do not matter.
VIDEO_ALIASES: dict[str, str] = {
    "video_id": "videoid video itemid item movieid clipid contentid mediaid id vid asin",
    "title": "title name videotitle videoname movietitle",
    "description": "description desc overview plot summary synopsis caption",
    "tags": "tags tag keywords hashtags labels topics genres",
    "category": "category categories genre section",
    "creator": "creator channel author uploader director artist speaker mainspeaker channeltitle"
    " channelname authorid",
    "language": "language lang",
    "published_at": "publishedat published publishdate publisheddate uploaddate uploadedat uploaddt"
    " releasedate releasedat createdat datetime date timestamp time ts year",
    "duration": "duration durationseconds durations videoduration length lengthseconds"
    " runtimeseconds",
    "duration_ms": "durationms lengthms",
    "transcript": "transcript dialogue dialog text speech",
    "path": "path file filename filepath videopath videofile url uri link",
    "subtitles": "subtitles subtitle captions srt vtt subtitlepath subtitlesfile",
    "age_rating": "agerating agelimit minage contentrating parentalrating certificate fsk pegi",
    "regions": "regions availableregions allowedregions territories",
    "access": "access accessgroups allowedgroups acl visibleto",
    "available_from": "availablefrom validfrom windowstart",
    "available_until": "availableuntil availableto validuntil expires expiresat windowend",
    "series": "series seriesname seriesid",
    "episode": "episode episodenumber lessonnumber",
    "needs": "needs prerequisites prerequisite requires",
    "level": "level difficulty",
    "schedule": "schedule liveschedule airtimes",
    "participants": "participants attendees guests speakers",
}
VIEWER_ALIASES: dict[str, str] = {
    "user_id": "userid user viewerid viewer memberid customerid accountid username uid id",
    "age": "age years",
    "born": "born birthdate dateofbirth birthday birthyear yearofbirth",
    "region": "region country territory",
    "languages": "languages language lang locale",
    "groups": "groups group access accessgroups teams team roles role departments department",
}
EVENT_ALIASES: dict[str, str] = {
    "user_id": "userid user viewerid viewer memberid customerid accountid username uid",
    "video_id": "videoid video itemid item movieid clipid contentid mediaid vid asin",
    "title": "title videotitle videoname movietitle name",
    "event": "event eventtype action actiontype type behavior behaviour interaction",
    "timestamp": "timestamp timestampms timems datetime time ts date createdat eventtime"
    " watchedat unixtime",
    "value": "value rating score stars",
    "watch_seconds": "watchseconds watchtime watched playtime dwelltime secondswatched",
    "watch_ms": "watchms watchtimems playtimems watchedms",
    "text": "text comment commenttext body review message",
    "session_id": "sessionid session",
}


@dataclass(frozen=True)
class Layout:
    """Columns of one table that are used, and those that are not."""

    used: dict[str, str]
    """Our column -> column of the file."""
    not_used: tuple[str, ...]


def plain(name: str) -> str:
    """Normalized name: `Video ID`, `videoId` and `video_id` are equal."""
    return "".join(character for character in name.casefold() if character.isalnum())


def lay_out(rows: Rows, aliases: Mapping[str, str], mapping: Mapping[str, str]) -> Layout:
    """The layout of a table. `mapping` (theirs -> ours) goes before the aliases."""
    used = {
        ours: theirs for theirs, ours in mapping.items() if theirs in rows.names and ours in aliases
    }
    by_plain: dict[str, str] = {}
    for name in rows.names:
        if name not in used.values():
            by_plain.setdefault(plain(name), name)
    for ours, known in aliases.items():
        found = [by_plain[alias] for alias in known.split() if alias in by_plain]
        if ours not in used and found:
            used[ours] = found[0]
    not_used = tuple(name for name in rows.names if name not in used.values())
    return Layout(used, not_used)


def check_mapping(mapping: Mapping[str, str], tables: Sequence[Rows]) -> None:
    """Raises InputError for a `theirs` that no table has, or an `ours` that no table knows."""
    found = [name for rows in tables for name in rows.names]
    known = list(dict.fromkeys([*VIDEO_ALIASES, *EVENT_ALIASES, *VIEWER_ALIASES]))
    for theirs, ours in mapping.items():
        _check_known(theirs, found, f"No table has the column '{theirs}'", "Columns found")
        _check_known(ours, known, f"'{theirs}={ours}': there is no column '{ours}'", "Known")


def _check_known(name: str, names: Sequence[str], what: str, label: str) -> None:
    if name in names:
        return
    near = get_close_matches(name, names, n=1)
    meant = f" Did you mean '{near[0]}'?" if near else ""
    raise InputError(f"{what}.{meant}", f"{label}: {', '.join(names) or 'none'}.")


def require(layout: Layout, rows: Rows, what: str, *either: tuple[str, ...]) -> None:
    """Raises InputError unless the table has one column of each tuple in `either`."""
    for names in either:
        if any(name in layout.used for name in names):
            continue
        needed = " or ".join(f"`{name}`" for name in names)
        raise InputError(
            f"{rows.source} has no column {needed}, which a table of {what} needs."
            f" Columns found: {', '.join(rows.names) or 'none'}.",
            f"Say which one it is: `--columns THEIRS={names[0]}`.",
        )


def column(rows: Rows, layout: Layout, ours: str) -> pl.Expr:
    """One of our columns as raw text; all null where the table has none."""
    theirs = layout.used.get(ours)
    return pl.lit(None, pl.String) if theirs is None else pl.col(theirs)
