import { defineConfig } from 'vitest/config'

/** Whole exporters, promtool and a MongoDB wire server: seconds each, so `make unit` leaves them out. */
const SERVICE_TESTS = [
  'test/service/**/*.test.ts',
  'test/rules/**/*.test.ts',
  'test/{store,discovery,reports}/mongo-*.test.ts',
]
/** Real programs around the exporter, and the packed npm tarball. */
const END_TO_END_TESTS = ['test/e2e/**/*.test.ts', 'test/package/**/*.test.ts']

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...SERVICE_TESTS, ...END_TO_END_TESTS],
          testTimeout: 10_000,
        },
      },
      {
        test: {
          name: 'service',
          include: SERVICE_TESTS,
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        // Two files at a time: they mostly wait, and every port is a free one.
        test: {
          name: 'e2e',
          include: END_TO_END_TESTS,
          testTimeout: 240_000,
          hookTimeout: 240_000,
          maxWorkers: 2,
        },
      },
    ],
  },
})
