// What a person sees at /device: where to type the code, and what came of it. Between the two is the consent page.
import { page } from '../../pages/layout.tsx'

interface Entry {
  /** The code of the link that led here, as people read it. */
  readonly code?: string | undefined
  /** Why the last code was refused. */
  readonly notice?: string
  readonly status?: number
}

export function codePage({ code, notice, status }: Entry): Promise<Response> {
  return page({
    title: 'Connect a device',
    status,
    children: (
      <form method="post" action="/device">
        <h1>Connect a device</h1>
        {notice && (
          <p class="notice" role="alert">
            {notice}
          </p>
        )}
        <p class="notice">
          Did someone send you this link or code? Then close this page: they would get access to your account.
        </p>
        <label for="user-code">
          {code === undefined
            ? 'Type the code that your device or program shows:'
            : 'Does your device or program show this code? If not, close this page.'}
        </label>
        <input
          id="user-code"
          type="text"
          name="user_code"
          value={code}
          maxlength={20}
          autocomplete="off"
          autocapitalize="characters"
          spellcheck={false}
          required
        />
        <button type="submit" class="primary">
          {code === undefined ? 'Continue' : 'It shows this code'}
        </button>
      </form>
    ),
  })
}

/** For an answer to a device, which sits elsewhere. @param place a town and a country; empty if unknown */
export function deviceWarning(place: string): string {
  const where = place === '' ? 'A device or program that you may not see' : 'A device or program elsewhere'
  return `${where} gets the access, not this browser. Allow it only if you have just started connecting it yourself.`
}

export function decidedPage(isAllowed: boolean): Promise<Response> {
  return page({
    title: isAllowed ? 'Allowed' : 'Denied',
    children: (
      <>
        <h1>{isAllowed ? 'Allowed' : 'Denied'}</h1>
        <p>
          {isAllowed
            ? 'Go back to your device. It continues within a few seconds. You can close this page.'
            : 'The device gets no access. You can close this page.'}
        </p>
        <p>
          <a href="/account">Your account</a>
        </p>
      </>
    ),
  })
}
