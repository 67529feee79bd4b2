"""The schema of the database, one step per version. A step that is released never changes."""

from __future__ import annotations

MIGRATIONS = [
    """
    CREATE TABLE flags (key TEXT PRIMARY KEY) WITHOUT ROWID;

    CREATE TABLE datasets (id TEXT PRIMARY KEY, name TEXT NOT NULL, created REAL NOT NULL,
        record TEXT NOT NULL);
    CREATE INDEX datasets_by_name ON datasets (name, created);

    CREATE TABLE graphs (
        id TEXT PRIMARY KEY, version INTEGER NOT NULL, name TEXT NOT NULL, nodes INTEGER NOT NULL,
        created REAL NOT NULL, updated REAL NOT NULL, draft TEXT,
            revision INTEGER NOT NULL DEFAULT 1
    );
    CREATE TABLE graph_versions (
        graph TEXT NOT NULL REFERENCES graphs ON DELETE CASCADE, version INTEGER NOT NULL,
            name TEXT NOT NULL,
        created REAL NOT NULL, document TEXT NOT NULL, PRIMARY KEY (graph, version)
    );

    CREATE TABLE runs (
        number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL,
        created REAL NOT NULL, seq INTEGER NOT NULL DEFAULT 0, search TEXT NOT NULL,
            record TEXT NOT NULL,
        graph TEXT NOT NULL
    );
    CREATE INDEX runs_by_state ON runs (state, created);
    CREATE INDEX runs_by_time ON runs (created);
    CREATE TABLE run_datasets (
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, dataset TEXT NOT NULL,
            PRIMARY KEY (run, dataset)
    ) WITHOUT ROWID;
    CREATE INDEX runs_by_dataset ON run_datasets (dataset);

    CREATE TABLE events (
        cursor INTEGER PRIMARY KEY AUTOINCREMENT,
            run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        seq INTEGER NOT NULL, time REAL NOT NULL, body TEXT NOT NULL, UNIQUE (run, seq)
    );
    CREATE TABLE points (
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, key TEXT NOT NULL,
            seq INTEGER NOT NULL,
        body BLOB NOT NULL, UNIQUE (run, key, seq)
    );
    CREATE INDEX points_by_seq ON points (run, seq);
    """,
    """
    CREATE TABLE blocks (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, created REAL NOT NULL, block TEXT NOT NULL,
            blocks TEXT NOT NULL
    );
    """,
    """
    ALTER TABLE runs ADD COLUMN rank REAL NOT NULL DEFAULT 0;
    ALTER TABLE runs ADD COLUMN starred INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE runs ADD COLUMN graph_id TEXT;
    UPDATE runs SET graph_id = json_extract(record, '$.graph_id') WHERE json_valid(record);
    CREATE INDEX runs_by_graph ON runs (graph_id, created);
    CREATE TABLE run_tags (
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, tag TEXT NOT NULL,
            PRIMARY KEY (run, tag)
    ) WITHOUT ROWID;
    CREATE INDEX runs_by_tag ON run_tags (tag);
    INSERT OR IGNORE INTO run_tags SELECT runs.number, tags.value FROM runs,
        json_each(iif(json_valid(runs.record), runs.record, '{}'), '$.tags') AS tags;
    """,
    """
    CREATE INDEX events_told ON events (run, seq)  -- words: ok
        WHERE json_extract(body, '$.type') NOT IN ('progress', 'metrics');
    """,
    # what lists are filtered and sorted by, in one index: rows are long, for they hold the graph
    """
    ALTER TABLE runs ADD COLUMN name TEXT NOT NULL DEFAULT '';
    ALTER TABLE runs ADD COLUMN graph_name TEXT NOT NULL DEFAULT '';
    ALTER TABLE runs ADD COLUMN seed INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE runs ADD COLUMN parameters INTEGER;
    ALTER TABLE runs ADD COLUMN duration REAL;
    ALTER TABLE runs ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
    UPDATE runs SET
        name = json_extract(record, '$.name'), graph_name = json_extract(record, '$.graph_name'),
        seed = json_extract(record, '$.seed'), parameters = json_extract(record, '$.parameters'),
        duration = json_extract(record, '$.duration'), epoch = coalesce(json_extract(record,
            '$.progress.epoch'), 0) WHERE json_valid(record);
    CREATE INDEX runs_listed ON runs (
        number, id, state, starred, graph_id, graph_name, name, seed, parameters, duration,
            epoch, search
    );
    CREATE TABLE run_metrics (
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, key TEXT NOT NULL, last REAL,
            PRIMARY KEY (run, key)
    ) WITHOUT ROWID;
    INSERT INTO run_metrics SELECT runs.number, metric.key, json_extract(metric.value, '$.last')
        FROM runs, json_each(iif(json_valid(runs.record), runs.record, '{}'), '$.metrics')
        AS metric;
    """,
    """
    ALTER TABLE graph_versions ADD COLUMN label TEXT NOT NULL DEFAULT '';
    ALTER TABLE graphs ADD COLUMN deleted REAL;
    """,
    """
    CREATE TABLE studies (
        id TEXT PRIMARY KEY, state TEXT NOT NULL, created REAL NOT NULL, record TEXT NOT NULL,
            graph TEXT NOT NULL
    );
    CREATE INDEX studies_by_state ON studies (state, created);
    CREATE TABLE study_runs (
        study TEXT NOT NULL REFERENCES studies ON DELETE CASCADE, variant TEXT NOT NULL,
            seed INTEGER NOT NULL,
        run TEXT NOT NULL, fingerprint TEXT NOT NULL, reused INTEGER NOT NULL,
            PRIMARY KEY (study, variant, seed)
    ) WITHOUT ROWID;
    CREATE INDEX study_runs_by_run ON study_runs (run);
    CREATE INDEX study_runs_by_fingerprint ON study_runs (fingerprint);
    """,
    # diagnostics of variants were called problems; batch and recovery of runs were not nested
    """
    UPDATE studies SET record = json_set(record, '$.variants', (
        SELECT json_group_array(json_remove(json_set(
            variant.value, '$.diagnostics',
            json(coalesce(json_extract(variant.value, '$.problems'), '[]'))
        ), '$.problems'))
        FROM json_each(studies.record, '$.variants') AS variant
    )) WHERE json_valid(record);
    UPDATE runs SET record = json_remove(json_set(record,
        '$.batch', json(CASE
            WHEN json_extract(record, '$.stack') IS NULL
                AND json_extract(record, '$.speedup') IS NULL THEN 'null'
            ELSE json_object('id', json_extract(record, '$.stack'),
                'size', coalesce(json_extract(record, '$.stack_size'), 1),
                'speedup', json_extract(record, '$.speedup')) END),
        '$.recovery', json_object(
            'released', json(iif(json_extract(record, '$.released'), 'true', 'false')),
            'resuming', json(iif(json_extract(record, '$.resuming'), 'true', 'false')),
            'requeued_at', json_extract(record, '$.revived_at'),
            'requeues', coalesce(json_extract(record, '$.revivals'), 0)),
        '$.downsampled', json(iif(json_extract(record, '$.thinned'), 'true', 'false')) -- words: ok
    ), '$.stack', '$.stack_size', '$.speedup', '$.released', '$.resuming', '$.revived_at',
        '$.revivals', '$.thinned') WHERE json_valid(record);  -- words: ok
    """,
]
