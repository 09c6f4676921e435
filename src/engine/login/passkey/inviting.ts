// Invitations, the owner's side: making one, and taking it back.
import type { AppEnv } from '../../http/app-env.ts'
import { displayable } from '../../http/displayable.ts'
import { Hono } from '../../http/hono.ts'
import { PageError } from '../../http/page-error.ts'
import { audit } from '../../log/audit.ts'
import { accountOf } from '../../people/account-store.ts'
import { orPage, proofOf } from '../../people/session.ts'
import { invitationUrl } from './invitation.ts'
import { invitationMadePage } from './pages.tsx'
import { ACCOUNT, done, requireOwner, signedOut } from './signed-in.ts'

export const inviting = new Hono<AppEnv>()

inviting.post('/invite', async (c) => {
  const session = await requireOwner(c)
  const { userId, identity } = session
  const name = displayable(c.get('form').get('name'))
  if (name === undefined)
    throw new PageError(400, 'A name is missing', 'Enter a name for the person that you invite.', ACCOUNT)
  const account = accountOf(c.env, userId)
  const { outcome, invitation } = await orPage(account.addInvitation(name, proofOf(session)))
  if (outcome === 'signed_out') throw signedOut()
  if (!invitation) {
    throw new PageError(409, 'Too many are open', 'Withdraw an invitation first.', ACCOUNT)
  }
  audit('invitation.created', { user: userId, invitation: invitation.id }, { person: identity })
  // Not a redirect: the link is kept nowhere, so that this answer is the only one that can show it.
  return invitationMadePage({ ...invitation, url: await invitationUrl(c, userId, invitation) })
})

inviting.post('/withdraw', async (c) => {
  const { userId, identity } = await requireOwner(c)
  const id = c.get('form').require('id')
  const withdrawn = await orPage(accountOf(c.env, userId).withdrawInvitation(id))
  if (withdrawn) audit('invitation.withdrawn', { user: userId, invitation: id }, { person: identity })
  return c.redirect(done('invitation-withdrawn'), 303)
})
