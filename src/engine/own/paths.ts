// Whether two paths, as Hono has them, can mean the same address: so that nothing of a fork takes an engine's place.

/** Whether some address fits both. Where a pattern of characters decides, the answer is yes. */
export function overlap(one: string, other: string): boolean {
  return meet(segmentsOf(one), segmentsOf(other))
}

// The router takes `/mcp/` for `/mcp`.
function segmentsOf(path: string): string[] {
  return path.replace(/\/$/, '').split('/').slice(1)
}

function meet(one: readonly string[], other: readonly string[]): boolean {
  const [a = '', ...belowA] = one
  const [b = '', ...belowB] = other
  if (isRest(a) || isRest(b)) return true
  if (isOptional(a)) return meet(belowA, other) || meet([a.slice(0, -1), ...belowA], other)
  if (isOptional(b)) return meet(other, one)
  if (one.length === 0 || other.length === 0) return one.length === other.length
  return (a === b || isVariable(a) || isVariable(b)) && meet(belowA, belowB)
}

/** What can stand for any number of segments: `*`, `no*`, and `:path{.+}`. */
function isRest(segment: string): boolean {
  return /[*{]/.test(segment)
}

function isVariable(segment: string): boolean {
  return segment.startsWith(':')
}

function isOptional(segment: string): boolean {
  return isVariable(segment) && segment.endsWith('?')
}
