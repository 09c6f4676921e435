// An OpenID provider that does what a test wants of it: right in every way until one thing is changed.
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { randomSecret } from '#engine/crypto/secrets.ts'
import { type Parameters, readForm } from '#engine/http/parameters.ts'
import { codeChallengeOf } from '#engine/oauth/pkce.ts'
import type { Internet } from './internet.ts'

export const CLIENT_ID = 'gatehouse-at-the-provider'
export const CLIENT_SECRET = randomSecret()

type Key = Awaited<ReturnType<typeof newKey>>

/** What a code has brought: only its last refresh token is good, and an older one ends all of it. */
interface Family {
  live: boolean
  current: string
}

interface Code {
  readonly redirectUri: string
  readonly challenge: string
  readonly nonce: string
}

export class OpenIdProvider {
  readonly issuer: string
  /** Its claims about the next user who signs in. */
  person: JWTPayload = {}
  /** What the ID token says instead; undefined claims are left out. */
  changes: Record<string, unknown> = {}
  /** How the ID token is made; undefined: there is none. */
  sign: (claims: JWTPayload) => Promise<string | undefined>
  /** What UserInfo says, for a test that changes that. */
  userInfo: object = {}
  /** The parameters of the last authorization request. */
  asked = new URLSearchParams()
  /** The lifetime of an access token, in seconds; undefined: without end. */
  lifetime: number | undefined = 3600
  /** Whether a refresh brings another refresh token. */
  rotates = true
  /** How often a token was refreshed. */
  refreshes = 0
  #key: Key
  #keys: Key[]
  readonly #codes = new Map<string, Code>()
  readonly #accessTokens = new Map<string, { readonly family: Family; readonly expiresAt: number }>()
  readonly #refreshTokens = new Map<string, Family>()

  private constructor(issuer: string, key: Key) {
    this.issuer = issuer
    this.#key = key
    this.#keys = [key]
    this.sign = (claims) => this.signed(claims)
  }

  static async make(issuer: string): Promise<OpenIdProvider> {
    return new OpenIdProvider(issuer, await newKey())
  }

  /** Signs people in at its issuer, with nothing changed. */
  open(internet: Internet): void {
    this.person = {}
    this.changes = {}
    this.userInfo = {}
    this.lifetime = 3600
    this.rotates = true
    this.refreshes = 0
    this.sign = (claims) => this.signed(claims)
    internet.site(this.issuer, this.answer)
  }

  /** Signs with today's key for ever. */
  keepKey(): OpenIdProvider['sign'] {
    const key = this.#key
    return (claims) => this.signed(claims, key)
  }

  /** A new key signs from now on, and the old one is gone. */
  async changeKey(): Promise<void> {
    this.#key = await newKey()
    this.#keys = [this.#key]
  }

  /** Everything that it has issued. */
  get tokens(): string[] {
    return [...this.#accessTokens.keys(), ...this.#refreshTokens.keys()]
  }

  /** Whether a request to its API comes with a good access token. */
  accepts({ headers }: Request): boolean {
    const token = headers.get('Authorization')?.replace('Bearer ', '') ?? ''
    const { family, expiresAt = 0 } = this.#accessTokens.get(token) ?? {}
    return family?.live === true && Date.now() < expiresAt
  }

  /** Refuses every token that it has issued. */
  endAll(): void {
    for (const family of this.#refreshTokens.values()) family.live = false
  }

  get publicKey() {
    return this.#key.jwk
  }

  signed(claims: JWTPayload, { privateKey, jwk }: Key = this.#key): Promise<string> {
    return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: jwk.kid }).sign(privateKey)
  }

