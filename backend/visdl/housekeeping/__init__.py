"""What lies in the data folder: measured, cleaned, and kept no longer than it is wanted."""

from __future__ import annotations

from visdl.housekeeping.retention import Retention
from visdl.housekeeping.service import Storage

__all__ = ["Retention", "Storage"]
