import { expect, test } from 'vitest'
import { negotiate } from '../../src/metrics/negotiate.ts'

const PROMETHEUS_2 =
  'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'
const PROMETHEUS_3 =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2'

test.each([
  ['a missing header gets text', undefined, 'text'],
  ['curl gets text', '*/*', 'text'],
  ['a browser gets text', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text'],
  ['Prometheus 2 gets OpenMetrics', PROMETHEUS_2, 'openmetrics'],
  ['Prometheus 3 gets OpenMetrics', PROMETHEUS_3, 'openmetrics'],
  ['OpenMetrics without a version is 1.0.0', 'application/openmetrics-text', 'openmetrics'],
  ['case and blanks do not matter', 'Application/OpenMetrics-Text ; Version = "1.0.0"', 'openmetrics'],
  ['an older OpenMetrics alone gets text', 'application/openmetrics-text;version=0.0.1', 'text'],
  ['a newer OpenMetrics alone gets text', 'application/openmetrics-text;version=2.0.0', 'text'],
  ['text at a higher quality wins', 'application/openmetrics-text;version=1.0.0;q=0.4,text/plain;q=0.5', 'text'],
  ['of equals, OpenMetrics named first wins', 'application/openmetrics-text,text/plain', 'openmetrics'],
  ['of equals, text named first wins', 'text/plain,application/openmetrics-text', 'text'],
  ['OpenMetrics at quality 0 is refused', 'application/openmetrics-text;q=0,text/plain;q=0.1', 'text'],
  ['an unreadable quality counts as refused', 'application/openmetrics-text;q=high,text/plain;q=0.1', 'text'],
  ['protobuf alone gets text', 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily', 'text'],
  ['noise gets text', ';;;,,=q;q', 'text'],
])('%s', (_, accept, format) => {
  expect(negotiate(accept, undefined).format).toBe(format)
})

test.each([
  ['no header means no compression', undefined, false],
  ['gzip compresses', 'gzip', true],
  ['gzip among others compresses', 'deflate, gzip;q=0.8, br', true],
  ['gzip at quality 0 is refused', 'gzip;q=0', false],
  ['a star takes gzip', '*', true],
  ['a star does not bring back what is refused', 'gzip;q=0, *', false],
  ['identity at a higher quality wins', 'gzip;q=0.2, identity;q=0.9', false],
  ['other codings are not for us', 'br, zstd', false],
])('%s', (_, acceptEncoding, gzip) => {
  expect(negotiate(undefined, acceptEncoding).gzip).toBe(gzip)
})
