// Invitations, the owner's side: making one, and taking it back.
import { Hono } from 'hono'
import { accountOf } from '../../account/store.ts'
import { displayable } from '../../displayable.ts'
import { log } from '../../log.ts'
import { readForm } from '../../oauth/parameters.ts'
import type { AppEnv } from '../../origin.ts'
import { PageError } from '../../pages/error.tsx'
import { orPage } from '../session.ts'
import { invitationUrl } from './invitation.ts'
import { invitationMadePage } from './pages.tsx'
import { ACCOUNT, done, requireOwner } from './signed-in.ts'

export const inviting = new Hono<AppEnv>()

inviting.post('/invite', async (c) => {
  const { userId, identity } = await requireOwner(c)
  const name = displayable((await readForm(c.req.raw)).get('name'))
  if (name === undefined) throw new PageError(400, 'A name is missing', 'Say whom you invite.', ACCOUNT)
  const invitation = await orPage(accountOf(c.env, userId).addInvitation(name))
  if (!invitation) {
    throw new PageError(409, 'Too many are open', 'Withdraw an invitation that nobody needs.', ACCOUNT)
  }
  log('invitation.created', { user: userId, invitation: invitation.id }, { person: identity })
  // Not a redirect: the link is kept nowhere, so that this answer is the only one that can show it.
  return invitationMadePage({ ...invitation, url: await invitationUrl(c, userId, invitation) })
})

inviting.post('/withdraw', async (c) => {
  const { userId } = await requireOwner(c)
  const id = (await readForm(c.req.raw)).require('id')
  await orPage(accountOf(c.env, userId).withdrawInvitation(id))
  return c.redirect(done('invitation-withdrawn'), 303)
})
