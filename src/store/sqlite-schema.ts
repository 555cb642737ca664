import type { DatabaseSync } from 'node:sqlite'
import { num } from './sqlite-row.ts'
import { StoreError } from './store.ts'

/** Numbers of rows in one integer key: time above, account below, or the other way round. All stay under 2^53. */
export const REFS = 2 ** 32
export const DAYS = 2 ** 16
export const HOUR_MS = 3_600_000
export const DAY_MS = 86_400_000

const SUMS = `
  checks INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  answered INTEGER NOT NULL,
  duration_sum_ms INTEGER NOT NULL,
  duration_max_ms INTEGER NOT NULL,
  worst INTEGER NOT NULL,
  observed_ms INTEGER NOT NULL,
  downtime_ms INTEGER NOT NULL`

/** Migration n brings the file from version n to n+1. A released migration never changes. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

  -- ref: the account's number in packed samples. account: what discovery found last, JSON.
  CREATE TABLE accounts (ref INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, account TEXT);

  -- Health as of batch seq; later samples are replayed onto it.
  CREATE TABLE ledgers (
    ref INTEGER PRIMARY KEY REFERENCES accounts (ref),
    seq INTEGER NOT NULL,
    health TEXT NOT NULL
  );

  -- One row per batch with all its samples, until they are folded into hours.
  CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    from_ms INTEGER NOT NULL,
    to_ms INTEGER NOT NULL,
    samples BLOB NOT NULL
  );

  -- id: hours since 1970 * 2^32 + ref, so that writing appends and expiry frees whole pages.
  -- through_seq: the last batch whose samples are folded in.
  CREATE TABLE hours (id INTEGER PRIMARY KEY, through_seq INTEGER NOT NULL, ${SUMS}, samples BLOB NOT NULL);

  -- id: ref * 2^16 + days since 1970, so that two years of one account lie together.
  CREATE TABLE days (id INTEGER PRIMARY KEY, ${SUMS});

  CREATE TABLE incidents (
    id TEXT PRIMARY KEY,
    key TEXT NOT NULL,
    account TEXT NOT NULL,
    gateway TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    detected_ms INTEGER NOT NULL,
    end_ms INTEGER,
    cause TEXT NOT NULL,
    state TEXT NOT NULL,
    downtime_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    resolution TEXT
  ) WITHOUT ROWID;
  CREATE INDEX incidents_by_start ON incidents (start_ms, id);
  CREATE INDEX incidents_by_key ON incidents (key, start_ms, id);
  CREATE INDEX incidents_open ON incidents (start_ms, id) WHERE end_ms IS NULL;

  CREATE TABLE recoveries (
    id TEXT PRIMARY KEY,
    key TEXT NOT NULL,
    account TEXT NOT NULL,
    gateway TEXT NOT NULL,
    incident_id TEXT,
    attempt INTEGER NOT NULL,
    by TEXT NOT NULL,
    reason TEXT,
    requested_ms INTEGER NOT NULL,
    accepted_ms INTEGER,
    end_ms INTEGER,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX recoveries_by_time ON recoveries (requested_ms, id);
  CREATE INDEX recoveries_by_key ON recoveries (key, requested_ms, id);
  CREATE INDEX recoveries_by_incident ON recoveries (incident_id, requested_ms, id);
  CREATE INDEX recoveries_pending ON recoveries (requested_ms) WHERE outcome = 'pending';

  CREATE TABLE transitions (
    ref INTEGER NOT NULL REFERENCES accounts (ref),
    at_ms INTEGER NOT NULL,
    from_state TEXT NOT NULL,
    to_state TEXT NOT NULL,
    from_status TEXT NOT NULL,
    to_status TEXT NOT NULL,
    reason TEXT,
    native TEXT NOT NULL,
    PRIMARY KEY (ref, at_ms)
  ) WITHOUT ROWID;
  CREATE INDEX transitions_by_time ON transitions (at_ms);
  `,
  `
  CREATE TABLE notifications (
    id TEXT PRIMARY KEY,
    receiver TEXT NOT NULL,
    group_key TEXT NOT NULL,
    group_labels TEXT NOT NULL,
    group_size INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    alertname TEXT NOT NULL,
    severity TEXT NOT NULL,
    labels TEXT NOT NULL,
    annotations TEXT NOT NULL,
    gateway TEXT,
    key TEXT,
    status TEXT NOT NULL,
    starts_ms INTEGER NOT NULL,
    fired_ms INTEGER NOT NULL,
    ends_ms INTEGER,
    resolved_ms INTEGER,
    incident_id TEXT,
    latency_ms INTEGER
  ) WITHOUT ROWID;
  CREATE INDEX notifications_by_time ON notifications (fired_ms, id);
  CREATE INDEX notifications_by_receiver ON notifications (receiver, fired_ms, id);
  CREATE INDEX notifications_by_key ON notifications (key, fired_ms, id);
  CREATE INDEX notifications_firing ON notifications (fired_ms, id) WHERE status = 'firing';

  CREATE TABLE text_messages (
    id TEXT PRIMARY KEY,
    receiver TEXT NOT NULL,
    recipient TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    text TEXT NOT NULL,
    status TEXT NOT NULL,
    provider_id TEXT,
    detail TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX text_messages_by_time ON text_messages (at_ms, id);

  -- over_ms: from then on the record is history; null for a plan that goes on.
  CREATE TABLE maintenance (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    over_ms INTEGER,
    record TEXT NOT NULL,
    PRIMARY KEY (kind, id)
  ) WITHOUT ROWID;
  `,
  `
  -- ended_ms: null while it goes on.
  CREATE TABLE subscriptions (
    id TEXT PRIMARY KEY,
    created_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    record TEXT NOT NULL
  ) WITHOUT ROWID;
  `,
  `
  -- since_ms: when an exporter first saw the schedule.
  CREATE TABLE report_schedules (name TEXT PRIMARY KEY, since_ms INTEGER NOT NULL) WITHOUT ROWID;

  -- recipient: '' is the making of the files. attempts: the number of the last claim, which is its token.
  CREATE TABLE report_deliveries (
    schedule TEXT NOT NULL,
    period TEXT NOT NULL,
    recipient TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    due_ms INTEGER NOT NULL,
    not_before_ms INTEGER NOT NULL,
    lease_until_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    told_late INTEGER NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (schedule, period, recipient)
  ) WITHOUT ROWID;
  CREATE INDEX report_deliveries_by_due ON report_deliveries (due_ms);
  `,
]

export const SCHEMA_VERSION = MIGRATIONS.length

/**
 * The schema that the file has; 0 of a new one.
 * @throws StoreError `newer_schema` where a later version of the exporter wrote the file; nothing is changed then.
 */
export function schemaVersion(db: DatabaseSync, path: string): number {
  const found = num(db.prepare('PRAGMA user_version').get() ?? {}, 'user_version')
  if (found <= SCHEMA_VERSION) return found
  throw new StoreError(
    'newer_schema',
    `${path} has schema ${found}, and this version of the exporter knows up to ${SCHEMA_VERSION}. ` +
      'Start the newer exporter again, or set store.path to another file.',
  )
}

/** Brings the file from version `found` to this version's schema, each step in its own transaction. */
export function migrate(db: DatabaseSync, found: number): void {
  for (let version = found; version < SCHEMA_VERSION; version++) {
    db.exec('BEGIN IMMEDIATE')
    try {
      db.exec(MIGRATIONS[version] ?? '')
      db.exec(`PRAGMA user_version = ${version + 1}`)
      db.exec('COMMIT')
    } catch (error) {
      db.exec('ROLLBACK')
      throw error
    }
  }
}
