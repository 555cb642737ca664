/** When the tests of the API happen: 2026-03-01T03:12:00Z. */
export const NOW_MS = 1_772_334_720_000
