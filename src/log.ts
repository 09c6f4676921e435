// One structured line for each security event and each MCP request, for Workers Logs to query.
// A line says who, which client, what and how it ended. It never holds a secret: callers pass ids,
// names and reasons, no token, code, cookie, passphrase or URL with a query.

export type Event =
  | 'client.registered'
  | 'client.refused'
  | 'client.updated'
  | 'client.removed'
  | 'signin.succeeded'
  | 'signin.failed'
  | 'signout'
  | 'passkey.added'
  | 'passkey.removed'
  | 'invitation.created'
  | 'invitation.redeemed'
  | 'consent.allowed'
  | 'consent.denied'
  | 'code.redeemed'
  | 'code.replayed'
  | 'token.issued'
  | 'token.refreshed'
  | 'token.repeated'
  | 'token.replayed'
  | 'token.refused'
  | 'grant.revoked'
  | 'scope.refused'
  | 'issuer.unavailable'
  | 'mcp.request'
  | 'tool.called'
  | 'error'

type Field = string | number | boolean | undefined | readonly string[]

/** Writes one line. `fields` are plain values; undefined ones are left out. */
export function log(event: Event, fields: Record<string, Field> = {}): void {
  console.log(JSON.stringify({ event, ...fields }))
}

/**
 * Writes down an unexpected failure: what kind and where, for the operator. Its message stays out, because
 * nobody knows what the code that threw has put into it.
 */
export function logError(error: unknown, fields: Record<string, Field> = {}): void {
  const name = error instanceof Error ? error.name : typeof error
  console.error(JSON.stringify({ event: 'error', name, at: framesOf(error), ...fields }))
}

// The stack begins with the message, and a line of that could look like a frame.
function framesOf(error: unknown): string[] {
  if (!(error instanceof Error) || !error.stack) return []
  const start = error.stack.indexOf(error.message)
  if (start < 0) return []
  const lines = error.stack.slice(start + error.message.length).split('\n')
  return lines.filter((line) => /^\s+at /.test(line)).map((line) => line.trim())
}
