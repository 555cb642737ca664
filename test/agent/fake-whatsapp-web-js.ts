import { EventEmitter } from 'node:events'
import type { Client, ClientInfo, WAState } from 'whatsapp-web.js'

/** A client whose page says what the test wants; typed by the real one. */
export class FakeClient extends EventEmitter implements Pick<Client, 'getState' | 'initialize' | 'destroy'> {
  declare info: ClientInfo
  readonly calls: string[] = []
  killed = false
  readonly pupBrowser = { process: () => ({ kill: () => (this.killed = true) }) }
  state: () => Promise<WAState> = async () => word('CONNECTED')
  onDestroy: () => Promise<void> = async () => {}
  onInitialize: () => Promise<void> = async () => {}

  async getState() {
    this.calls.push('getState')
    return this.state()
  }

  async destroy() {
    this.calls.push('destroy')
    await this.onDestroy()
  }

  async initialize() {
    this.calls.push('initialize')
    await this.onInitialize()
  }

  /** What whatsapp-web.js does when the account is in. */
  becomeReady() {
    const info: Pick<ClientInfo, 'wid' | 'pushname'> = {
      wid: { server: 'c.us', user: '971505760056', _serialized: '971505760056@c.us' },
      pushname: 'Sales',
    }
    this.info = info as ClientInfo
    this.emit('authenticated')
    this.emit('ready')
  }
}

/** A WAState by its text: the enum itself would load the library. */
export function word(text: string | null): WAState {
  return text as WAState
}
