// Issuers whose word stands for a person or a workload (RFC 7523), instead of a secret of ours.
import * as z from 'zod'
import { SCOPES } from '#config'
import { isSecure } from './secure-address.ts'
import { readTables } from './setting.ts'

const address = z
  .string()
  .refine((text) => URL.canParse(text) && isSecure(new URL(text)), 'must be an https URL')
const scopes = z.array(z.string().refine((scope) => Object.hasOwn(SCOPES, scope))).min(1)
/** Longer ones do not fit into the keys of KV. */
const MAX_CLIENT_ID = 400
const isDocument = (id: string) =>
  id.length <= MAX_CLIENT_ID &&
  URL.canParse(id) &&
  new URL(id).protocol === 'https:' &&
  new URL(id).href === id
const assertionIssuer = z
  .strictObject({
    issuer: address,
    jwks_uri: address,
    /** Of an issuer that serves several organizations: which one is meant. */
    tenant: z.string().min(1).optional(),
    /** The domains whose addresses it can vouch for, because it hands them out. */
    domains: z
      .array(z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'must be a domain in lower case'))
      .default([]),
    /** Unregistered clients, by the URLs of their metadata documents; also public ones. */
    clients: z.array(z.string().refine(isDocument, 'must be the address of a metadata document')).default([]),
    /** The most that those clients may do. */
    scopes: scopes.optional(),
    /** The login method (login/index.ts) with which the same people sign in here themselves. */
    login: z
      .string()
      .regex(/^[\w-]+$/)
      .refine(
        (login) => login !== 'passphrase',
        'must be another: a user who signs in with that is the owner',
      )
      .default('enterprise'),
  })
  .refine((entry) => entry.clients.length === 0 || entry.scopes, {
    path: ['scopes'],
    message: 'must say what the clients may do at most',
  })
const workload = z.strictObject({
  name: z.string().min(1),
  issuer: address,
  jwks_uri: address,
  /** Who of that issuer is meant; a `*` at the end stands for anything. */
  subject: z
    .string()
    .min(1)
    .regex(/^[^*]+\*?$/),
  scopes,
})

export type AssertionIssuer = z.output<typeof assertionIssuer>
export type Workload = z.output<typeof workload>

/** Whose identity assertions let an app act for their people. @throws SettingsError */
export function readAssertionIssuers(env: Env): readonly AssertionIssuer[] {
  return readTables('IDENTITY_ASSERTION_ISSUERS', env, assertionIssuer)
}

/** The workloads that may act for themselves by what their platform says of them. @throws SettingsError */
export function readWorkloads(env: Env): readonly Workload[] {
  return readTables('WORKLOADS', env, workload)
}
