"""Study planning, one straight pipeline: resolve → expand → check → price.

| Step | Module | From → to |
|---|---|---|
| resolve | `resolve` | plan and graph → `ResolvedStudy` (baseline, metrics, direction) |
| expand | `expand` | `ResolvedStudy` → candidates: each variant with its graph |
| check | `check` | candidates → `PlannedStudy` (validated variants, replacement offers) |
| price | `price` | `PlannedStudy` → `Price` (runs, reused runs, seconds) |

`pipeline.StudyPlanner` runs the steps. A step imports only what comes before it.
"""