  /** Signed by an attacker's key with the id of its key. */
  async signedByAnother(claims: JWTPayload): Promise<string> {
    const { privateKey } = await newKey()
    return this.signed(claims, { privateKey, jwk: this.#key.jwk })
  }

  /** What the person meets there, and agrees to. Returns where they are sent. */
  authorize(location: string | null): URL {
    const url = new URL(location as string)
    if (url.origin + url.pathname !== `${this.issuer}/authorize`) throw new Error(`Not here: ${url}`)
    const asked = url.searchParams
    this.asked = asked
    const valid =
      asked.get('client_id') === CLIENT_ID &&
      asked.get('response_type') === 'code' &&
      asked.get('code_challenge_method') === 'S256'
    if (!valid) throw new Error(`Not an authorization request: ${asked}`)
    const code = randomSecret()
    this.#codes.set(code, {
      redirectUri: asked.get('redirect_uri') ?? '',
      challenge: asked.get('code_challenge') ?? '',
      nonce: asked.get('nonce') ?? '',
    })
    const back = new URL(asked.get('redirect_uri') ?? '')
    back.search = new URLSearchParams({
      code,
      state: asked.get('state') ?? '',
      iss: this.issuer,
    }).toString()
    return back
  }

  readonly answer = async (request: Request): Promise<Response> => {
    switch (new URL(request.url).pathname) {
      case '/.well-known/openid-configuration':
        return Response.json(this.#metadata())
      case '/jwks':
        return Response.json({ keys: this.#keys.map(({ jwk }) => jwk) })
      case '/token':
        return this.#token(await readForm(request), request.headers)
      case '/userinfo':
        return Response.json({ ...this.person, ...this.userInfo })
      default:
        return new Response(null, { status: 404 })
    }
  }

  #metadata() {
    const { issuer } = this
    return {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/jwks`,
      userinfo_endpoint: `${issuer}/userinfo`,
      authorization_response_iss_parameter_supported: true,
      // Careless, so that it is not the library's first look that stops a token without a real signature.
      id_token_signing_alg_values_supported: ['ES256', 'HS256', 'none'],
      token_endpoint_auth_methods_supported: ['client_secret_basic'],
    }
  }

  async #token(fields: Parameters, headers: Headers): Promise<Response> {
    const refuse = (error: string) => Response.json({ error, error_description: 'No.' }, { status: 400 })
    // RFC 6749 §2.3.1: each half is form-encoded.
    const [, pair = ''] = /^Basic (.+)$/.exec(headers.get('Authorization') ?? '') ?? []
    if (decodeURIComponent(atob(pair)) !== `${CLIENT_ID}:${CLIENT_SECRET}`) {
      return Response.json({ error: 'invalid_client' }, { status: 401 })
    }
    if (fields.get('grant_type') === 'refresh_token') {
      const presented = fields.get('refresh_token') ?? ''
      const family = this.#refreshTokens.get(presented)
      if (!family?.live || family.current !== presented) {
        if (family) family.live = false
        return refuse('invalid_grant')
      }
      this.refreshes++
      return Response.json(this.#issue(family))
    }
    const code = this.#codes.get(fields.get('code') ?? '')
    this.#codes.delete(fields.get('code') ?? '')
    const matches =
      code?.redirectUri === fields.get('redirect_uri') &&
      code?.challenge === (await codeChallengeOf(fields.get('code_verifier') ?? ''))
    if (!code || !matches) return refuse('invalid_grant')
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: this.issuer,
      aud: CLIENT_ID,
      iat: now,
      exp: now + 300,
      nonce: code.nonce,
      ...this.person,
      ...this.changes,
    }
    const idToken = await this.sign(JSON.parse(JSON.stringify(claims)))
    const issued = this.#issue({ live: true, current: '' })
    return Response.json({ ...issued, ...(idToken !== undefined && { id_token: idToken }) })
  }

  #issue(family: Family) {
    const accessToken = randomSecret()
    const expiresAt = Date.now() + (this.lifetime ?? Number.POSITIVE_INFINITY) * 1000
    this.#accessTokens.set(accessToken, { family, expiresAt })
    const renewed = this.rotates || family.current === ''
    if (renewed) {
      family.current = randomSecret()
      this.#refreshTokens.set(family.current, family)
    }
    return {
      access_token: accessToken,
      token_type: 'Bearer',
      ...(this.lifetime !== undefined && { expires_in: this.lifetime }),
      ...(renewed && { refresh_token: family.current }),
    }
  }
}

async function newKey() {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(publicKey)), kid: crypto.randomUUID(), alg: 'ES256', use: 'sig' }
  return { privateKey, jwk }
}
