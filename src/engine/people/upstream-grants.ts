// The part of an account object that keeps what upstream sign-ins let tools do: encrypted, and refreshed once however many
// ask.
import { SingleFlight } from '../cache/single-flight.ts'
import { loadSettings } from '../settings/load.ts'
import { type Identity, OWNER } from './identity.ts'
import { decrypt, type Encrypted, encrypt, isFresh, refreshUpstream, type UpstreamGrant } from './upstream.ts'

/** Longer than two refreshes take, the second of a person who signed in again meanwhile. */
const PATIENCE_MS = 25_000

const PREFIX = 'upstream:'

export interface UpstreamToken {
  readonly token: string
  /** Where it may be sent. */
  readonly origins: readonly string[]
}

/** What is kept of one sign-in. */
interface Kept extends Encrypted {
  /** The identity of that sign-in: OWNER can make another person the user of this account. */
  readonly identity: Identity
}

export class UpstreamGrants {
  readonly #ctx: DurableObjectState
  /** Refreshes that are under way. */
  readonly #refreshes = new SingleFlight<string, UpstreamGrant | undefined>(PATIENCE_MS)

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx
  }

  /**
   * In place of what was kept of that sign-in before.
   * @param requireStanding throws when it must not be kept. Asked last: whatever comes in while it is encrypted counts
   */
  async keep(
    env: Env,
    name: string,
    grant: UpstreamGrant,
    identity: Identity,
    requireStanding: () => void,
  ): Promise<void> {
    const kept = await this.#encrypted(env, name, grant, identity)
    requireStanding()
    this.#ctx.storage.kv.put(PREFIX + name, kept)
  }

  /** Of which sign-ins something is kept. */
  names(): string[] {
    const kept = this.#ctx.storage.kv.list({ prefix: PREFIX })
    return [...kept].map(([key]) => key.slice(PREFIX.length))
  }

  /** Whose sign-in has brought what is kept. */
  broughtBy(name: string): Identity | undefined {
    return this.#kept(name)?.identity
  }

  /**
   * A user signs in. Tokens that another person brought here are not theirs: an address that OWNER names may have passed
   * to another person. The passphrase says only that this is the owner.
   */
  leaveTo({ method, issuer, subject }: Identity): void {
    if (method === OWNER.method) return
    for (const [key, { identity }] of [...this.#ctx.storage.kv.list<Kept>({ prefix: PREFIX })]) {
      if (identity.issuer !== issuer || identity.subject !== subject) this.#ctx.storage.kv.delete(key)
    }
  }

  /**
   * A token that is good for a while yet. It is refreshed here, once for all who ask meanwhile: a provider that rotates
   * refresh tokens takes two refreshes with one for a theft.
   * Undefined when the person has to sign in there again.
   */
  async token(env: Env, name: string): Promise<UpstreamToken | undefined> {
    const grant = await this.#refreshes.join(name, () => this.#freshGrant(env, name))
    return grant && { token: grant.accessToken, origins: grant.origins }
  }

  /** Deletes those of every sign-in. */
  clear(): void {
    for (const [key] of this.#ctx.storage.kv.list({ prefix: PREFIX })) this.#ctx.storage.kv.delete(key)
  }

  async #freshGrant(env: Env, name: string): Promise<UpstreamGrant | undefined> {
    const kept = this.#kept(name)
    const grant = kept && (await decrypt(loadSettings(env), this.#boundTo(name, kept.identity), kept))
    if (!grant || isFresh(grant)) return grant
    const refreshed = await refreshUpstream(env, grant)
    const renewed = refreshed && (await this.#encrypted(env, name, refreshed, kept.identity))
    // Signed out everywhere, or in again, meanwhile: what is there now counts. Nothing is waited for from here on.
    if (String(this.#kept(name)?.iv) !== String(kept.iv)) return this.#freshGrant(env, name)
    if (renewed) this.#ctx.storage.kv.put(PREFIX + name, renewed)
    else this.#ctx.storage.kv.delete(PREFIX + name)
    return refreshed
  }

  async #encrypted(env: Env, name: string, grant: UpstreamGrant, identity: Identity): Promise<Kept> {
    return { ...(await encrypt(loadSettings(env), this.#boundTo(name, identity), grant)), identity }
  }

  #kept(name: string): Kept | undefined {
    return this.#ctx.storage.kv.get<Kept>(PREFIX + name)
  }

  #boundTo(name: string, { issuer, subject }: Identity): string {
    return JSON.stringify([this.#ctx.id.toString(), name, issuer, subject])
  }
}
