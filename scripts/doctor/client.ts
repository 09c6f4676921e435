// What a client sends, as data: scripts/doctor/clients/ has one file for each, and play.ts plays them.

/** Where what is known of a client comes from. All but a capture say so. */
export interface Source {
  readonly from: 'a capture' | 'its source code' | 'its documentation' | 'public reports'
  /** Month and year. */
  readonly date: string
  /** What was read or captured, such as a version or a link. */
  readonly of: string
}

type Headers = Readonly<Record<string, string>>

/** Parameters of a request, in the order in which the client writes them. */
export type Parameter =
  | 'grant_type'
  | 'response_type'
  | 'client_id'
  | 'client_assertion_type'
  | 'client_assertion'
  | 'code'
  | 'code_verifier'
  | 'code_challenge'
  | 'code_challenge_method'
  | 'redirect_uri'
  | 'refresh_token'
  | 'resource'
  | 'scope'
  | 'state'
  | 'prompt'

export type Member = 'jsonrpc' | 'id' | 'method' | 'params'

/** A request to /mcp that a client makes before it has a token. */
export type Knock = 'GET' | 'initialize'

export interface Client {
  /** As docs/clients.md calls it. */
  readonly name: string
  readonly source: Source
  /** Its maker's servers send the requests, and a web page opens the sign-in. */
  readonly hosted: boolean
  readonly knocks: readonly Knock[]
  /** Where it looks for the protected resource metadata, until it finds it. */
  readonly resourceMetadata: readonly ('challenge' | 'path' | 'root')[]
  /** Whether `resource` has to be the address letter for letter, or only one that the address begins with. */
  readonly resource: 'exact' | 'prefix'
  /** Whether a field that is null where it could be absent makes it fail. */
  readonly refusesNull: boolean
  /** Its metadata document, which it takes for its client id where the server says that it accepts one. */
  readonly document?: { readonly url: string; readonly redirectUri: string }
  /** The body of its registration. `<port>`, `<scope>` and `<grant types>` stand for what it takes then. */
  readonly registration: Readonly<Record<string, unknown>>
  /** The redirect URI that it uses once it has registered; `<port>` stands for a free port. */
  readonly redirectUri: string
  readonly authMethod: 'none' | 'private_key_jwt'
  /** Which scopes it asks for at first. */
  readonly scope: 'challenge' | 'challenge and offline_access' | 'all of the authorization server'
  /** What it does when a tool needs a further scope. */
  readonly furtherScope: 'asks again' | 'took all' | 'cannot ask'
  /** Its length in characters; + and / of base64 have been seen to come back changed. */
  readonly state: { readonly length: number; readonly alphabet: 'base64url' | 'base64' }
  readonly authorization: readonly Parameter[]
  readonly token: readonly Parameter[]
  readonly refresh: readonly Parameter[]
  /** It has been seen to refresh the same token twice at the same time. */
  readonly refreshesInParallel: boolean
  /** Its headers have been seen to arrive twice, behind proxies. */
  readonly repeatsHeaders: boolean
  /** The form in which it understands a refusal: HTTP 401 and 403, or the result of a tool. */
  readonly reads: 'HTTP' | 'results'
  readonly headers: {
    readonly get: Headers
    readonly stream: Headers
    readonly post: Headers
    readonly resourceMetadata: Headers
    readonly serverMetadata: Headers
    readonly register: Headers
    readonly token: Headers
  }
  readonly mcp: {
    /** 2026-07-28 has no session: `server/discover` comes first. */
    readonly protocolVersion: string
    readonly capabilities: object
    readonly clientInfo: object
    /** Whether it sends MCP-Protocol-Version with a session. */
    readonly sendsVersion: boolean
    /** Whether it keeps a stream open beside its calls. */
    readonly opensStream: boolean
    /** The members of a message, in the order in which it writes them. */
    readonly members: readonly Member[]
    /** Whether it sends Mcp-Method and Mcp-Name. */
    readonly sendsMethod: boolean
  }
}

/** The era of MCP without sessions. */
export function isStateless({ mcp }: Client): boolean {
  return mcp.protocolVersion >= '2026'
}

/** Where its requests come from, for people. What is no capture says so. */
export function describeSource({ source: { from, of, date } }: Client): string {
  return from === 'a capture' ? `a capture of ${of}, ${date}` : `${from} (${of}), ${date}, not a capture`
}
