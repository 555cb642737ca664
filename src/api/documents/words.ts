/** A share of time in per cent with two decimals, rounded down: 99.996 % must not read as 100 %. */
export function availabilityText(share: number): string {
  // The tiny sum undoes what floating point takes off: 0.29 * 10 000 is 2899.9999999999995.
  return `${(Math.floor(share * 10_000 + 1e-6) / 100).toFixed(2)} %`
}
