// Invitations, the invited user's side: a link that creates an account and its passkey. Opening it changes
// nothing, because programs open links before users do.
import type { Context } from 'hono'
import type { AppEnv } from '../../http/app-env.ts'
import { displayable } from '../../http/displayable.ts'
import { Hono } from '../../http/hono.ts'
import { whereFrom } from '../../http/requester.ts'
import { audit } from '../../log/audit.ts'
import { logError } from '../../log/log.ts'
import { accountOf } from '../../people/account-store.ts'
import { type Identity, userIdOf } from '../../people/identity.ts'
import { orPage, readSession } from '../../people/session.ts'
import { finishLogin } from '../finish-login.ts'
import { attestationIn, NOT_VERIFIED, passkeyOf, verifyAttestation } from './attestation.ts'
import { giveChallenge, givenChallenge, NO_CHALLENGE } from './challenge.ts'
import { noLongerOpen, type OpenInvitation, requireInvitation } from './invitation.ts'
import { creationOptions } from './options.ts'
import { invitationPage } from './pages.tsx'

export const joining = new Hono<AppEnv>().basePath('/invitation')

joining.get('/', async (c) => {
  const token = c.req.query('token') ?? ''
  return showInvitation(c, token, await requireInvitation(c, token))
})

joining.post('/options', async (c) => {
  const form = c.get('form')
  const invitation = await requireInvitation(c, form.get('token'))
  const name = displayable(form.get('name')) ?? invitation.name
  return c.json(
    creationOptions({
      issuer: c.get('issuer'),
      challenge: await giveChallenge(c, { to: 'join', invitation: invitation.id }),
      userId: await userIdOf(c.get('settings'), newcomer(invitation, name)),
      userName: name,
      existing: [],
    }),
  )
})

joining.post('/', async (c) => {
  const form = c.get('form')
  const token = form.require('token')
  const invitation = await requireInvitation(c, token)
  const name = displayable(form.get('name')) ?? invitation.name
  const again = (notice: string) => showInvitation(c, token, { ...invitation, name }, notice)
  const given = await givenChallenge(c, 'join')
  if (given?.purpose.invitation !== invitation.id) return again(NO_CHALLENGE)
  const { challenge } = given
  const attested = await verifyAttestation(attestationIn(form), { issuer: c.get('issuer'), challenge })
  if (!attested) return again(NOT_VERIFIED)
  const identity = newcomer(invitation, name)
  const user = await userIdOf(c.get('settings'), identity)
  await redeem(c, invitation, user, name)
  const passkey = passkeyOf(attested, identity, undefined)
  const outcome = await orPage(accountOf(c.env, user).addFirstPasskey(passkey, challenge, whereFrom(c)))
  if (outcome !== 'added') throw noLongerOpen()
  audit('passkey.added', { user }, { person: identity })
  // Only now, so that a failed attempt does not use up the invitation. The account admits no second user anyway.
  await accountOf(c.env, invitation.owner).withdrawInvitation(invitation.id).catch(logError)
  return finishLogin(c, identity, undefined)
})

/** @throws PageError 410 */
async function redeem(c: Context<AppEnv>, { id, owner }: OpenInvitation, user: string, name: string) {
  const redemption = await orPage(accountOf(c.env, owner).redeemInvitation(id, name))
  if (redemption === 'over') throw noLongerOpen()
  if (redemption === 'again') return
  audit('invitation.redeemed', { user, invitation: id }, { person: { name } })
}

/** A user with passkeys only, so that no rule can name them. An invitation leads to one account. */
function newcomer({ id: subject }: OpenInvitation, name: string): Identity {
  return { method: 'passkey', issuer: '', subject, name, knownAs: [], invited: true }
}

async function showInvitation(
  c: Context<AppEnv>,
  token: string,
  { name }: OpenInvitation,
  refusal?: string,
): Promise<Response> {
  const signedInAs = (await readSession(c))?.identity.name
  return invitationPage({ token, name, signedInAs, refusal })
}
