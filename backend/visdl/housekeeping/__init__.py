"""The data folder: what is in it, how large it is, and its clean-up."""

from __future__ import annotations

from visdl.housekeeping.daily_backup import DailyBackup
from visdl.housekeeping.retention import Retention
from visdl.housekeeping.service import Storage

__all__ = ["DailyBackup", "Retention", "Storage"]
