import { simulatorContract } from './simulator-contract.ts'

const bot = { driver: 'http', discover: true, auth: { bearerToken: 'demo-key' } }

simulatorContract({
  name: 'a bot that speaks our states',
  gateway: { dialect: 'http' },
  options: bot,
  evidence: ['phone', 'name', 'lastActivityAtMs'],
  faults: {
    disconnected: ['disconnected', 'network'],
    stuck_connecting: ['connecting', null],
    qr: ['awaiting_auth', null],
    logged_out: ['awaiting_auth', 'logged_out'],
    banned: ['blocked', 'banned'],
    temp_banned: ['degraded', 'temp_banned'],
    conflict: ['degraded', 'conflict'],
    outdated_client: ['disconnected', 'outdated_client'],
    stopped: ['stopped', null],
    restricted: ['degraded', 'timelock'],
    capped: ['degraded', 'capped'],
    low_quality: ['degraded', 'quality'],
  },
})

simulatorContract({
  name: 'a bot that speaks the WAState of whatsapp-web.js',
  gateway: { dialect: 'http', words: 'wwebjs' },
  options: bot,
  faults: {
    disconnected: ['disconnected', 'network'],
    stuck_connecting: ['connecting', null],
    qr: ['awaiting_auth', 'logged_out'],
    banned: ['blocked', 'banned'],
    conflict: ['degraded', 'conflict'],
    outdated_client: ['disconnected', 'outdated_client'],
  },
})

simulatorContract({
  name: 'a bot that speaks the connection of Baileys',
  gateway: { dialect: 'http', words: 'baileys' },
  options: bot,
  faults: {
    disconnected: ['disconnected', 'network'],
    stuck_connecting: ['connecting', null],
    logged_out: ['awaiting_auth', 'logged_out'],
    banned: ['blocked', 'banned'],
    temp_banned: ['degraded', 'temp_banned'],
    conflict: ['degraded', 'conflict'],
    outdated_client: ['disconnected', 'outdated_client'],
  },
})

for (const version of ['2026.7.1', '2024.8.3']) {
  simulatorContract({
    name: `WAHA ${version}`,
    gateway: { dialect: 'waha', version },
    options: { driver: 'waha', auth: { apiKey: 'demo-key' } },
    evidence: ['phone', 'name'],
    faults: {
      disconnected: ['disconnected', 'other'],
      stuck_connecting: ['connecting', null],
      qr: ['awaiting_auth', 'logged_out'],
      logged_out: ['awaiting_auth', 'logged_out'],
      no_identity: ['degraded', 'stale'],
      stopped: ['stopped', null],
    },
  })
}

simulatorContract({
  name: 'GOWA',
  gateway: { dialect: 'gowa' },
  options: { driver: 'gowa', auth: { username: 'exporter', password: 'demo-key' } },
  evidence: ['phone', 'name'],
  faults: {
    disconnected: ['disconnected', 'network'],
    qr: ['awaiting_auth', 'logged_out'],
    logged_out: ['awaiting_auth', 'logged_out'],
  },
})
