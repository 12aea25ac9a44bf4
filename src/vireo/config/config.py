"""Config: all settings of a workspace, one typed section per package."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError, model_validator

from vireo.behavior.base import BehaviorSection
from vireo.config.renamed import without_renamed
from vireo.config.server import ServerSection
from vireo.data.base import DataSection
from vireo.engine.base import EngineSection
from vireo.errors import ConfigError
from vireo.interest.base import InterestSection
from vireo.language.base import LanguageSection
from vireo.pretraining.base import PretrainingSection
from vireo.privacy.base import PrivacySection
from vireo.recommend.base import RecommendSection
from vireo.settings import Section, Size
from vireo.store.base import StoreSection
from vireo.understanding.base import UnderstandingSection
from vireo.video.base import VideoSection


class Config(Section):
    """All settings of a workspace. `size` sets cost and quality of all packages at once."""

    seed: int = 0
    """The same seed and the same files give the same bytes on a CPU."""
    size: Size = "small"
    """Cost and quality: the default `size` of every section that has one."""
    data: DataSection = DataSection()
    video: VideoSection = VideoSection()
    behavior: BehaviorSection = BehaviorSection()
    pretraining: PretrainingSection = PretrainingSection()
    understanding: UnderstandingSection = UnderstandingSection()
    interest: InterestSection = InterestSection()
    recommend: RecommendSection = RecommendSection()
    language: LanguageSection = LanguageSection()
    engine: EngineSection = EngineSection()
    store: StoreSection = StoreSection()
    server: ServerSection = ServerSection()
    privacy: PrivacySection = PrivacySection()

    @model_validator(mode="before")
    @classmethod
    def _default_sizes(cls, raw: Any) -> Any:
        if not isinstance(raw, Mapping) or "size" not in raw:
            return raw
        raw = dict(raw)
        for name, field in cls.model_fields.items():
            section = field.default
            sized = isinstance(section, Section) and "size" in type(section).model_fields
            if sized and isinstance(raw.get(name, {}), Mapping):
                raw[name] = {"size": raw["size"], **raw.get(name, {})}
        return raw

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Config:
        """A Config from nested settings; raises ConfigError that names the key."""
        settings = without_renamed(settings)
        try:
            return cls.model_validate(settings)
        except ValidationError as error:
            raise _explained(error) from None

    @classmethod
    def load(cls, path: Path) -> Config:
        """A Config from a TOML file; a missing file gives the defaults."""
        if not path.exists():
            return cls()
        try:
            settings = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} is not valid TOML: {error}", "Correct that line.") from None
        return cls.of(settings)

    def with_settings(self, settings: Mapping[str, str]) -> Config:
        """A copy with dotted keys changed, e.g. `{"interest.ease.regularization": "300"}`."""
        nested = self.model_dump(exclude_unset=True)
        for dotted, text in settings.items():
            _put(nested, dotted.split("."), _literal(text))
        return Config.of(nested)


def _put(nested: dict[str, Any], keys: list[str], value: Any) -> None:
    for key in keys[:-1]:
        nested = nested.setdefault(key, {})
    nested[keys[-1]] = value


def _literal(text: str) -> Any:
    """The TOML value that the text spells, or the text itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _explained(error: ValidationError) -> ConfigError:
    first = error.errors()[0]
    keys = [str(key) for key in first["loc"]]
    place = ".".join(keys)
    if first["type"] != "extra_forbidden":
        return ConfigError(
            f"The setting '{place}' cannot be {first.get('input')!r}: {first['msg']}.",
            "Mend it in vireo.toml.",
        )
    known = list(_fields_at(keys[:-1]))
    near = get_close_matches(keys[-1], known, n=1)
    meant = f" Did you mean '{near[0]}'?" if near else ""
    return ConfigError(f"There is no setting '{place}'.{meant}", f"Known: {', '.join(known)}.")


def _fields_at(keys: list[str]) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = Config.model_fields
    inside: Any = None
    for key in keys:
        # Of a table of sections, the key is the name of one.
        inside = fields[key].annotation if inside is None else get_args(inside)[1]
        if isinstance(inside, type) and issubclass(inside, Section):
            fields, inside = inside.model_fields, None
    return fields


def as_toml(config: Config | None = None) -> str:
    """The commented vireo.toml: every setting with its meaning, defaults commented out."""
    config = config or Config()
    lines = ["# Settings of this Vireo workspace. Lines that begin with # show the defaults.", ""]
    lines += _lines(config, "")
    return "\n".join(lines) + "\n"


def _lines(section: Section, prefix: str) -> list[str]:
    plain, nested = [], []
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, Section):
            title = f"{prefix}{name}"
            about = (type(value).__doc__ or "").split(": ", 1)[-1]
            nested += ["", f"# {about}", f"[{title}]", *_lines(value, f"{title}.")]
            continue
        mark = "" if name in section.model_fields_set else "# "
        plain += [f"# {line}" for line in (field.description or "").splitlines()]
        plain.append(f"{mark}{name} = {_toml(value)}")
    return plain + nested


def _toml(value: Any) -> str:
    if isinstance(value, Section):
        return _toml(value.model_dump(exclude_unset=True))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_toml(k)} = {_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(entry) for entry in value) + "]"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
