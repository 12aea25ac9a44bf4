"""Config: defaults, one dial, TOML that reads back, errors that name the key."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from vireo.config import Config, as_toml
from vireo.config.renamed import PARTS, SETTINGS, without_renamed
from vireo.errors import ConfigError


def test_the_commented_file_reads_back_as_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "vireo.toml"
    path.write_text(as_toml(), encoding="utf-8")
    assert Config.load(path) == Config()


def test_changed_settings_survive_the_file(tmp_path: Path) -> None:
    weights = {"finished": 2.5, "a b": -1.0}
    config = Config.of(
        {"seed": 7, "behavior": {"weights": weights}, "interest": {"ease": {"regularization": 9}}}
    )
    path = tmp_path / "vireo.toml"
    path.write_text(as_toml(config), encoding="utf-8")
    read = Config.load(path)
    assert read == config
    assert read.behavior.weights == weights


def test_every_setting_is_explained() -> None:
    lines = as_toml().splitlines()
    for before, line in itertools.pairwise(lines):
        if line.startswith("# ") and " = " in line and line[2].islower():
            assert before.startswith("# "), f"no meaning above: {line}"


def test_the_dial_turns_every_section_that_has_a_size() -> None:
    config = Config.of({"size": "large", "pretraining": {"size": "small"}})
    assert config.video.size == "large"
    assert config.pretraining.size == "small"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"intrest": {}}, "Did you mean 'interest'"),
        ({"interest": {"ease": {"regularizaton": 1}}}, "Did you mean 'regularization'"),
        ({"video": {"frames": "many"}}, "video.frames"),
        ({"seed": None}, "seed"),
        ({"size": "huge"}, "size"),
    ],
)
def test_a_wrong_key_or_value_is_named(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Config.of(settings)


def test_broken_toml_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "vireo.toml"
    path.write_bytes(b"seed = \xff\n")
    with pytest.raises(ConfigError, match=r"vireo\.toml"):
        Config.load(path)


def test_dotted_settings() -> None:
    config = Config().with_settings({"interest.ease.regularization": "300", "video.encoder": "hub"})
    assert config.interest.ease.regularization == 300
    assert config.video.encoder == "hub"


def test_no_present_setting_or_part_is_answered_as_renamed() -> None:
    settings = Config().model_dump(mode="json")
    assert without_renamed(settings) == settings
    for names in (*SETTINGS.values(), *PARTS.values()):
        assert all(old != new for old, new in names.items())
