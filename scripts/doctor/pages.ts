// A browser, as far as the pages of a sign-in need one: it follows redirects, keeps cookies, and fills in forms.
import { elements } from './html.ts'
import { type Answer, send } from './request.ts'

const MAX_REDIRECTS = 8
const BROWSER = {
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'user-agent': 'Mozilla/5.0 (compatible; doctor)',
}

/** A page that a request has ended at. */
export interface Page extends Answer {
  readonly url: URL
  /** Every page and redirect on the way, the last included. */
  readonly way: readonly { readonly url: URL; readonly headers: Headers }[]
  /** Where the server sends the browser elsewhere; as it wrote it. */
  readonly leftFor?: string
}

export interface Form {
  readonly action: string
  readonly fields: readonly Field[]
}

export interface Field {
  readonly type: string
  readonly name: string
  readonly value: string
  readonly checked: boolean
}

export class Browser {
  readonly #cookies = new Map<string, string>()

  get(url: URL): Promise<Page> {
    return this.#go(url, 'GET', undefined)
  }

  /** Submits a form of a page, as the page's own button would. */
  post(page: Page, form: Form, fields: readonly (readonly [string, string])[]): Promise<Page> {
    const url = new URL(form.action, page.url)
    if (url.origin !== page.url.origin) throw new Error(`A form of ${page.url.origin} is for ${url.origin}.`)
    return this.#go(url, 'POST', new URLSearchParams(fields.map(([name, value]) => [name, value])).toString())
  }

  async #go(start: URL, method: string, form: string | undefined): Promise<Page> {
    const way: { url: URL; headers: Headers }[] = []
    let [url, body] = [start, form]
    for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
      const answer = await this.#ask(url, body === undefined ? 'GET' : method, body)
      way.push({ url, headers: answer.headers })
      const location = answer.headers.get('Location')
      if (answer.status < 300 || answer.status > 399 || location === null) return { ...answer, url, way }
      const next = URL.canParse(location, url) ? new URL(location, url) : undefined
      // A sign-in elsewhere, or the client.
      if (next?.origin !== start.origin) return { ...answer, url, way, leftFor: location }
      ;[url, body] = [next, undefined]
    }
    throw new Error(`${start.origin}${start.pathname} redirects without an end.`)
  }

  async #ask(url: URL, method: string, body: string | undefined): Promise<Answer> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await send(url, {
      method,
      headers: {
        ...BROWSER,
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
        'sec-fetch-site': method === 'GET' ? 'none' : 'same-origin',
        ...(cookie && { cookie }),
        ...(body !== undefined && {
          'content-type': 'application/x-www-form-urlencoded',
          origin: url.origin,
        }),
      },
      ...(body !== undefined && { body }),
    })
    for (const set of answer.headers.getSetCookie()) this.#keep(set)
    return answer
  }

  #keep(setCookie: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(setCookie) ?? []
    if (/;\s*max-age=0/i.test(setCookie)) this.#cookies.delete(name)
    else this.#cookies.set(name, value)
  }
}

/** The forms of a page. */
export function formsOf(html: string): Form[] {
  return [...elements(html, 'form')].map(({ attributes, inside }) => ({
    action: attribute(attributes, 'action') ?? '',
    fields: [...inside.matchAll(/<(?:input|button)\b([^<>]*)>/g)].map(([, field = '']) => ({
      type: attribute(field, 'type') ?? 'text',
      name: attribute(field, 'name') ?? '',
      value: attribute(field, 'value') ?? '',
      checked: /\schecked\b/.test(field),
    })),
  }))
}

function attribute(tag: string, name: string): string | undefined {
  const [, value] = new RegExp(`\\s${name}="([^"]*)"`).exec(tag) ?? []
  return value
    ?.replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}
