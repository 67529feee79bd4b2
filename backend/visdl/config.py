"""Settings from environment variables VISDL_… or a file `.env` beside the README.

docs/settings.md lists them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[2]
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="VISDL_", env_file=ROOT / ".env", extra="ignore")

    host: str = Field(
        default="127.0.0.1",
        description="Address to listen on; any other than loopback needs a token",
    )
    port: int = Field(default=8000, ge=1, le=65535, description="Port of the API")
    data_dir: Path = Field(default=ROOT / "data", description="Folder of everything that is stored")
    nodes_dir: Path | None = Field(default=None, description="Folder of custom node files")
    node_file_seconds: float = Field(
        default=20, ge=1, le=3600, description="Time in which a custom node file must be imported"
    )
    node_file_mb: int = Field(
        default=4096, ge=64, description="Memory that the import of a custom node file may need"
    )
    token: str | None = Field(
        default=None,
        min_length=8,
        pattern="^[!-~]+$",
        description="Secret that every request must send",
    )
    allowed_hosts: Annotated[list[str], NoDecode] = Field(
        default_factory=list,
        description="Comma list of names, besides loopback's, that a browser may use",
    )
    session_days: float = Field(
        default=7, gt=0, le=365, description="Days after which a browser must sign in again"
    )
    max_upload_mb: int = Field(
        default=500, ge=1, description="Largest file that can be uploaded, in MB"
    )
    max_body_mb: int = Field(default=5, ge=1, description="Largest JSON body, in MB")
    max_body_objects: int = Field(
        default=120_000, ge=1000, description="Most objects and lists in a JSON body"
    )
    max_connections: int = Field(
        default=2000, ge=10, description="Most connections of clients at a time"
    )
    stall_seconds: float = Field(
        default=30, gt=0, description="How long the body of a request may stop arriving"
    )
    max_nodes: int = Field(default=2000, ge=1, description="Most nodes in a graph")
    max_edges: int = Field(default=10_000, ge=1, description="Most wires in a graph")
    max_expanded_nodes: int = Field(
        default=10_000,
        ge=1,
        description="Most nodes, and most blocks, in a graph whose blocks are expanded",
    )
    max_expanded_edges: int = Field(
        default=100_000,
        ge=1,
        description="Most wires in a graph whose blocks are expanded, with those of ports",
    )
    max_report_mb: int = Field(
        default=32, ge=1, description="Most text of node paths in the check of a graph, in MB"
    )
    max_heavy_nodes: int = Field(
        default=50, ge=1, description="Most data nodes, and most models, in a graph"
    )
    max_study_nodes: int = Field(
        default=200_000, ge=1, description="Most nodes in all variants of a study together"
    )
    max_diagnostics: int = Field(
        default=300, ge=1, description="Most problems that the check of a graph lists"
    )
    check_seconds: float = Field(
        default=1.5,
        gt=0,
        description="CPU time in which the check of a graph infers the shapes of new layers",
    )
    predict_seconds: float = Field(
        default=300, gt=0, le=86_400, description="How long a prediction of a run may take"
    )
    max_columns: int = Field(default=10_000, ge=1, description="Most columns in a table")
    concurrent_runs: int = Field(
        default=1, ge=1, description="Runs that train at once on each device"
    )
    auto_resume: bool = Field(
        default=False,
        description="Resume runs automatically that the end of the server interrupted",
    )
    pause_minutes: float = Field(
        default=10, ge=0, description="How long a paused run keeps its process and its slot"
    )
    hang_seconds: float = Field(
        default=60, ge=5, description="How long a worker process may be silent before it is killed"
    )
    curve_points: int = Field(
        default=1_000_000, ge=1000, description="Most points kept of each curve of a run"
    )
    keep_checkpoint_days: int = Field(
        default=0,
        ge=0,
        le=36_500,
        description="Days after which checkpoints of ended runs are removed; 0: never",
    )
    backups: int = Field(
        default=3, ge=0, le=1000, description="Daily backups of the database that are kept; 0: none"
    )
    threads: int = Field(
        default=0, ge=0, description="CPU threads of a run; 0: as many as it benefits from"
    )
    device: Literal["auto", "cpu", "cuda"] = Field(default="auto", description="Where runs train")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="How much is logged"
    )

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            [item.strip() for item in value.split(",") if item.strip()]
            if isinstance(value, str)
            else value
        )

    @field_validator("data_dir", "nodes_dir")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return value.expanduser().resolve() if value else value

    @model_validator(mode="after")
    def _guarded(self) -> Settings:
        if self.host not in LOOPBACK and not (self.token and self.allowed_hosts):
            raise ValueError(
                f"VISDL_HOST={self.host} can be reached from other machines: set VISDL_TOKEN "
                "(8 characters or more) and VISDL_ALLOWED_HOSTS too, or use an SSH tunnel to "
                "127.0.0.1"
            )
        return self
