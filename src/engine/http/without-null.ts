/** What another server or a client says, without what it writes as `null`, which is the same as absent. */
export function withoutNull<T extends object>(said: T): T {
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== null)) as T
}
