import { describe, expect, test } from 'vitest'
import { TracingOptions } from '../../src/tracing/options.ts'
import { traceTarget } from '../../src/tracing/target.ts'

const URL = 'http://collector:4318'

describe('where spans go', () => {
  test.each<[string, object, Record<string, string>, string]>([
    ['to the configured endpoint', { endpoint: URL }, {}, `${URL}/v1/traces`],
    ['to its path, where it has one', { endpoint: `${URL}/otlp/` }, {}, `${URL}/otlp/v1/traces`],
    ['to the path of the signal, where it is given', { endpoint: `${URL}/v1/traces` }, {}, `${URL}/v1/traces`],
    ['to the standard endpoint', {}, { OTEL_EXPORTER_OTLP_ENDPOINT: URL }, `${URL}/v1/traces`],
    ['to the endpoint of traces, as it is', {}, { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${URL}/x` }, `${URL}/x`],
    [
      'to the endpoint of traces before the shared one',
      {},
      { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${URL}/x`, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://other' },
      `${URL}/x`,
    ],
    [
      'to the configured one before all variables',
      { endpoint: URL },
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://other' },
      `${URL}/v1/traces`,
    ],
  ])('%s', (_name, options, env, url) => {
    expect(traceTarget(TracingOptions.parse(options), env)).toMatchObject({ url, sampleRatio: 0.01 })
  })
})

describe('nothing is traced', () => {
  test.each<[string, object, Record<string, string>, string | null]>([
    ['without an endpoint', {}, {}, null],
    ['with an empty variable', {}, { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }, null],
    ['without an endpoint, whatever else is set', { sampleRatio: 1 }, { OTEL_SDK_DISABLED: 'true' }, null],
    ['where the SDK is disabled', { endpoint: URL }, { OTEL_SDK_DISABLED: 'TRUE' }, 'OTEL_SDK_DISABLED is true'],
    [
      'where no exporter is wanted',
      { endpoint: URL },
      { OTEL_TRACES_EXPORTER: 'none' },
      'OTEL_TRACES_EXPORTER is none',
    ],
    [
      'where the variable is no address',
      {},
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'user:password@collector' },
      'OTEL_EXPORTER_OTLP_ENDPOINT is no http or https address; write it like http://127.0.0.1:4318',
    ],
  ])('%s', (_name, options, env, off) => {
    expect(traceTarget(TracingOptions.parse(options), env)).toEqual({ off })
  })
})

test.each<[string, Record<string, string>, boolean]>([
  ['is ours', {}, false],
  ['is the standard one, where it is set', { OTEL_EXPORTER_OTLP_TIMEOUT: '1000' }, true],
])('the time for one batch %s', (_name, env, hasOwnTimeout) => {
  expect(traceTarget(TracingOptions.parse({ endpoint: URL }), env)).toMatchObject({ hasOwnTimeout })
})
