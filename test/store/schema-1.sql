-- A database of schema 1, as its release wrote it. Never change it: it stands for the files that users have.
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE accounts (ref INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, account TEXT);
CREATE TABLE ledgers (
    ref INTEGER PRIMARY KEY REFERENCES accounts (ref),
    seq INTEGER NOT NULL,
    health TEXT NOT NULL
  );
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    from_ms INTEGER NOT NULL,
    to_ms INTEGER NOT NULL,
    samples BLOB NOT NULL
  );
CREATE TABLE hours (id INTEGER PRIMARY KEY, through_seq INTEGER NOT NULL, 
  checks INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  answered INTEGER NOT NULL,
  duration_sum_ms INTEGER NOT NULL,
  duration_max_ms INTEGER NOT NULL,
  worst INTEGER NOT NULL,
  observed_ms INTEGER NOT NULL,
  downtime_ms INTEGER NOT NULL, samples BLOB NOT NULL);
CREATE TABLE days (id INTEGER PRIMARY KEY, 
  checks INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  answered INTEGER NOT NULL,
  duration_sum_ms INTEGER NOT NULL,
  duration_max_ms INTEGER NOT NULL,
  worst INTEGER NOT NULL,
  observed_ms INTEGER NOT NULL,
  downtime_ms INTEGER NOT NULL);
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
INSERT INTO meta VALUES ('expired_before_ms', 1769731200000);
INSERT INTO meta VALUES ('seq', 2);
INSERT INTO accounts VALUES (1, 'waha-1/sales-01', '{"key":"waha-1/sales-01","account":"sales-01","gateway":"waha-1","nativeId":"sales-01","phone":"971505760056","name":"Sales","labels":{"team":"sales"},"objective":0.995,"desired":"running"}');
INSERT INTO accounts VALUES (2, 'evo/support', '{"key":"evo/support","account":"support","gateway":"evo","nativeId":"support","phone":"971505760056","name":"Sales","labels":{"team":"sales"},"objective":0.995,"desired":"running"}');
INSERT INTO ledgers VALUES (1, 1, '{"key":"waha-1/sales-01","status":"unhealthy","state":"disconnected","reason":"network","native":"WORKING","evidence":{"messagingLimit":"unlimited"},"stateSinceMs":1772323200000,"statusSinceMs":1772323200000,"lastCheckMs":null,"lastDurationMs":null,"lastSuccessMs":null,"consecutiveFailures":0,"consecutiveSuccesses":0,"badSinceMs":1772323200000,"goodSinceMs":null,"healthySinceMs":1772323200000,"pairedMs":null,"pendingDowntimeMs":0,"incident":{"id":"i1","key":"waha-1/sales-01","account":"sales-01","gateway":"waha-1","startMs":1772323200000,"detectedMs":1772323230000,"endMs":null,"cause":"network","state":"disconnected","downtimeMs":30000,"attempts":0,"resolution":null},"counters":{"checks":0,"checkFailures":0,"observedMs":0,"downtimeMs":0,"incidents":0,"incidentsResolved":0,"detectionDelayMs":0,"recoveryAttempts":0,"recoveryFailures":0},"recovery":{"attemptsUsed":0,"notBeforeMs":0,"pending":null}}');
INSERT INTO ledgers VALUES (2, 1, '{"key":"evo/support","status":"healthy","state":"connected","reason":null,"native":"WORKING","evidence":{},"stateSinceMs":1772323200000,"statusSinceMs":1772323200000,"lastCheckMs":null,"lastDurationMs":null,"lastSuccessMs":null,"consecutiveFailures":0,"consecutiveSuccesses":0,"badSinceMs":null,"goodSinceMs":null,"healthySinceMs":1772323200000,"pairedMs":null,"pendingDowntimeMs":0,"incident":null,"counters":{"checks":0,"checkFailures":0,"observedMs":0,"downtimeMs":0,"incidents":0,"incidentsResolved":0,"detectionDelayMs":0,"recoveryAttempts":0,"recoveryFailures":0},"recovery":{"attemptsUsed":0,"notBeforeMs":0,"pending":null}}');
INSERT INTO journal VALUES (2, 1772326800000, 1772326800000, 1772326800007, x'1101011c028095a3b7ca339875c9e6020118010101000ea0010000005407a683');
INSERT INTO hours VALUES (2114463939428353, 1, 18, 9, 14, 1964, 261, 3, 270000, 0, x'211280b8c7b5ca339875942001a44201d46401e486010194a80101a4ca0101d4ec0101e48e020194a00201a4c20201d4e40201e486030194a80301a4ca0301d4ec0301e48e040194a00401a4c2040100b0ea0100000000000000000000000000000000501a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1ae77cae16');
INSERT INTO hours VALUES (2114463939428354, 1, 1, 0, 1, 80, 80, 0, 15000, 0, x'210180b8c7b5ca339875140100a0010b48ce2b');
INSERT INTO days VALUES (86049, 18, 9, 14, 1964, 261, 3, 270000, 0);
INSERT INTO days VALUES (151585, 1, 0, 1, 80, 80, 0, 15000, 0);
INSERT INTO incidents VALUES ('i1', 'waha-1/sales-01', 'sales-01', 'waha-1', 1772323200000, 1772323230000, NULL, 'network', 'disconnected', 30000, 0, NULL);
INSERT INTO recoveries VALUES ('r1', 'waha-1/sales-01', 'sales-01', 'waha-1', 'i1', 1, 'policy', 'network', 1772323200000, NULL, NULL, 'pending', '');
INSERT INTO transitions VALUES (1, 1772323200000, 'connected', 'disconnected', 'healthy', 'warning', 'network', 'FAILED');
PRAGMA user_version = 1;
