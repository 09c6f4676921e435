// /device (RFC 8628 §3.3): a signed-in person types the code of a device, sees the consent page, and decides once.
import type { Context } from 'hono'
import { LIFETIME } from '#config'
import { seal } from '../../crypto/seal.ts'
import type { AppEnv } from '../../http/app-env.ts'
import { Hono } from '../../http/hono.ts'
import { withinLimit } from '../../http/limits.ts'
import { ownForms } from '../../http/own-page.ts'
import { ownWindow } from '../../http/own-window.ts'
import { PageError } from '../../http/page-error.ts'
import { readForm } from '../../http/parameters.ts'
import { addressKey } from '../../http/requester.ts'
import { log } from '../../log/log.ts'
import { consentPage } from '../../pages/consent.tsx'
import { minute } from '../../pages/time.tsx'
import { loginUrl, orPage, readSession, type Session } from '../../people/session.ts'
import { approve, deny } from '../endpoints/approval.ts'
import { requireClient } from '../endpoints/authorization-request.ts'
import {
  type Consent,
  checkDecision,
  chosenScopes,
  consentTo,
  type Question,
  questionFor,
  requireDecision,
  shownOf,
} from '../endpoints/consent-decision.ts'
import { NO_CHALLENGE } from './grant-type.ts'
import type { DeviceRequest } from './object.ts'
import { codePage, decidedPage, deviceWarning } from './pages.tsx'
import { deviceOf } from './store.ts'
import { formatUserCode, parseUserCode } from './user-code.ts'

/** What the consent page showed, and which device asked. */
type Asked = Consent<DeviceRequest> & { readonly userCode: string }

const AGAIN = { href: '/device', text: 'Type a code' } as const
const DECIDED = new PageError(
  409,
  'This code is over',
  'It was decided already, or has expired. Start again on your device.',
  AGAIN,
)

export const devicePages = new Hono<AppEnv>()

devicePages.use('/device/*', ownWindow, ownForms, async (c, next) =>
  c.get('settings').deviceGrant ? next() : c.notFound(),
)

devicePages.get('/device', async (c) => {
  const code = parseUserCode(c.req.query('user_code'))
  if (!(await readSession(c))) return c.redirect(loginUrl(pathFor(code)), 303)
  return codePage({ code: code && formatUserCode(code) })
})

devicePages.post('/device', async (c) => {
  const code = parseUserCode((await readForm(c.req.raw)).get('user_code'))
  const session = await readSession(c)
  if (!session) return c.redirect(loginUrl(pathFor(code)), 303)
  await requireFewGuesses(c, session)
  const request = code && (await orPage(deviceOf(c.env, c.get('issuer'), code).find()))
  if (code && request) return askForConsent(c, code, session, request)
  log('device.refused', { user: session.userId, reason: 'unknown_code' })
  return codePage({ notice: 'No device waits with this code. Look at it again.', status: 404 })
})

devicePages.post('/device/decide', async (c) => {
  const form = (await readForm(c.req.raw)).refuseRepeated('scope')
  const decision = await requireDecision<DeviceRequest, Asked>(c, 'device', form)
  const { client, session, request, consent } = decision
  const device = deviceOf(c.env, c.get('issuer'), consent.userCode)
  if (form.get('decision') !== 'allow') {
    if (!(await orPage(device.decide(request.codeHash, 'denied')))) throw DECIDED
    deny(decision)
    return decidedPage(false)
  }
  const notice = await checkDecision(decision)
  if (notice !== undefined) return showConsent(c, consent.userCode, decision, notice)
  // First the decision, then the grant: of two who allow at once, one opens none.
  const claimed = await orPage(device.decide(request.codeHash, 'claimed'))
  if (!claimed) throw DECIDED
  const { codeHash: hash, resource, expiresAt } = claimed
  const code = { hash, redirectUri: '', codeChallenge: NO_CHALLENGE, expiresAt }
  const approved = { client, session, scopes: chosenScopes(decision), resource }
  const { id } = await approve(c, approved, code).catch(async (error: unknown) => {
    await orPage(device.settle(undefined))
    throw error
  })
  await orPage(device.settle(id))
  return decidedPage(true)
})

/** @throws PageError 403 where the person may grant nothing of it */
async function askForConsent(
  c: Context<AppEnv>,
  userCode: string,
  session: Session,
  request: DeviceRequest,
): Promise<Response> {
  const client = await requireClient(c, request.clientId)
  const question = questionFor(c, client, session, request)
  if (question) return showConsent(c, userCode, question)
  throw new PageError(403, 'You cannot allow this', 'You may grant nothing of what the app asks for.')
}

async function showConsent(
  c: Context<AppEnv>,
  userCode: string,
  question: Question<DeviceRequest>,
  notice?: string,
): Promise<Response> {
  const { place, askedAt } = question.request
  const consent: Asked = { ...(await consentTo(question)), userCode }
  return consentPage({
    ...shownOf(c.var, question),
    // A client id is public: what a person allowed this app before proves nothing of this device.
    already: [],
    sameAt: undefined,
    redirectUri: undefined,
    action: '/device/decide',
    facts: [
      { name: 'The code on your device', value: formatUserCode(userCode) },
      { name: 'It asked at', value: minute(askedAt) },
      // No place is better than one that is made up.
      ...(place === '' ? [] : [{ name: 'It asked from', value: <bdi>{place}</bdi> }]),
    ],
    warning: deviceWarning(place),
    path: pathFor(userCode),
    seal: await seal(c.get('settings'), 'device', c.get('issuer'), consent, LIFETIME.consent),
    notice,
  })
}

// Per person and per address, so that neither many accounts nor many addresses alone buy more guesses.
async function requireFewGuesses(c: Context<AppEnv>, { userId }: Session): Promise<void> {
  for (const key of [userId, addressKey(c)]) {
    if (await withinLimit(c.env.SIGN_IN_LIMIT, `device ${key}`)) continue
    log('device.refused', { user: userId, reason: 'too_often' })
    throw new PageError(429, 'One moment', 'That were too many codes. Wait a minute, then try again.', AGAIN)
  }
}

function pathFor(code: string | undefined): string {
  return code === undefined ? '/device' : `/device?user_code=${formatUserCode(code)}`
}
