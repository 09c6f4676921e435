// Creates the secrets of a local server in .dev.vars. Adds the missing ones, and never replaces one.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'

const FILE = '.dev.vars'
const HEADER = '# The secrets of this local server. Made by `npm run dev`; never committed.\n'

/** Creates each secret that is missing. */
export const SECRETS: Readonly<Record<string, () => Promise<string>>> = {
  SIGNING_KEY: async () => JSON.stringify(await newSigningKey()),
  SESSION_KEY: async () => newKey(),
  UPSTREAM_KEY: async () => `1:${newKey()}`,
  OWNER_PASSPHRASE: async () => newPassphrase(),
  ACCEPTED_KEYS: async () => '{"keys":[]}',
}

/** Completes .dev.vars in a folder. Returns the names of the secrets that were made. */
export async function completeDevVars(folder = '.'): Promise<string[]> {
  const file = join(folder, FILE)
  const text = existsSync(file) ? readFileSync(file, 'utf8') : HEADER
  const missing = Object.keys(SECRETS).filter((name) => readVar(text, name) === undefined)
  const lines = await Promise.all(missing.map(async (name) => `${name}='${await SECRETS[name]?.()}'\n`))
  const separator = text === '' || text.endsWith('\n') ? '' : '\n'
  if (missing.length > 0) writeFileSync(file, text + separator + lines.join(''), { mode: 0o600 })
  return missing
}

/** The value of a variable in .dev.vars of a folder. */
export function devVar(name: string, folder = '.'): string | undefined {
  return readVar(readFileSync(join(folder, FILE), 'utf8'), name)
}

// As wrangler reads it. A name without a value has none yet.
function readVar(text: string, name: string): string | undefined {
  return parseEnv(text)[name] || undefined
}

/** 32 random bytes in base64url. */
function newKey(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')
}

/** A private key for ES256, named by its thumbprint (RFC 7638). */
export async function newSigningKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(privateKey)
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'ES256', use: 'sig' }
}

/** 140 random bits as seven groups of four, in letters and digits that look unlike one another. */
export function newPassphrase(): string {
  const alphabet = 'abcdefghjkmnpqrstuvwxyz023456789'
  const letters = Array.from(crypto.getRandomValues(new Uint8Array(28)), (byte) => alphabet[byte % 32])
  return letters.join('').match(/.{4}/g)?.join('-') as string
}
