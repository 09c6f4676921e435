// The part of an account object that keeps what upstream sign-ins let tools do: encrypted, and refreshed once however many
// ask.
import { SingleFlight } from '../cache/single-flight.ts'
import { loadSettings } from '../settings/load.ts'
import { decrypt, type Encrypted, encrypt, isFresh, refreshUpstream, type UpstreamGrant } from './upstream.ts'

/** Longer than two refreshes take, the second of a person who signed in again meanwhile. */
const PATIENCE_MS = 25_000

export interface UpstreamToken {
  readonly token: string
  /** Where it may be sent. */
  readonly origins: readonly string[]
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
  async keep(env: Env, name: string, grant: UpstreamGrant, requireStanding: () => void): Promise<void> {
    const encrypted = await this.#encrypted(env, name, grant)
    requireStanding()
    this.#ctx.storage.kv.put(`upstream:${name}`, encrypted)
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
    for (const [key] of this.#ctx.storage.kv.list({ prefix: 'upstream:' })) this.#ctx.storage.kv.delete(key)
  }

  async #freshGrant(env: Env, name: string): Promise<UpstreamGrant | undefined> {
    const kept = this.#kept(name)
    const grant = kept && (await decrypt(loadSettings(env), this.#boundTo(name), kept))
    if (!grant || isFresh(grant)) return grant
    const refreshed = await refreshUpstream(env, grant)
    const encrypted = refreshed && (await this.#encrypted(env, name, refreshed))
    // Signed out everywhere, or in again, meanwhile: what is there now counts. Nothing is waited for from here on.
    if (String(this.#kept(name)?.iv) !== String(kept.iv)) return this.#freshGrant(env, name)
    if (encrypted) this.#ctx.storage.kv.put(`upstream:${name}`, encrypted)
    else this.#ctx.storage.kv.delete(`upstream:${name}`)
    return refreshed
  }

  #encrypted(env: Env, name: string, grant: UpstreamGrant): Promise<Encrypted> {
    return encrypt(loadSettings(env), this.#boundTo(name), grant)
  }

  #kept(name: string): Encrypted | undefined {
    return this.#ctx.storage.kv.get<Encrypted>(`upstream:${name}`)
  }

  #boundTo(name: string): string {
    return `${this.#ctx.id} ${name}`
  }
}
