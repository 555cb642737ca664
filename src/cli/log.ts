import pino from 'pino'
import { isSecretKey, maskUrl } from '../config/redact.ts'
import type { Log } from '../log.ts'
import { Secret } from '../option-types.ts'

const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const

/** Where lines go; `isTTY` decides between text for people and JSON. */
export interface LogStream {
  readonly isTTY?: boolean | undefined
  write(text: string): unknown
}

const HIDDEN = '<secret>'
/** Facts are shallow; a deeper object is a mistake that must not cost seconds. */
const DEPTH_LIMIT = 6

/**
 * The log of the program: one JSON object per line, or one line of text on a terminal.
 * LOG_LEVEL chooses the level (debug, info, warn, error), LOG_FORMAT=json or text overrides the format.
 * Values under secret-like names, Secrets and user parts of addresses are hidden, whoever logs them.
 */
export function createLog(stream: LogStream, environment: Readonly<Record<string, string | undefined>>): Log {
  const asked = environment['LOG_LEVEL']?.toLowerCase()
  const level = LOG_LEVELS.find((known) => known === asked)
  const format = environment['LOG_FORMAT'] ?? (stream.isTTY === true ? 'text' : 'json')
  const destination = format === 'text' ? { write: (line: string) => void stream.write(textLine(line)) } : stream
  const logger = pino(
    {
      level: level ?? 'info',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      messageKey: 'msg',
      // Errors are told by errorFacts; the serializer of pino would tell them again, differently.
      serializers: { err: (facts: unknown) => facts },
    },
    { write: (line: string) => void destination.write(line) },
  )
  const log: Log = {
    debug: (facts, text) => logger.debug(hide(facts), maskUrls(text)),
    info: (facts, text) => logger.info(hide(facts), maskUrls(text)),
    warn: (facts, text) => logger.warn(hide(facts), maskUrls(text)),
    error: (facts, text) => logger.error(hide(facts), maskUrls(text)),
  }
  if (asked !== undefined && level === undefined) {
    log.warn({ LOG_LEVEL: asked, levels: LOG_LEVELS }, 'LOG_LEVEL is not a level; info is used')
  }
  return log
}

function hide(facts: object): object {
  const hidden = hideValue(facts instanceof Error ? { err: facts } : facts, 0)
  return typeof hidden === 'object' && hidden !== null ? hidden : { facts: hidden }
}

function hideValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return maskUrls(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Secret) return HIDDEN
  if (depth > DEPTH_LIMIT) return '…'
  if (value instanceof Error) return errorFacts(value, depth)
  if (value instanceof Date) return value.toJSON()
  if (value instanceof URL) return maskUrls(value.href)
  if (Array.isArray(value)) return value.map((item) => hideValue(item, depth + 1))
  const iterable = value instanceof Map ? value : Object.entries(value)
  return Object.fromEntries(
    [...iterable].map(([key, item]) => [key, isSecretFact(String(key), item) ? HIDDEN : hideValue(item, depth + 1)]),
  )
}

/** `key` is the name of an account in our facts and says nothing secret; the other names are those of the configuration. */
function isSecretFact(name: string, value: unknown): boolean {
  if (value === null || value === undefined || typeof value === 'boolean') return false
  return name !== 'key' && name !== 'hash' && isSecretKey(name)
}

function errorFacts(error: Error, depth: number): object {
  return {
    type: error.name,
    message: maskUrls(error.message),
    ...('code' in error ? { code: hideValue(error.code, depth + 1) } : {}),
    ...(error.stack === undefined ? {} : { stack: maskUrls(error.stack) }),
    ...(error.cause === undefined ? {} : { cause: hideValue(error.cause, depth + 1) }),
  }
}

/** Masks every address within a text. */
function maskUrls(text: string): string {
  return text.includes('://') ? text.replace(/[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+/gi, maskUrl) : text
}

/** `12:03:11 WARN  the store is down code=locked` from one line of JSON. */
function textLine(line: string): string {
  const { time, level, msg, err, ...facts }: Record<string, unknown> = JSON.parse(line)
  const told = Object.entries(facts).map(([name, value]) => ` ${name}=${plain(value)}`)
  const stack = typeof err === 'object' && err !== null ? errorText(err) : ''
  const head = `${String(time).slice(11, 19)} ${String(level).toUpperCase().padEnd(5)} ${String(msg ?? '')}${told.join('')}`
  return `${escapeControls(head)}${stack}\n`
}

function plain(value: unknown): string {
  return typeof value === 'string' && /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value)
}

function errorText(error: object): string {
  const stack = 'stack' in error ? String(error.stack) : 'message' in error ? String(error.message) : ''
  return stack
    .split('\n')
    .map((line) => `\n  ${escapeControls(line)}`)
    .join('')
}

/** Names from gateways may hold control characters that would forge lines or steer a terminal. */
function escapeControls(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
