// The consent page: who asks, for what, and where the answer goes. Allow and Deny are equally easy.
import { page } from './layout.tsx'

interface Scope {
  readonly name: string
  readonly text: string
}

interface Consent {
  readonly clientName: string
  /** The host that publishes the client's metadata document; undefined for a self-reported name. */
  readonly vouchedBy: string | undefined
  /** Where the browser goes next, as the person would read it. */
  readonly redirectHost: string
  /** The answer goes to this computer, where any program could be asking. */
  readonly local: boolean
  readonly userName: string
  /** The path back to this page, to sign in as another user; undefined where there is none. */
  readonly path: string | undefined
  /** What the app asks for. */
  readonly scopes: readonly Scope[]
  /** What it did not ask for, and could be given. */
  readonly further: readonly Scope[]
  readonly lastsDays: number
  readonly seal: string
  readonly notice?: string | undefined
}

export function consentPage(consent: Consent): Promise<Response> {
  const { clientName, vouchedBy, redirectHost, local, userName, path, lastsDays, seal, notice } = consent
  const { scopes, further } = consent
  return page({
    title: `Allow ${clientName}?`,
    formsLeaveThisOrigin: true,
    children: (
      <>
        <form method="post" action="/authorize">
          <h1>
            Allow <bdi>{clientName}</bdi> to use your account?
          </h1>
          <p class="quiet">
            {vouchedBy === undefined
              ? 'The app chose this name itself. It is not verified.'
              : `${vouchedBy} publishes this name.`}
          </p>
          {notice && (
            <p class="notice" role="alert">
              {notice}
            </p>
          )}
          <dl class="facts">
            <div>
              <dt>You are signed in as</dt>
              <dd>
                <bdi>{userName}</bdi>
              </dd>
            </div>
            <div>
              <dt>You will be sent to</dt>
              <dd>{redirectHost}</dd>
            </div>
          </dl>
          {local && (
            <p class="notice">
              The answer goes to a program on this computer, and any program on it could be asking. Allow it
              only if you have just started connecting it yourself.
            </p>
          )}
          <p>It will know who you are here{scopes.length > 0 ? ', and may:' : '.'}</p>
          {scopes.length > 0 && <Scopes scopes={scopes} ticked />}
          {further.length > 0 && (
            <>
              <p>You can also allow:</p>
              <Scopes scopes={further} ticked={false} />
              <p class="quiet">The app has not asked for this. Some apps cannot ask for it later.</p>
            </>
          )}
          <input type="hidden" name="seal" value={seal} />
          <div class="choice">
            <button type="submit" name="decision" value="deny">
              Deny
            </button>
            {/* Arms half a second after the pointer arrives, so that no page can trick the second of two quick clicks. */}
            <span class="arms">
              <button type="submit" name="decision" value="allow" class="primary">
                Allow
              </button>
            </span>
          </div>
          <p class="quiet">
            It lasts at most {lastsDays} days. You can revoke it at any time on{' '}
            <a href="/account">your account page</a>.
          </p>
        </form>
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

function Scopes({ scopes, ticked }: { scopes: readonly Scope[]; ticked: boolean }) {
  return (
    <ul class="scopes">
      {scopes.map(({ name, text }) => (
        <li>
          <label>
            <input type="checkbox" name="scope" value={name} checked={ticked} />
            <span>
              {text} <code>{name}</code>
            </span>
          </label>
        </li>
      ))}
    </ul>
  )
}
