// An issuer of assertions: an identity provider, a CI platform.
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

export class Issuer {
  readonly url: string
  readonly #alg: string
  #kid = ''
  #privateKey: CryptoKey | undefined
  /** What its address shows. */
  keys: JWK[] = []

  constructor(name: string, alg = 'ES256') {
    this.url = `https://${name}.gatehouse-tests.dev`
    this.#alg = alg
  }

  get jwksUri(): string {
    return `${this.url}/jwks`
  }

  /** The one that signs. */
  get publicKey(): JWK {
    return this.keys.at(-1) as JWK
  }

  /** A new key, beside those that it shows already. */
  async rotate(): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair(this.#alg, { extractable: true })
    this.#kid = crypto.randomUUID()
    this.#privateKey = privateKey
    this.keys = [...this.keys, { ...(await exportJWK(publicKey)), kid: this.#kid, alg: this.#alg }]
  }

  async sign(claims: Record<string, unknown>, header: Record<string, unknown> = {}): Promise<string> {
    if (!this.#privateKey) await this.rotate()
    const now = Math.floor(Date.now() / 1000)
    const usual = { iss: this.url, iat: now, exp: now + 300, jti: crypto.randomUUID() }
    return new SignJWT({ ...usual, ...claims })
      .setProtectedHeader({ alg: this.#alg, kid: this.#kid, ...header })
      .sign(this.#privateKey as CryptoKey)
  }
}
