// Plays a client: sends what it sends, in its order, and judges each answer as it would. What it sends is data: client.ts.
import type { JWK } from 'jose'
import { CALLS, CALLS_WITH_NEW_TOKEN } from './calls.ts'
import type { Challenge } from './challenges.ts'
import type { Client } from './client.ts'
import { DISCOVERY } from './discovery.ts'
import type { Check } from './examine.ts'
import { REFUSALS } from './refusals.ts'
import { BEFORE_A_PERSON } from './registration.ts'
import { REFRESHES, SIGN_IN } from './tokens.ts'
import { VARIATIONS } from './variations.ts'

export type Json = Readonly<Record<string, unknown>>

/** What the person's browser is sent back with. */
export interface PersonAnswer {
  /** As the server wrote it. */
  readonly location: string
  /** The scopes on the consent page, if the doctor has read it. */
  readonly offered?: readonly string[]
}

/** Signs in and allows. @throws Error that says where it ended instead */
export type Person = (url: URL, redirectUri: string) => Promise<PersonAnswer>

/** A client at work, and what it knows by now. */
export interface Play {
  readonly client: Client
  readonly mcp: URL
  /** Where it would listen for the answer. */
  readonly port: number
  readonly person: Person | undefined
  challenge: Challenge['parameters']
  resourceMetadata: Json
  issuer: string
  serverMetadata: Json
  clientId: string
  redirectUri: string
  /** What the server said of its registration; undefined for one with a metadata document. */
  registered: Json | undefined
  /** Of a client that signs: a key of the doctor's own. */
  key: { readonly privateKey: CryptoKey; readonly jwk: JWK } | undefined
  verifier: string
  state: string
  scope: string
  answer: PersonAnswer | undefined
  tokens: Json
  session: string | undefined
  tools: readonly Json[]
}

export type Step = Check<Play>

/** @param person undefined: it ends where one is needed */
export function newPlay(client: Client, mcp: URL, port: number, person: Person | undefined): Play {
  return {
    client,
    mcp,
    port,
    person,
    challenge: new Map(),
    resourceMetadata: {},
    issuer: mcp.origin,
    serverMetadata: {},
    clientId: '',
    redirectUri: '',
    registered: undefined,
    key: undefined,
    verifier: '',
    state: '',
    scope: '',
    answer: undefined,
    tokens: {},
    session: undefined,
    tools: [],
  }
}

/** What the client does, one after the other. */
export function stepsOf({ client, person }: Play): readonly Step[] {
  const before = [...DISCOVERY, ...BEFORE_A_PERSON]
  const after = [...SIGN_IN, ...CALLS, ...REFUSALS, ...VARIATIONS, ...REFRESHES, ...CALLS_WITH_NEW_TOKEN]
  const all = person ? [...before, ...after] : before
  return all.map((step) => step(client)).filter((step) => step !== undefined)
}
