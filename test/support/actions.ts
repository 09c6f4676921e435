// A CI platform on this computer that tells its jobs apart as GitHub Actions does: a job asks for a token of its own, and the
// platform signs what the job is (docs.github.com, "OpenID Connect reference").
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

/** What a job finds in its environment. */
export interface Job {
  readonly ACTIONS_ID_TOKEN_REQUEST_URL: string
  readonly ACTIONS_ID_TOKEN_REQUEST_TOKEN: string
}

export class Actions {
  readonly #server: Server
  readonly #keys: CryptoKeyPair
  readonly #kid = randomUUID()
  /** What a job brings along to ask for its token, and the ref that it runs on. */
  readonly #refs = new Map<string, string>()

  static async start(): Promise<Actions> {
    const actions = new Actions(await generateKeyPair('RS256', { extractable: true }))
    await once(actions.#server.listen(0, '127.0.0.1'), 'listening')
    return actions
  }

  private constructor(keys: CryptoKeyPair) {
    this.#keys = keys
    this.#server = createServer(async (request, response) => {
      const body = await this.#answer(request)
      response.writeHead(body ? 200 : 401, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
    })
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get jwksUri(): string {
    return `${this.issuer}/.well-known/jwks`
  }

  stop(): void {
    this.#server.close()
  }

  /** The environment of a job. */
  job(ref: string): Job {
    const token = randomUUID()
    this.#refs.set(`Bearer ${token}`, ref)
    return {
      ACTIONS_ID_TOKEN_REQUEST_URL: `${this.issuer}/token?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: token,
    }
  }

  async #answer({ url, headers }: IncomingMessage): Promise<object | undefined> {
    const { pathname, searchParams } = new URL(url as string, this.issuer)
    if (pathname === '/.well-known/jwks') {
      const jwk = await exportJWK(this.#keys.publicKey)
      return { keys: [{ ...jwk, kid: this.#kid, alg: 'RS256', use: 'sig' }] }
    }
    const ref = this.#refs.get(headers.authorization ?? '')
    return ref === undefined
      ? undefined
      : { value: await this.#token(ref, searchParams.get('audience') as string) }
  }

  #token(ref: string, audience: string): Promise<string> {
    const now = Math.floor(Date.now() / 1000)
    const job = {
      ref,
      repository: 'acme/site',
      repository_owner: 'acme',
      run_id: '1',
      workflow: 'Deploy',
      event_name: 'push',
      runner_environment: 'github-hosted',
    }
    return new SignJWT(job)
      .setProtectedHeader({ typ: 'JWT', alg: 'RS256', kid: this.#kid, x5t: this.#kid })
      .setJti(randomUUID())
      .setSubject(`repo:acme/site:ref:${ref}`)
      .setAudience(audience)
      .setIssuer(this.issuer)
      .setNotBefore(now - 600)
      .setExpirationTime(now + 300)
      .setIssuedAt(now)
      .sign(this.#keys.privateKey)
  }
}

/** As a job asks for its token. */
export async function idToken(job: Job, audience: string): Promise<string> {
  const headers = { Authorization: `Bearer ${job.ACTIONS_ID_TOKEN_REQUEST_TOKEN}` }
  const url = `${job.ACTIONS_ID_TOKEN_REQUEST_URL}&audience=${encodeURIComponent(audience)}`
  return ((await (await fetch(url, { headers })).json()) as { value: string }).value
}
