// The consent page: who asks, for what, and where the answer goes. Allow and Deny are equally easy.
import type { Child } from 'hono/jsx'
import { page } from './layout.tsx'
import { day } from './time.tsx'

interface Scope {
  readonly name: string
  readonly text: string
}

interface Fact {
  readonly name: string
  readonly value: Child
}

interface Consent {
  readonly clientName: string
  /** The server that the app wants to use; undefined where there is one server. */
  readonly server: string | undefined
  readonly clientId: string
  /** The host that publishes the client's metadata document; undefined for a self-reported name. */
  readonly vouchedBy: string | undefined
  /** Where the form goes. The answer to a redirect leaves this origin. */
  readonly action: '/authorize' | '/device/decide'
  /** Who gets the answer, as the person would read it. */
  readonly facts: readonly Fact[]
  readonly warning: string | undefined
  readonly redirectUri: string | undefined
  readonly userName: string
  /** The path back to this page, to sign in as another user; undefined where there is none. */
  readonly path: string | undefined
  /** What the app asks for. */
  readonly scopes: readonly Scope[]
  /** The names of those that the app has already. */
  readonly already: readonly string[]
  /** When the person allowed the very same, in milliseconds since the epoch; undefined where they did not. */
  readonly sameAt: number | undefined
  /** What it did not ask for, and could be given. */
  readonly further: readonly Scope[]
  readonly lastsDays: number
  readonly seal: string
  readonly notice?: string | undefined
}

/**
 * Allow is greyed out, and takes no click, for half a second after the page is shown. Without a script that is when it has
 * loaded. With one it is also when its window comes to the front: a window above it that closes between the clicks of a
 * double click must not leave the second one to Allow.
 */
const SHOWN_AGAIN = `
const again = () => { for (const one of document.getAnimations()) { one.currentTime = 0; one.play() } }
for (const shown of ['focus', 'pageshow']) addEventListener(shown, again)
document.addEventListener('visibilitychange', again)`

/** For an answer that goes to the person's own computer. */
export const ON_THIS_COMPUTER =
  'The answer goes to a program on this computer, and any program on it could be asking. Allow it only if you have just ' +
  'started connecting it yourself.'

export function consentPage(consent: Consent): Promise<Response> {
  const { clientName, vouchedBy, action, userName, path, further, sameAt, seal, notice } = consent
  const isStepUp = consent.already.length > 0 && newScopes(consent).length > 0
  return page({
    title: `Allow ${clientName}?`,
    formsLeaveThisOrigin: action === '/authorize',
    script: SHOWN_AGAIN,
    children: (
      <>
        <form method="post" action={action} class="consent">
          <h1>
            Allow <bdi>{clientName}</bdi> {isStepUp ? 'to do more?' : 'to use your account?'}
          </h1>
          <p class="quiet">
            {vouchedBy === undefined
              ? 'The app chose this name itself. It is not verified.'
              : `${vouchedBy} publishes this name.`}
            {sameAt !== undefined && <> You allowed this on {day(sameAt)}.</>}
          </p>
          {notice && (
            <p class="notice" role="alert">
              {notice}
            </p>
          )}
          {isStepUp ? stepUp(consent) : firstTime(consent)}
          {further.length > 0 && (
            <>
              <p>You can also allow:</p>
              <Scopes scopes={further} ticked={false} />
              <p class="quiet">The app has not asked for this. Some apps cannot ask for it later.</p>
            </>
          )}
          {whoAndWhere(consent)}
          <input type="hidden" name="seal" value={seal} />
          <div class="choice">
            <button type="submit" name="decision" value="deny">
              Deny
            </button>
            <span class="arms">
              <button type="submit" name="decision" value="allow" class="primary">
                Allow
              </button>
            </span>
          </div>
        </form>
        {details(consent)}
        {path !== undefined && (
          <form method="post" action="/logout">
            <input type="hidden" name="return_to" value={path} />
            <p class="quiet">
              Not <bdi>{userName}</bdi>?{' '}
              <button type="submit" class="link">
                Sign in as another user
              </button>
            </p>
          </form>
        )}
      </>
    ),
  })
}

function newScopes({ scopes, already }: Consent): Scope[] {
  return scopes.filter(({ name }) => !already.includes(name))
}

function firstTime({ scopes }: Consent): Child {
  return (
    <>
      <p>It will know who you are here{scopes.length > 0 ? ', and may:' : '.'}</p>
      {scopes.length > 0 && <Scopes scopes={scopes} ticked />}
    </>
  )
}

function stepUp(consent: Consent): Child {
  return (
    <>
      <p>It wants to also:</p>
      <Scopes scopes={newScopes(consent)} ticked />
      <p>You already allowed it to:</p>
      <Scopes scopes={consent.scopes.filter(({ name }) => consent.already.includes(name))} ticked />
    </>
  )
}

function whoAndWhere({ server, action, userName, facts, warning }: Consent): Child {
  return (
    <>
      <dl class="facts">
        {server !== undefined && fact({ name: 'It will use', value: <bdi>{server}</bdi> })}
        {fact({ name: 'You are signed in as', value: <bdi>{userName}</bdi> })}
        {facts.map(fact)}
      </dl>
      {warning && <p class={action === '/authorize' ? 'quiet' : 'notice'}>{warning}</p>}
    </>
  )
}

function details({ clientId, redirectUri, scopes, further, lastsDays }: Consent): Child {
  const names = [...scopes, ...further].map(({ name }) => name)
  const code = (name: string, text: string) => fact({ name, value: <code>{text}</code> })
  return (
    <>
      <p class="quiet">
        It lasts at most {lastsDays} days. You can revoke it at any time on{' '}
        <a href="/account">your account page</a>.
      </p>
      <details class="quiet">
        <summary>Details</summary>
        <dl class="facts">
          {code('App', clientId)}
          {redirectUri !== undefined && code('Answer goes to', redirectUri)}
          {names.length > 0 && code('Scopes', names.join(' '))}
        </dl>
      </details>
    </>
  )
}

function fact({ name, value }: Fact): Child {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}

function Scopes({ scopes, ticked }: { scopes: readonly Scope[]; ticked: boolean }) {
  return (
    <ul class="scopes">
      {scopes.map(({ name, text }) => (
        <li>
          <label>
            <input type="checkbox" name="scope" value={name} checked={ticked} />
            <span>{text}</span>
          </label>
        </li>
      ))}
    </ul>
  )
}
