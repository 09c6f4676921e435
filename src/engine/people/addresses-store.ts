// Whose account an address leads to, where a company vouches for its people by address (IDENTITY_ASSERTION_ISSUERS,
// `domains`). A sign-in that has proven the address writes it down; an assertion with the same address then means the same
// person, although it knows them by another subject.
import { LIFETIME } from '#config'
import { sha256 } from '../crypto/digest.ts'
import { orUnavailable } from '../http/errors.ts'
import type { Settings } from '../settings/load.ts'
import type { Identity } from './identity.ts'

/** As long as a grant lasts at most, from the last time that it was used. */
const KEEP_SECONDS = LIFETIME.grant

type Person = Pick<Identity, 'method' | 'issuer' | 'subject'>

interface Holder {
  readonly person: Person
  /**
   * The subject of the first assertion that meant them. An address can pass to another person, who has another subject
   * and must not get this account.
   */
  readonly asserted?: readonly [issuer: string, subject: string]
  /** Milliseconds since the epoch. */
  readonly writtenAt: number
}

/** Stores the user who has just proven an address at sign-in. The latest user to prove it has it. */
export async function noteAddresses(
  env: Env,
  settings: Pick<Settings, 'assertionIssuers'>,
  { method, issuer, subject, knownAs }: Identity,
): Promise<void> {
  for (const address of knownAs.filter((rule) => isVouchedFor(settings, rule))) {
    const known = await read(env, address)
    const isSame = known && isSamePerson(known.person, { method, issuer, subject })
    if (isSame && !isOld(known)) continue
    const asserted = isSame && known.asserted ? { asserted: known.asserted } : {}
    await write(env, address, { person: { method, issuer, subject }, ...asserted, writtenAt: Date.now() })
  }
}

/** The user who proved an address at sign-in, if an assertion of this subject may mean them. @throws OAuthError 503 */
export async function holderOf(
  env: Env,
  address: string,
  asserted: readonly [issuer: string, subject: string],
): Promise<Person | undefined> {
  const known = await read(env, address)
  if (!known || (known.asserted && String(known.asserted) !== String(asserted))) return undefined
  if (!known.asserted || isOld(known))
    await write(env, address, { ...known, asserted, writtenAt: Date.now() })
  return known.person
}

/** @throws OAuthError 503 */
export async function forgetAddresses(
  env: Env,
  settings: Pick<Settings, 'assertionIssuers'>,
  identities: readonly Identity[],
): Promise<void> {
  const rules = new Set(identities.flatMap(({ knownAs }) => knownAs))
  const addresses = [...rules].filter((rule) => isVouchedFor(settings, rule))
  await Promise.all(addresses.map(async (address) => orUnavailable(env.RECORDS.delete(await keyOf(address)))))
}

function isVouchedFor({ assertionIssuers }: Pick<Settings, 'assertionIssuers'>, rule: string): boolean {
  const at = rule.lastIndexOf('@')
  return at > 0 && assertionIssuers.some(({ domains }) => domains.includes(rule.slice(at + 1)))
}

function isSamePerson(one: Person, other: Person): boolean {
  return one.method === other.method && one.issuer === other.issuer && one.subject === other.subject
}

/** Half of its time is over. */
function isOld({ writtenAt }: Holder): boolean {
  return Date.now() - writtenAt > (KEEP_SECONDS * 1000) / 2
}

async function read(env: Env, address: string): Promise<Holder | undefined> {
  return (await orUnavailable(env.RECORDS.get<Holder>(await keyOf(address), { type: 'json' }))) ?? undefined
}

async function write(env: Env, address: string, holder: Holder): Promise<void> {
  const body = JSON.stringify(holder)
  await orUnavailable(env.RECORDS.put(await keyOf(address), body, { expirationTtl: KEEP_SECONDS }))
}

// A hash, so that the key does not show which addresses have an account here.
async function keyOf(address: string): Promise<string> {
  return `address:${await sha256(address)}`
}
