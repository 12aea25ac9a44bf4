"""Engine.map: runs per-item work in this process, in worker processes or on a Ray cluster."""

from vireo.engine.base import Context, Engine, EngineSection, Outcome
from vireo.engine.progress import LogProgress, NullProgress, Progress
from vireo.registry import Registry

ENGINES = Registry(
    "engines",
    {
        "serial": "vireo.engine.serial:Serial",
        "processes": "vireo.engine.processes:Processes",
        "ray": "vireo.engine.ray:Ray",
    },
)

__all__ = [
    "ENGINES",
    "Context",
    "Engine",
    "EngineSection",
    "LogProgress",
    "NullProgress",
    "Outcome",
    "Progress",
]
