export interface Spread {
  readonly median: number
  /** Between these is the middle half. */
  readonly low: number
  readonly high: number
}

/** @param part of the whole, such as 0.99 */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(Math.ceil(part * sorted.length) - 1, 0)] ?? Number.NaN
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), low: quantile(values, 0.25), high: quantile(values, 0.75) }
}

/** What each round says of the ratio of two that took turns in it. */
export function ratio(values: readonly number[], of: readonly number[]): Spread {
  return spread(values.map((value, round) => value / (of[round] as number)))
}

/** As `1.05 (1.03 to 1.08)`. */
export function show({ median, low, high }: Spread, digits = 2): string {
  return `${median.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`
}
