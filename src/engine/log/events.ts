// Everything that is written down, and with which fields: one table, from which the log, the counts and the owner's
// page are made. docs/operate.md says in words what each event means.

/** Names, for the owner's page alone: the log has none. */
export interface Shown {
  /** `expiresAt` marks a guest. */
  readonly person?: { readonly name?: string; readonly expiresAt?: number }
  readonly app?: string | undefined
}

/** What a field means, in whichever event it is. Ids and words of our own, and no name or address of a person. */
interface Meaning {
  /** The id of the user who acted, or whose account the event concerns. */
  user: string
  /** The app: the id that it registered, the address of its document, or the id of a workload. */
  client: string
  /** The app's self-reported name; for `error`, the kind of error. */
  name: string
  grant: string
  /** The login method, by its id. */
  method: string
  /** A word of our own, or a code of the protocol; never the text of a stranger. */
  reason: string
  /** Who did it. */
  by: 'user' | 'client' | 'owner'
  /** Which owner did it: their user id. */
  actor: string
  scopes: readonly string[]
  grant_type: string
  /** How many times the refresh token has rotated. */
  generation: number
  outcome: string
  invitation: string
  /** Another authorization server. */
  issuer: string
  /** The method of MCP: `tools/call`, `tools/list`. A client wrote it, cut to 60 characters. */
  operation: string
  /** Of `mcp.request` and `scope.refused` it is what a client wrote, cut to 60 characters. */
  tool: string
  /** By its name, not its address: an address can hold what is a person's own. */
  resource: string
  /** As of `tool`. */
  prompt: string
  /** Of HTTP. */
  status: number
  /** Of Gatehouse, as in package.json. */
  version: string
  /** How long it took, in milliseconds. */
  ms: number
  /** Where an error was thrown: frames of the stack. */
  at: readonly string[]
  /** An error code of OAuth. */
  code: string
  /** What of this server did not work. */
  part: 'alerts' | 'audit' | 'counts' | 'limiter'
  /** Which kind of alert. */
  alert: string
  retry_in_ms: number
}

/** A field with a `?` is absent where the server does not know it. */
export const EVENTS = {
  'client.registered': ['client', 'name?'],
  'client.refused': ['client?', 'reason'],
  'client.updated': ['client', 'name?'],
  'client.removed': ['client', 'by', 'actor?'],
  'signin.succeeded': ['user', 'method'],
  'signin.failed': ['user?', 'method', 'reason'],
  signout: [],
  'signout.everywhere': ['user', 'by', 'actor?'],
  'account.erased': ['user', 'by', 'actor?'],
  'account.exported': ['user'],
  'account.disabled': ['user', 'by', 'actor'],
  'account.enabled': ['user', 'by', 'actor'],
  'passkey.added': ['user'],
  'passkey.renamed': ['user'],
  'passkey.removed': ['user', 'by', 'actor?'],
  'personal_token.made': ['user', 'client', 'scopes'],
  'personal_token.revoked': ['user', 'client?', 'by', 'actor?'],
  'invitation.created': ['user', 'invitation'],
  'invitation.withdrawn': ['user', 'invitation'],
  'invitation.redeemed': ['user', 'invitation'],
  'device.asked': ['client', 'scopes'],
  'device.refused': ['user', 'reason'],
  'consent.allowed': ['user', 'client', 'grant', 'scopes'],
  'consent.denied': ['user', 'client'],
  'code.redeemed': ['user', 'client', 'grant'],
  'code.replayed': ['user', 'client', 'grant', 'outcome'],
  'token.issued': ['user?', 'client', 'grant_type', 'scopes'],
  'token.refreshed': ['user', 'client', 'grant', 'generation'],
  'token.repeated': ['user', 'client', 'grant', 'generation'],
  'token.replayed': ['user', 'client', 'grant'],
  'token.refused': ['client?', 'grant_type', 'reason'],
  'grant.revoked': ['user', 'client', 'grant', 'reason', 'actor?'],
  'scope.refused': ['user?', 'client?', 'operation?', 'tool?', 'prompt?', 'status', 'ms', 'version'],
  'issuer.unavailable': ['issuer', 'reason'],
  'alert.failed': ['alert', 'reason', 'status?'],
  'mcp.request': ['user?', 'client?', 'operation?', 'tool?', 'prompt?', 'status', 'ms', 'version'],
  'call.limited': ['user', 'client', 'tool?', 'resource?', 'prompt?', 'reason'],
  'tool.called': ['user?', 'client?', 'tool', 'outcome', 'ms'],
  'resource.read': ['user?', 'client?', 'resource', 'outcome', 'ms'],
  'prompt.used': ['user?', 'client?', 'prompt', 'outcome', 'ms'],
  error: [
    'name',
    'at',
    'code?',
    'grant?',
    'tool?',
    'resource?',
    'prompt?',
    'method?',
    'part?',
    'retry_in_ms?',
  ],
} as const satisfies Readonly<Record<string, readonly (keyof Meaning | `${keyof Meaning}?`)[]>>

export type Event = keyof typeof EVENTS

/** The rare events, which audit() keeps for the owner's page, and who can cause them: people who signed in, or strangers. */
export const KEPT = {
  'client.registered': 'strangers',
  'client.refused': 'strangers',
  'client.updated': 'strangers',
  'client.removed': 'strangers',
  'signin.succeeded': 'known',
  'signin.failed': 'strangers',
  'signout.everywhere': 'known',
  'account.erased': 'known',
  'account.exported': 'known',
  'account.disabled': 'known',
  'account.enabled': 'known',
  'passkey.added': 'known',
  'passkey.renamed': 'known',
  'passkey.removed': 'known',
  'personal_token.made': 'known',
  'personal_token.revoked': 'known',
  'invitation.created': 'known',
  'invitation.withdrawn': 'known',
  'invitation.redeemed': 'known',
  'consent.allowed': 'known',
  'consent.denied': 'known',
  'code.replayed': 'known',
  'token.replayed': 'known',
  'token.refused': 'strangers',
  'grant.revoked': 'known',
} as const satisfies { readonly [event in Event]?: 'known' | 'strangers' }

/** An event that the owner's page shows, too. */
export type AuditEvent = keyof typeof KEPT

/** What a count has of an event, blob1 and so on. What is counted already keeps its place: a new one goes to the end. */
export const BLOBS = [
  'user',
  'client',
  'method',
  'reason',
  'operation',
  'tool',
  'grant_type',
  'outcome',
  'by',
  'name',
  'resource',
  'prompt',
] as const
/** double1 and so on. */
export const DOUBLES = ['ms', 'status'] as const

type NameIn<E extends Event> = (typeof EVENTS)[E][number]
type Unmarked<Name> = Name extends `${infer Known extends keyof Meaning}?` ? Known : never

/** The fields of an event: these, and no others. */
export type Fields<E extends Event> = {
  readonly [Name in NameIn<E> & keyof Meaning]: Meaning[Name]
} & {
  readonly [Name in Unmarked<NameIn<E>>]?: Meaning[Name] | undefined
}

/** What is written for an event. */
export type Line = { readonly event: Event } & {
  readonly [Name in keyof Meaning]?: Meaning[Name] | undefined
}
