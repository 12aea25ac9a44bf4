"""Saved reports: report.html, report.md, report.json, and values.parquet for comparisons."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from vireo.evaluation.page.markdown import markdown
from vireo.evaluation.report import Report

JSON, VALUES = "report.json", "values.parquet"
GROUP, WEIGHT, BETWEEN = "#user", "#weight", "\x1f"
"""Columns of the sample, and what stands between system and metric in the others' names."""


def save_under(reports: Path, report: Report) -> Path:
    """Save a report in a new folder below `reports`, named by time and protocol."""
    protocol = report.protocol["split"]["protocol"]
    folder = reports / f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{protocol}"
    save(report, folder)
    return folder


def save(report: Report, directory: Path) -> None:
    """Write report.html, report.md, report.json and values.parquet. No file names a user."""
    # matplotlib and jinja2 load here: services and comparisons import this module without them
    from vireo.evaluation.page.html import page

    directory.mkdir(parents=True, exist_ok=True)
    document = json.dumps(report.as_json(), indent=1, sort_keys=True, ensure_ascii=False)
    (directory / JSON).write_text(document + "\n", encoding="utf-8")
    (directory / "report.md").write_text(markdown(report), encoding="utf-8")
    (directory / "report.html").write_text(page(report), encoding="utf-8")
    columns = {
        f"{system}{BETWEEN}{metric}": column.astype(np.float32)
        for system, own in report.values.items()
        for metric, column in own.items()
    }
    sample = {GROUP: report.sample.groups.astype(np.int64), WEIGHT: report.sample.weights}
    pl.DataFrame({**sample, **columns}).write_parquet(directory / VALUES)
