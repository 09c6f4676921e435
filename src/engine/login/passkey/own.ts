// A signed-in user's passkeys: adding, renaming, removing.
import type { Context } from 'hono'
import type { AppEnv } from '../../http/app-env.ts'
import { displayable } from '../../http/displayable.ts'
import { Hono } from '../../http/hono.ts'
import { PageError } from '../../http/page-error.ts'
import type { Parameters } from '../../http/parameters.ts'
import { whereFrom } from '../../http/requester.ts'
import { audit } from '../../log/audit.ts'
import { accountOf } from '../../people/account-store.ts'
import { admissionOf } from '../../people/identity.ts'
import { orPage, proofOf, type Session } from '../../people/session.ts'
import {
  type AttestedPasskey,
  attestationIn,
  NOT_VERIFIED,
  passkeyOf,
  verifyAttestation,
} from './attestation.ts'
import { giveChallenge, givenChallenge, NO_CHALLENGE } from './challenge.ts'
import { creationOptions } from './options.ts'
import { ACCOUNT, done, otherWayIn, requireSignedIn } from './signed-in.ts'

const NOT_ADDED = {
  replayed: 'This answer of your device was used before. Please try again.',
  known: 'This passkey is in the list already.',
  too_many: 'There are twenty passkeys already. Remove one that you do not use.',
  signed_out: 'You were signed out meanwhile. Sign in, then try again.',
} as const

export const own = new Hono<AppEnv>()

own.post('/add/options', async (c) => {
  const { userId, identity } = await requireSignedIn(c)
  const existing = await orPage(accountOf(c.env, userId).passkeys())
  return c.json(
    creationOptions({
      issuer: c.get('issuer'),
      challenge: await giveChallenge(c, { to: 'add', userId }),
      userId,
      userName: identity.name,
      existing: existing.map(({ id }) => id),
    }),
  )
})

own.post('/add', async (c) => {
  const session = await requireSignedIn(c)
  const form = c.get('form')
  const { challenge, attested } = await requireAttestation(c, session, form)
  const passkey = passkeyOf(attested, session.identity, displayable(form.get('name')))
  const account = accountOf(c.env, session.userId)
  const outcome = await orPage(account.addPasskey(passkey, challenge, whereFrom(c), proofOf(session)))
  if (outcome !== 'added') throw notAdded(NOT_ADDED[outcome])
  audit('passkey.added', { user: session.userId }, { person: session.identity })
  return c.redirect(done('passkey-added'), 303)
})

own.post('/rename', async (c) => {
  const { userId, identity } = await requireSignedIn(c)
  const form = c.get('form')
  const name = displayable(form.get('name'))
  if (name === undefined) throw new PageError(400, 'A name is missing', 'Type one, then save.', ACCOUNT)
  const renamed = await orPage(accountOf(c.env, userId).renamePasskey(form.require('id'), name))
  if (renamed) audit('passkey.renamed', { user: userId }, { person: identity })
  return c.redirect(done('passkey-renamed'), 303)
})

own.post('/remove', async (c) => {
  const { userId, identity } = await requireSignedIn(c)
  const id = c.get('form').require('id')
  const admission = await admissionOf(c.get('settings'))
  const otherWay = otherWayIn(c, identity) !== undefined
  const outcome = await orPage(
    accountOf(c.env, userId).removePasskey(id, whereFrom(c), { otherWay, userId, admission }),
  )
  if (outcome === 'only_way_in') {
    throw new PageError(
      409,
      'This passkey stays',
      'It is your only way in here. Add another one first.',
      ACCOUNT,
    )
  }
  if (outcome === 'removed') audit('passkey.removed', { user: userId, by: 'user' }, { person: identity })
  return c.redirect(done('passkey-removed'), 303)
})

/** @throws PageError */
async function requireAttestation(
  c: Context<AppEnv>,
  { userId }: Session,
  form: Parameters,
): Promise<{ challenge: string; attested: AttestedPasskey }> {
  const given = await givenChallenge(c, 'add')
  if (given?.purpose.userId !== userId) throw notAdded(NO_CHALLENGE)
  const { challenge } = given
  const attested = await verifyAttestation(attestationIn(form), { issuer: c.get('issuer'), challenge })
  if (!attested) throw notAdded(NOT_VERIFIED)
  return { challenge, attested }
}

function notAdded(message: string): PageError {
  return new PageError(403, 'The passkey was not added', message, ACCOUNT)
}
